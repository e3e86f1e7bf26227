#include "address.h"

#include <string.h>

enum { LOCAL_MAX = 64, LABEL_MAX = 63 };

/* The place in the joined text, and whose it is. */
struct reading {
	hst_call *call;
	const char *field, *at;
	hst_error *err;
};

static bool is_letter(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool is_atom(char c)
{
	return is_letter(c) || (c && strchr("!#$%&'*+-/=?^_`{|}~", c));
}

static bool dots_divide(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text[i] == '.' && (i == 0 || i == n - 1 || text[i + 1] == '.'))
			return false;
	return n > 0;
}

static bool local_fits(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!is_atom(text[i]) && text[i] != '.')
			return false;
	return n <= LOCAL_MAX && dots_divide(text, n);
}

static bool domain_fits(const char *text, size_t n)
{
	size_t label = 0;

	for (size_t i = 0; i < n; i++) {
		label = text[i] == '.' ? 0 : label + 1;
		if (label > LABEL_MAX || (!is_letter(text[i]) && text[i] != '.' && text[i] != '-'))
			return false;
		if (text[i] == '-' && (label == 1 || i == n - 1 || text[i + 1] == '.'))
			return false;
	}
	return dots_divide(text, n);
}

static bool is_ascii(const char *text, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned char)text[i] >= 0x80)
			return false;
	return true;
}

static int refuse(const struct reading *reading, const char *text, size_t n, const char *why)
{
	return hst_fail(reading->err, HST_INVALID, "%s: \"%.*s\" %s", reading->field, (int)(n < 100 ? n : 100), text, why);
}

static int check_address(const struct reading *reading, const char *text, size_t n)
{
	const char *sign = memchr(text, '@', n);

	if (!sign)
		return refuse(reading, text, n, "is no address: it has no @");
	if (!is_ascii(text, n))
		return refuse(reading, text, n, "has letters beyond ASCII: write its domain as DNS has it, xn--…");
	if (n > MAIL_ADDRESS_MAX)
		return refuse(reading, text, n, "is longer than 254 bytes");
	if (!local_fits(text, (size_t)(sign - text)))
		return refuse(reading, text, n, "is no address: what stands before its @ is not letters, digits and signs");
	if (!domain_fits(sign + 1, n - (size_t)(sign - text) - 1))
		return refuse(reading, text, n, "is no address: what stands behind its @ is no name of a domain");
	return HST_OK;
}

static void skip_blanks(struct reading *reading)
{
	reading->at += strspn(reading->at, " ");
}

/* Joins to the name with one blank between. */
static void add_word(char *name, size_t *n, const char *word, size_t length)
{
	if (*n)
		name[(*n)++] = ' ';
	memcpy(name + *n, word, length);
	*n += length;
}

static int read_quoted(struct reading *reading, char *name, size_t *n)
{
	const char *from = reading->at++;
	size_t start = *n + (*n > 0);

	add_word(name, n, "", 0);
	for (; *reading->at && *reading->at != '"'; reading->at++) {
		if (*reading->at == '\\' && reading->at[1])
			reading->at++;
		name[(*n)++] = *reading->at;
	}
	if (*reading->at++ != '"')
		return refuse(reading, from, strlen(from), "has a quote that does not end");
	if (*n == start && start)
		*n = start - 1;
	return HST_OK;
}

/* A name and an address in < >, or the address alone. */
static int read_one(struct reading *reading, struct mail_address *ret)
{
	const char *from = reading->at, *end;
	char *name = hst_alloc(reading->call, strlen(from) + 2);
	size_t n = 0;
	int code;

	while (*reading->at && *reading->at != '<' && *reading->at != ',') {
		size_t length = strcspn(reading->at, " <,\"");

		if (*reading->at == '"') {
			if ((code = read_quoted(reading, name, &n)) != HST_OK)
				return code;
		} else {
			add_word(name, &n, reading->at, length);
			reading->at += length;
		}
		skip_blanks(reading);
	}
	if (*reading->at != '<') {
		ret->name = "";
		ret->address = hst_copy(reading->call, from, strcspn(from, " ,"));
		if (strchr(name, ' ') || *from == '"')
			return refuse(reading, from, (size_t)(reading->at - from), "is no address: an address behind a name stands in < >");
		return check_address(reading, ret->address, strlen(ret->address));
	}
	end = strchr(++reading->at, '>');
	if (!end)
		return refuse(reading, from, strlen(from), "has a < without a >");
	if (n > MAIL_NAME_MAX)
		return refuse(reading, name, n, "is too long for a name: it may have 200 bytes");
	ret->name = hst_copy(reading->call, name, n);
	ret->address = hst_copy(reading->call, reading->at, (size_t)(end - reading->at));
	reading->at = end + 1;
	skip_blanks(reading);
	if (*reading->at && *reading->at != ',')
		return refuse(reading, from, strlen(from), "has something behind its address; several are divided by commas");
	return check_address(reading, ret->address, strlen(ret->address));
}

/* All of them with commas between, so that it does not matter where they were taken apart before. */
static int join(hst_call *call, const char *field, const hst_texts *texts, char **ret, hst_error *err)
{
	size_t size = 1;
	char *to;

	for (size_t i = 0; i < texts->n; i++)
		size += strlen(texts->at[i]) + 2;
	to = *ret = hst_alloc(call, size);
	for (size_t i = 0; i < texts->n; i++) {
		size_t n = strlen(texts->at[i]);

		for (size_t c = 0; c < n; c++)
			if ((unsigned char)texts->at[i][c] < 0x20 || texts->at[i][c] == 0x7f)
				return hst_fail(err, HST_INVALID, "%s: an address has no line breaks and no control characters", field);
		memcpy(to, texts->at[i], n);
		memcpy(to + n, ", ", 2);
		to += n + 2;
	}
	return HST_OK;
}

bool mail_addresses_have(const struct mail_addresses *addresses, const char *address)
{
	for (size_t i = 0; i < addresses->n; i++)
		if (strcasecmp(addresses->at[i].address, address) == 0)
			return true;
	return false;
}

int mail_addresses_read(hst_call *call, const char *field, const hst_texts *texts, struct mail_addresses *to, hst_error *err)
{
	struct reading reading = {.call = call, .field = field, .err = err};
	char *joined = NULL;
	int code = join(call, field, texts, &joined, err);

	for (reading.at = joined; code == HST_OK;) {
		reading.at += strspn(reading.at, " ,");
		if (!*reading.at)
			break;
		if (to->n == MAIL_RECIPIENTS_MAX)
			return hst_fail(err, HST_INVALID, "%s: a mail has at most %d recipients", field, MAIL_RECIPIENTS_MAX);
		code = read_one(&reading, &to->at[to->n]);
		to->n += code == HST_OK;
	}
	return code;
}
