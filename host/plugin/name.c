#include "plugin/name.h"

#include <string.h>

bool name_fits(const char *name, size_t max, bool dashes)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
	size_t n;

	if (!name || !name[0] || !strchr(letters, name[0]))
		return false;
	n = strspn(name, dashes ? "abcdefghijklmnopqrstuvwxyz0123456789_-"
				: "abcdefghijklmnopqrstuvwxyz0123456789_");
	return n <= max && name[n] == '\0';
}
