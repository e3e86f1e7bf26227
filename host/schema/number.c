/* Numbers as text: the grammar of JSON, and the integers among them. */
#include "schema/types.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>

static size_t digits(const char *text, size_t length, size_t from)
{
	size_t at = from;

	while (at < length && isdigit((unsigned char)text[at]))
		at++;
	return at - from;
}

bool type_is_number(const char *text, size_t length)
{
	size_t at = length && text[0] == '-';
	size_t n = digits(text, length, at);

	if (!n || (n > 1 && text[at] == '0'))
		return false;
	at += n;
	if (at < length && text[at] == '.') {
		n = digits(text, length, at + 1);
		if (!n)
			return false;
		at += 1 + n;
	}
	if (at < length && (text[at] == 'e' || text[at] == 'E')) {
		at++;
		if (at < length && (text[at] == '+' || text[at] == '-'))
			at++;
		n = digits(text, length, at);
		if (!n)
			return false;
		at += n;
	}
	return at == length;
}

bool type_read_integer(const char *text, int64_t *ret)
{
	long long integer;
	char *end;

	/* strtoll also takes blanks and a plus sign in front, which no number here has. */
	if (!isdigit((unsigned char)text[text[0] == '-']))
		return false;
	errno = 0;
	integer = strtoll(text, &end, 10);
	if (*end || errno)
		return false;
	*ret = integer;
	return true;
}
