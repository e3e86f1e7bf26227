#include "cli/report_clean.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>
#include <strings.h>

enum { HEX_MIN = 32, WORD_MIN = 40 };

static const char left_out[] = "(left out)";

static const char *const names[] = {"password", "passwd", "passphrase", "secret", "token", "credential", "apikey", "private",
				    "authorization", "cookie", "pin"};

static bool is_name_character(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '-' || c == '.';
}

static bool ends_with(const char *name, size_t length, const char *end)
{
	size_t n = strlen(end);

	return length >= n && strncasecmp(name + length - n, end, n) == 0;
}

/* "host_key", "imap.Password", "access-token". */
static bool is_secret_name(const char *name, size_t length)
{
	if (ends_with(name, length, "key"))
		return true;
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
		if (ends_with(name, length, names[i]))
			return true;
	return false;
}

/* Where a secret begins in the line, behind the sign; NULL: nowhere. */
static const char *value_of_secret(const char *line, const char *end, bool *ret_from_start)
{
	for (const char *sign = line; sign < end; sign++) {
		const char *last = sign, *first, *value = sign + 1;

		if (*sign != '=' && *sign != ':')
			continue;
		while (last > line && (last[-1] == ' ' || last[-1] == '"'))
			last--;
		for (first = last; first > line && is_name_character(first[-1]);)
			first--;
		while (value < end && (*value == ' ' || *value == '"'))
			value++;
		if (strncmp(value, "secret:", 7) == 0) {
			sign = value + 6;
			continue;
		}
		if (!is_secret_name(first, (size_t)(last - first)) || (value == end && first > line))
			continue;
		*ret_from_start = first == line;
		return sign + 1;
	}
	return NULL;
}

static bool is_word_character(char c)
{
	return isalnum((unsigned char)c) || strchr("+/_=-", c);
}

static bool looks_like_key(const char *word, size_t length)
{
	bool hex = true, upper = false, lower = false, digit = false;

	for (size_t i = 0; i < length; i++) {
		hex = hex && isxdigit((unsigned char)word[i]);
		upper = upper || isupper((unsigned char)word[i]);
		lower = lower || islower((unsigned char)word[i]);
		digit = digit || isdigit((unsigned char)word[i]);
	}
	if (hex)
		return length >= HEX_MIN;
	return length >= WORD_MIN && upper && lower && digit && word[0] != '/';
}

static bool is_invitation(const char *word, size_t length)
{
	return length > 5 && (strncmp(word, "hsj1.", 5) == 0 || strncmp(word, "hsl1.", 5) == 0);
}

static size_t word_length(const char *from, const char *end)
{
	const char *at = from;

	while (at < end && (is_word_character(*at) || (at - from == 4 && *at == '.')))
		at++;
	return (size_t)(at - from);
}

/* "://anna:1234@": what stands between. */
static size_t sign_in_length(const char *from, const char *end)
{
	const char *at = from + 3;

	if (end - from < 4 || strncmp(from, "://", 3) != 0)
		return 0;
	while (at < end && *at != '@' && *at != '/' && !isspace((unsigned char)*at))
		at++;
	return at < end && *at == '@' ? (size_t)(at - from) : 0;
}

static void clean_words(struct text *to, const char *line, const char *end)
{
	for (const char *at = line; at < end;) {
		size_t length = word_length(at, end), sign_in = sign_in_length(at, end);

		if (sign_in) {
			text_addf(to, "://%s", left_out);
			at += sign_in;
		} else if (length == 0) {
			text_bytes(to, at++, 1);
		} else {
			if (is_invitation(at, length) || looks_like_key(at, length))
				text_add(to, left_out);
			else
				text_bytes(to, at, length);
			at += length;
		}
	}
}

void report_clean(struct text *to, const char *lines)
{
	bool dropping = false;

	while (*lines) {
		const char *end = lines + strcspn(lines, "\n"), *value;
		bool from_start = false;

		if (!(dropping && (*lines == ' ' || *lines == '\t'))) {
			value = value_of_secret(lines, end, &from_start);
			dropping = value && from_start;
			clean_words(to, lines, value ? value : end);
			if (value)
				text_addf(to, " %s", left_out);
			text_add(to, "\n");
		}
		lines = *end ? end + 1 : end;
	}
}
