#include "cursor.h"

#include "options.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clocks of servers are not ours, and a mail may have been on its way: so much later than it was received it may have come in. */
#define SLACK_US (7 * 86400 * INT64_C(1000000))

void email_cursor_begin(struct email_cursor *cursor, int start, uint32_t validity, uint32_t next, int64_t now_us)
{
	*cursor = (struct email_cursor){.validity = validity, .caught_up_us = now_us};
	if (start == EMAIL_START_NOW)
		cursor->uid = next - 1;
	if (start == EMAIL_START_UNSEEN) {
		cursor->counting = EMAIL_COUNT_UNSEEN;
		cursor->until = next - 1;
	}
	cursor->began_us = start == EMAIL_START_ALL ? 0 : now_us;
}

void email_cursor_renumbered(struct email_cursor *cursor, uint32_t validity, uint32_t next)
{
	int64_t since_us = cursor->caught_up_us - SLACK_US;

	cursor->validity = validity;
	cursor->uid = 0;
	cursor->until = next - 1;
	cursor->counting = EMAIL_COUNT_SINCE;
	cursor->since_us = since_us > cursor->began_us ? since_us : cursor->began_us;
	/* Numbers of before say nothing any more; what they stood for may be marked or moved by hand. */
	cursor->touches_n = 0;
}

void email_cursor_next(const struct email_cursor *cursor, uint32_t *ret_from, uint32_t *ret_to, bool *ret_unseen, int64_t *ret_since_us)
{
	bool limited = cursor->counting != EMAIL_COUNT_ALL;

	*ret_from = cursor->uid + 1;
	*ret_to = limited ? cursor->until : 0;
	*ret_unseen = cursor->counting == EMAIL_COUNT_UNSEEN;
	/* A day earlier: servers go by the day, each in its own time zone. */
	*ret_since_us = cursor->counting == EMAIL_COUNT_SINCE && cursor->since_us > 86400 * INT64_C(1000000)
				? cursor->since_us - 86400 * INT64_C(1000000)
				: 0;
}

bool email_cursor_exhausted(struct email_cursor *cursor, int64_t now_us)
{
	if (cursor->counting == EMAIL_COUNT_ALL) {
		cursor->caught_up_us = now_us;
		return false;
	}
	if (cursor->uid < cursor->until)
		cursor->uid = cursor->until;
	cursor->counting = EMAIL_COUNT_ALL;
	return true;
}

bool email_cursor_counts(const struct email_cursor *cursor, uint32_t uid, int64_t received_us)
{
	return cursor->counting != EMAIL_COUNT_SINCE || uid > cursor->until || !received_us || received_us >= cursor->since_us;
}

size_t email_cursor_write(const struct email_cursor *cursor, const char *of, char *to, size_t size)
{
	size_t used = (size_t)snprintf(to, size, "1 %" PRIu32 " %" PRIu32 " %" PRIu32 " %d %" PRId64 " %" PRId64 " %" PRId64 " %zu", cursor->validity,
				       cursor->uid, cursor->until, (int)cursor->counting, cursor->since_us, cursor->began_us,
				       cursor->caught_up_us, cursor->touches_n);

	for (size_t i = 0; i < cursor->touches_n && used < size; i++)
		used += (size_t)snprintf(to + used, size - used, " %" PRIu32, cursor->touches[i]);
	if (used < size)
		used += (size_t)snprintf(to + used, size - used, " of %s", of);
	return used < size ? used : size - 1;
}

static bool read_number(const char **text, int64_t *ret)
{
	char *end;

	if (**text != ' ')
		return false;
	*ret = strtoll(*text + 1, &end, 10);
	if (end == *text + 1)
		return false;
	*text = end;
	return true;
}

bool email_cursor_read(const char *text, const char *of, struct email_cursor *ret)
{
	int64_t numbers[8], touch;
	struct email_cursor cursor;

	if (*text++ != '1')
		return false;
	for (size_t i = 0; i < 8; i++)
		if (!read_number(&text, &numbers[i]))
			return false;
	if (numbers[3] < EMAIL_COUNT_ALL || numbers[3] > EMAIL_COUNT_SINCE || numbers[7] < 0 || numbers[7] > EMAIL_TOUCHES_MAX)
		return false;
	cursor = (struct email_cursor){.validity = (uint32_t)numbers[0], .uid = (uint32_t)numbers[1], .until = (uint32_t)numbers[2],
				       .counting = (enum email_counting)numbers[3], .since_us = numbers[4], .began_us = numbers[5],
				       .caught_up_us = numbers[6], .touches_n = (size_t)numbers[7]};
	for (size_t i = 0; i < cursor.touches_n; i++) {
		if (!read_number(&text, &touch))
			return false;
		cursor.touches[i] = (uint32_t)touch;
	}
	if (strncmp(text, " of ", 4) != 0 || strcmp(text + 4, of) != 0)
		return false;
	*ret = cursor;
	return true;
}
