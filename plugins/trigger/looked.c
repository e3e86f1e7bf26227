#include "looked.h"

#include "printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void looked_add(struct looked *looked, int64_t at_us, const char *what, const char *outcome)
{
	struct look *look = &looked->at[looked->next];

	look->at_us = at_us;
	printable(what, look->what, sizeof look->what);
	printable(outcome, look->outcome, sizeof look->outcome);
	looked->next = (looked->next + 1) % LOOKED_MAX;
	looked->n += looked->n < LOOKED_MAX;
}

const struct look *looked_back(const struct looked *looked, size_t back)
{
	return back < looked->n ? &looked->at[(looked->next + LOOKED_MAX - 1 - back) % LOOKED_MAX] : NULL;
}

size_t looked_write(const struct looked *looked, char *to, size_t size)
{
	size_t used = 0;

	to[0] = '\0';
	for (size_t back = looked->n; back-- > 0 && used + sizeof(struct look) + 32 < size;) {
		const struct look *look = looked_back(looked, back);

		/* Nothing printable has a tab or a line break in it. */
		used += (size_t)snprintf(to + used, size - used, "%" PRId64 "\t%s\t%s\n", look->at_us, look->what, look->outcome);
	}
	return used;
}

/* Up to the mark, which has to be there. */
static const char *part(const char *text, char mark, char *to, size_t size)
{
	const char *end = strchr(text, mark);

	if (!end || (size_t)(end - text) >= size)
		return NULL;
	memcpy(to, text, (size_t)(end - text));
	to[end - text] = '\0';
	return end + 1;
}

void looked_read(struct looked *looked, const char *text)
{
	char at[24], what[180], outcome[300];

	*looked = (struct looked){.n = 0};
	while (text && *text) {
		text = part(text, '\t', at, sizeof at);
		text = text ? part(text, '\t', what, sizeof what) : NULL;
		text = text ? part(text, '\n', outcome, sizeof outcome) : NULL;
		if (text)
			looked_add(looked, strtoll(at, NULL, 10), what, outcome);
	}
}
