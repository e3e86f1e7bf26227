#include "schema/rights.h"

#include <stdio.h>
#include <string.h>

static const struct {
	const char *name;
	unsigned right;
} rights_table[] = {{"look", RIGHT_LOOK}, {"press", RIGHT_PRESS}, {"control", RIGHT_CONTROL}, {"admin", RIGHT_ADMIN}};

enum { RIGHT_NAMES = sizeof rights_table / sizeof *rights_table };

void rights_text(unsigned rights, char *to, size_t size)
{
	size_t n = 0;

	snprintf(to, size, "-");
	for (size_t i = 0; i < RIGHT_NAMES; i++)
		if (rights & rights_table[i].right && n < size)
			n += (size_t)snprintf(to + n, size - n, "%s%s", n ? "," : "", rights_table[i].name);
}

int rights_read(const char *text, unsigned *ret, hst_error *err)
{
	unsigned rights = RIGHT_NONE;

	if (strcmp(text, "-") == 0) {
		*ret = rights;
		return HST_OK;
	}
	for (const char *at = text;; at++) {
		size_t length = strcspn(at, ","), i = 0;

		while (i < RIGHT_NAMES && (strlen(rights_table[i].name) != length ||
					   strncmp(rights_table[i].name, at, length) != 0))
			i++;
		if (i == RIGHT_NAMES)
			return hst_fail(err, HST_INVALID, "\"%.*s\" is no right: look, press, control, admin",
					(int)(length < 32 ? length : 32), at);
		rights |= rights_table[i].right;
		at += length;
		if (!*at)
			break;
	}
	if (rights & RIGHT_ADMIN)
		rights = RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN;
	*ret = rights;
	return HST_OK;
}
