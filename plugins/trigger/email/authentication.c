#include "authentication.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { WORD_BYTES = 260 };

/*
 * A value is a row of words and the marks ; = between them, with comments in parentheses and quoted texts: what is left after
 * comments are taken out is read word by word.
 */
struct reader {
	const char *at;
};

static void skip_comment(struct reader *reader)
{
	int depth = 0;

	do {
		if (*reader->at == '\\' && reader->at[1])
			reader->at++;
		else if (*reader->at == '(')
			depth++;
		else if (*reader->at == ')')
			depth--;
		reader->at++;
	} while (*reader->at && depth);
}

static void skip_blanks(struct reader *reader)
{
	for (;;) {
		if (*reader->at == '(')
			skip_comment(reader);
		else if (*reader->at && strchr(" \t\r\n", *reader->at))
			reader->at++;
		else
			return;
	}
}

static bool take_mark(struct reader *reader, char mark)
{
	skip_blanks(reader);
	if (*reader->at != mark)
		return false;
	reader->at++;
	return true;
}

/*
 * The next word, "" where there is none, and where it is longer than any that counts: cut, it could end in somebody else's domain. A
 * quoted text is a part of it, as in "a b"@example.org, and not all of it.
 */
static void take_word(struct reader *reader, char word[WORD_BYTES])
{
	bool quoted = false;
	size_t n = 0;

	skip_blanks(reader);
	for (; *reader->at && (quoted || !strchr(" \t\r\n;=(", *reader->at)); reader->at++) {
		if (*reader->at == '"') {
			quoted = !quoted;
			continue;
		}
		if (quoted && *reader->at == '\\' && reader->at[1])
			reader->at++;
		if (n < WORD_BYTES)
			word[n++] = *reader->at;
	}
	word[n < WORD_BYTES ? n : 0] = '\0';
}

/* `domain` is `above`, or lies below it. */
static bool within(const char *domain, const char *above)
{
	size_t length = strlen(domain), end = strlen(above);

	return end && length >= end && strcasecmp(domain + length - end, above) == 0 && (length == end || domain[length - end - 1] == '.');
}

static const char *domain_of(const char *text)
{
	const char *at = strrchr(text, '@');

	return at ? at + 1 : text;
}

/* A domain as wide as "org" vouches for nobody. */
static bool vouches(const char *domain, const char *above)
{
	return strchr(above, '.') && within(domain, above);
}

/* What one method has to say about the domain of From. */
static bool speaks_for(const char *method, const char *property, const char *value, const char *domain)
{
	if (strcasecmp(method, "dmarc") == 0)
		return strcasecmp(property, "header.from") == 0 && strcasecmp(domain_of(value), domain) == 0;
	if (strcasecmp(method, "dkim") == 0)
		return (strcasecmp(property, "header.d") == 0 || strcasecmp(property, "header.i") == 0) && vouches(domain, domain_of(value));
	if (strcasecmp(method, "spf") == 0)
		return strcasecmp(property, "smtp.mailfrom") == 0 && strcasecmp(domain_of(value), domain) == 0;
	return false;
}

/* One "method=pass (comment) property=value …"; the reader is behind it, at the ";" or the end. */
static bool result_passes(struct reader *reader, const char *domain)
{
	char method[WORD_BYTES], result[WORD_BYTES] = "", property[WORD_BYTES], value[WORD_BYTES];
	bool passes = false;

	take_word(reader, method);
	*strchrnul(method, '/') = '\0'; /* "dkim/1" */
	if (take_mark(reader, '='))
		take_word(reader, result);
	for (skip_blanks(reader); *reader->at && *reader->at != ';'; skip_blanks(reader)) {
		const char *before = reader->at;

		take_word(reader, property);
		if (take_mark(reader, '=')) {
			take_word(reader, value);
			/* What stood before was no domain. */
			for (skip_blanks(reader); *reader->at == '@'; skip_blanks(reader))
				take_word(reader, value);
			passes = passes || (strcasecmp(result, "pass") == 0 && speaks_for(method, property, value, domain));
		}
		if (reader->at == before)
			reader->at++;
	}
	return passes;
}

bool email_authentic(const char *server, const struct email_mail *mail, char *why, size_t size)
{
	struct reader reader = {mail->authentication_results.n ? mail->authentication_results.at[0] : ""};
	char name[WORD_BYTES];
	const char *domain;

	take_word(&reader, name);
	if (!*name || strcasecmp(name, server) != 0) {
		snprintf(why, size, *name ? "%s says something of it first" : "no server says anything of its sender", name);
		return false;
	}
	if (mail->from.n != 1) {
		snprintf(why, size, "it is from %s", mail->from.n ? "several" : "nobody");
		return false;
	}
	domain = domain_of(mail->from.at[0].address);
	for (skip_blanks(&reader); *reader.at; skip_blanks(&reader)) {
		if (!take_mark(&reader, ';'))
			reader.at++;
		else if (result_passes(&reader, domain))
			return true;
	}
	snprintf(why, size, "%s has not found that it comes from %s", name, domain);
	return false;
}
