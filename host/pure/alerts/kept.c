/* What of the causes outlives the process: what is wrong, and who was told of it when. */
#include "pure/alerts/internal.h"

#include "base/arena.h"
#include "base/mem.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	size_t at;
} texts[] = {
	{"flow", offsetof(struct alert_cause, flow)},	    {"run", offsetof(struct alert_cause, run)},
	{"device", offsetof(struct alert_cause, device)},   {"process", offsetof(struct alert_cause, process)},
	{"text", offsetof(struct alert_cause, text)},	    {"remedy", offsetof(struct alert_cause, remedy)},
}, numbers[] = {
	{"since_us", offsetof(struct alert_cause, since_us)},
	{"last_us", offsetof(struct alert_cause, last_us)},
	{"ended_us", offsetof(struct alert_cause, ended_us)},
	{"count", offsetof(struct alert_cause, count)},
	{"free_bytes", offsetof(struct alert_cause, free_bytes)},
};

enum { TEXTS = sizeof texts / sizeof *texts, NUMBERS = sizeof numbers / sizeof *numbers };

static char **text_at(struct alert_cause *cause, size_t i)
{
	return (char **)(void *)((char *)cause + texts[i].at);
}

static int64_t *number_at(struct alert_cause *cause, size_t i)
{
	return (int64_t *)(void *)((char *)cause + numbers[i].at);
}

static void write_cause(const struct alerts *alerts, struct alert_cause *cause, struct text *to)
{
	hst_arena *arena = arena_new();
	hst_value *record = value_make_record(arena), *told = value_make_record(arena);

	for (size_t i = 0; i < TEXTS; i++)
		if (*text_at(cause, i))
			value_set_text(record, texts[i].name, *text_at(cause, i));
	for (size_t i = 0; i < NUMBERS; i++)
		value_set_integer(record, numbers[i].name, *number_at(cause, i));
	for (size_t i = 0; i < alerts->section_count; i++) {
		const struct alert_telling *telling = &cause->tellings[i];
		hst_value *one = value_make_record(arena);

		if (!telling->told_us)
			continue;
		value_set_integer(one, "at_us", telling->told_us);
		value_set_integer(one, "count", telling->told);
		value_set(told, alerts->names[i], one);
	}
	value_set(record, "told", told);
	value_write_json(to, record);
	arena_free(arena);
}

static bool is_told(const struct alerts *alerts, const struct alert_cause *cause)
{
	for (size_t i = 0; i < alerts->section_count; i++)
		if (cause->tellings[i].told_us || cause->tellings[i].asked)
			return true;
	return false;
}

/* What is found again by looking, and what nobody has been told of, need not be kept. */
static bool is_worth(const struct alerts *alerts, const struct alert_cause *cause)
{
	return is_told(alerts, cause) || (cause->standing && (cause->kind == ALERT_FAILED || cause->kind == ALERT_MISSED));
}

bool alerts_unkept(struct alerts *alerts, struct text *name, struct text *value)
{
	TABLE_EACH(&alerts->causes, entry) {
		struct alert_cause *cause = entry->value;
		bool worth = is_worth(alerts, cause), gone = !worth && !cause->standing;

		if (!cause->changed && !(gone && cause->kept))
			continue;
		cause->changed = false;
		if (!worth && !cause->kept)
			continue;
		text_reset(name);
		text_reset(value);
		text_add(name, entry->key);
		if (worth)
			write_cause(alerts, cause, value);
		cause->kept = worth;
		return true;
	}
	return false;
}

static void read_tellings(const struct alerts *alerts, struct alert_cause *cause, const hst_value *told)
{
	for (size_t i = 0; i < alerts->section_count; i++) {
		const hst_value *one = value_get(told, alerts->names[i]);

		value_integer(value_get(one, "at_us"), &cause->tellings[i].told_us);
		value_integer(value_get(one, "count"), &cause->tellings[i].told);
	}
}

void alerts_restore(struct alerts *alerts, hst_arena *arena, const char *name, const char *value, size_t length)
{
	const char *slash = strchr(name, '/');
	const hst_value *record = NULL;
	struct alert_cause *cause;
	enum alert_kind kind;

	if (!slash || !alert_kind_named(name, (size_t)(slash - name), &kind) ||
	    value_parse_json(arena, value, length, &record, NULL) < 0)
		return;
	cause = cause_of(alerts, kind, slash + 1);
	for (size_t i = 0; i < TEXTS; i++)
		if (value_kind(value_get(record, texts[i].name)) == HST_VALUE_TEXT)
			*text_at(cause, i) = mem_text(value_text(value_get(record, texts[i].name)));
	for (size_t i = 0; i < NUMBERS; i++)
		value_integer(value_get(record, numbers[i].name), number_at(cause, i));
	read_tellings(alerts, cause, value_get(record, "told"));
	cause->kept = true;
	cause->standing = !cause->ended_us;
	alerts->standing[kind] += cause->standing;
}
