#include "email_looked.h"

#include "email_printable.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void email_looked_add(struct email_looked *looked, int64_t at_us, const char *what, const char *outcome)
{
	struct email_look *look = &looked->at[looked->next];

	look->at_us = at_us;
	email_printable(what, look->what, sizeof look->what);
	email_printable(outcome, look->outcome, sizeof look->outcome);
	looked->next = (looked->next + 1) % EMAIL_LOOKED_MAX;
	looked->n += looked->n < EMAIL_LOOKED_MAX;
}

const struct email_look *email_looked_back(const struct email_looked *looked, size_t back)
{
	return back < looked->n ? &looked->at[(looked->next + EMAIL_LOOKED_MAX - 1 - back) % EMAIL_LOOKED_MAX] : NULL;
}

size_t email_looked_write(const struct email_looked *looked, char *to, size_t size)
{
	size_t used = 0;

	to[0] = '\0';
	for (size_t back = looked->n; back-- > 0 && used + sizeof(struct email_look) + 32 < size;) {
		const struct email_look *look = email_looked_back(looked, back);

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

void email_looked_read(struct email_looked *looked, const char *text)
{
	char at[24], what[180], outcome[300];

	*looked = (struct email_looked){.n = 0};
	while (text && *text) {
		text = part(text, '\t', at, sizeof at);
		text = text ? part(text, '\t', what, sizeof what) : NULL;
		text = text ? part(text, '\n', outcome, sizeof outcome) : NULL;
		if (text)
			email_looked_add(looked, strtoll(at, NULL, 10), what, outcome);
	}
}
