#include "pure/alerts/conditions.h"

#include "base/auto.h"
#include "base/mem.h"
#include "schema/nearest.h"
#include "schema/types.h"

#include <string.h>

#define BLANKS " \t\n"

enum { WORD_LENGTH_MAX = 40, DIGITS_MAX = 6 };

static const struct alert_kind_row rows[ALERT_KIND_COUNT] = {
	[ALERT_FAILED] = {.word = "failed"},
	[ALERT_LOST] = {.word = "lost"},
	[ALERT_WAITING] = {"waiting", ALERT_LONGER, 15 * INT64_C(60000), "15m"},
	[ALERT_QUIET] = {"no progress", ALERT_LONGER, 20 * INT64_C(60000), "20m"},
	[ALERT_OFFLINE] = {"device offline", ALERT_LONGER, 10 * INT64_C(60000), "10m"},
	[ALERT_DEGRADED] = {.word = "instance degraded"},
	[ALERT_TRIGGER] = {"trigger failing", ALERT_LONGER, 60000, "1m"},
	[ALERT_MISSED] = {.word = "slot missed"},
	[ALERT_BLOCKED] = {.word = "connection blocked"},
	[ALERT_DISK] = {"disk", ALERT_LESS, INT64_C(1) << 30, "1G"},
};

const struct alert_kind_row *alert_kind_row(enum alert_kind kind)
{
	return &rows[kind];
}

bool alert_kind_named(const char *word, size_t length, enum alert_kind *ret)
{
	for (size_t i = 0; i < ALERT_KIND_COUNT; i++)
		if (strlen(rows[i].word) == length && memcmp(rows[i].word, word, length) == 0) {
			*ret = (enum alert_kind)i;
			return true;
		}
	return false;
}

/* The words before a sign of comparison, with one blank between two. */
static size_t take_words(const char *text, size_t length, char to[WORD_LENGTH_MAX + 1])
{
	size_t n = 0;

	for (size_t i = 0; i < length && n < WORD_LENGTH_MAX; i++) {
		bool blank = strchr(BLANKS, text[i]) != NULL;

		if (!blank)
			to[n++] = text[i];
		else if (n && to[n - 1] != ' ')
			to[n++] = ' ';
	}
	n -= n && to[n - 1] == ' ';
	to[n] = '\0';
	return n;
}

static int refuse_word(const char *word, hst_error *err)
{
	struct nearest nearest;

	nearest_init(&nearest, word);
	for (size_t i = 0; i < ALERT_KIND_COUNT; i++)
		nearest_offer(&nearest, rows[i].word);
	if (nearest.best)
		return hst_fail(err, HST_INVALID, "\"%s\" is no condition; did you mean \"%s\"?", word, nearest.best);
	return hst_fail(err, HST_INVALID,
			"\"%s\" is no condition; there are failed, lost, waiting > 15m, no progress > 20m, device offline > 10m, "
			"instance degraded, trigger failing > 1m, slot missed, connection blocked and disk < 1G", word);
}

/* "1G", "500M": of 1024 each. */
static bool read_size(const char *text, int64_t *ret)
{
	static const char units[] = "KMGT";
	size_t digits = strspn(text, "0123456789");
	const char *unit = text[digits] ? strchr(units, text[digits]) : NULL;
	int64_t number = 0;

	if (!digits || digits > DIGITS_MAX || !unit || text[digits + 1])
		return false;
	for (size_t i = 0; i < digits; i++)
		number = 10 * number + (text[i] - '0');
	*ret = number << 10 * (unit - units + 1);
	return number > 0;
}

static int read_limit(const struct alert_kind_row *row, const char *text, int64_t *ret, hst_error *err)
{
	hst_duration duration;
	hst_error why;

	if (row->unit == ALERT_LESS && !read_size(text, ret))
		return hst_fail(err, HST_INVALID, "\"%s\" is compared with a size such as 500M or %s, got \"%.40s\"", row->word, row->shown,
				text);
	if (row->unit != ALERT_LONGER)
		return HST_OK;
	if (type_read_duration(text, &duration, &why) != HST_OK)
		return hst_fail(err, HST_INVALID, "\"%s\" is compared with a duration: %s", row->word, why.text);
	if (duration.ms < 1000)
		return hst_fail(err, HST_INVALID, "\"%s\" is compared with a duration of at least 1s, got \"%.40s\"", row->word, text);
	*ret = duration.ms;
	return HST_OK;
}

int alert_condition_parse(const char *text, struct alert_condition *ret, hst_error *err)
{
	size_t length = strcspn(text, "<>=!");
	const char *sign = text + length, *limit;
	const struct alert_kind_row *row;
	char word[WORD_LENGTH_MAX + 1];
	enum alert_kind kind;
	char wanted;

	if (!alert_kind_named(word, take_words(text, length, word), &kind))
		return refuse_word(word, err);
	row = &rows[kind];
	wanted = row->unit == ALERT_LESS ? '<' : '>';
	*ret = (struct alert_condition){.kind = kind, .limit = row->limit};
	if (!*sign)
		return HST_OK;
	if (row->unit == ALERT_NO_LIMIT)
		return hst_fail(err, HST_INVALID, "\"%s\" is compared with nothing: leave out \"%.40s\"", row->word, sign);
	if (*sign != wanted || strchr("<>=!", sign[1] ? sign[1] : ' '))
		return hst_fail(err, HST_INVALID, "\"%s\" is compared by \"%c\", as in %s %c %s", row->word, wanted, row->word, wanted,
				row->shown);
	limit = sign + 1 + strspn(sign + 1, BLANKS);
	return read_limit(row, limit, &ret->limit, err);
}
