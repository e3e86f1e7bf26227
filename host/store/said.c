#include "store/said.h"

#include <string.h>

enum { ENDING_MIN = 4, DIGITS_MAX = 18 };

int said_read(const char *text, struct said *ret, hst_error *err)
{
	const char *digits = text + (*text == '#');
	size_t length = strlen(text), n = strspn(digits, "0123456789");
	struct said said = {.number = -1};

	if (strcmp(text, "last") == 0 || (strncmp(text, "last:", 5) == 0 && text[5])) {
		said.last = true;
		said.flow = text[4] ? text + 5 : NULL;
	}
	if (n && n <= DIGITS_MAX && !digits[n])
		for (said.number = 0; *digits; digits++)
			said.number = said.number * 10 + (*digits - '0');
	if (length >= ENDING_MIN && strspn(text, "0123456789abcdefghjkmnpqrstvwxyz-") == length)
		said.ending = text;
	if (!said.last && said.number < 0 && !said.ending)
		return hst_fail(err, HST_INVALID,
				"\"%.64s\" is no run: say #12, last, last:FLOW, an id, or its ending with at "
				"least %d characters",
				text, ENDING_MIN);
	*ret = said;
	return HST_OK;
}

int said_nothing(const char *text, hst_error *err)
{
	return hst_fail(err, HST_NOT_FOUND, "there is no run \"%.64s\"", text);
}

int said_several(const char *text, const char *one, const char *other, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "\"%.64s\" fits several runs, %s and %s among them: say more of it",
			text, one, other);
}
