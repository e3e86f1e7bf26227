/* Causes: how they begin and end. */
#include "pure/alerts/internal.h"

#include "base/auto.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT_MAX = 1000 };

static const int64_t forgotten_us = ALERT_FORGOTTEN_HOURS * INT64_C(3600000000);

struct alerts *alerts_new(void)
{
	struct alerts *alerts = mem_alloc(sizeof *alerts);

	table_init(&alerts->causes);
	return alerts;
}

void telling_clear(struct alert_telling *telling)
{
	free(telling->error);
	*telling = (struct alert_telling){0};
}

static void tellings_free(struct alert_telling *tellings, size_t n)
{
	for (size_t i = 0; tellings && i < n; i++)
		telling_clear(&tellings[i]);
	free(tellings);
}

void cause_free(struct alerts *alerts, struct alert_cause *cause)
{
	tellings_free(cause->tellings, alerts->section_count);
	free(cause->subject);
	free(cause->flow);
	free(cause->run);
	free(cause->device);
	free(cause->process);
	free(cause->text);
	free(cause->remedy);
	free(cause);
}

static void names_free(struct alerts *alerts)
{
	for (size_t i = 0; i < alerts->section_count; i++)
		free(alerts->names[i]);
	free(alerts->names);
	free(alerts->minutes);
}

void alerts_free(struct alerts *alerts)
{
	if (!alerts)
		return;
	TABLE_EACH(&alerts->causes, entry)
		cause_free(alerts, entry->value);
	table_clear(&alerts->causes);
	names_free(alerts);
	free(alerts->items);
	free(alerts);
}

/* A mended section is tried at once, so what failed before counts no more. */
static void move_tellings(const struct alerts *alerts, struct alert_cause *cause, const struct alert_section *sections, size_t n)
{
	struct alert_telling *tellings = mem_array(n + 1, sizeof *tellings);

	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; cause->tellings && k < alerts->section_count; k++)
			if (strcmp(sections[i].name, alerts->names[k]) == 0) {
				tellings[i] = cause->tellings[k];
				cause->tellings[k].error = NULL;
				tellings[i].attempts = tellings[i].next_us = 0;
			}
	tellings_free(cause->tellings, alerts->section_count);
	cause->tellings = tellings;
}

void alerts_configure(struct alerts *alerts, const struct alert_section *sections, size_t n)
{
	TABLE_EACH(&alerts->causes, entry)
		move_tellings(alerts, entry->value, sections, n);
	names_free(alerts);
	alerts->sections = sections;
	alerts->section_count = n;
	alerts->names = mem_array(n + 1, sizeof *alerts->names);
	alerts->minutes = mem_array(n + 1, sizeof *alerts->minutes);
	for (size_t i = 0; i < n; i++)
		alerts->names[i] = mem_text(sections[i].name);
}

static const struct alert_condition *condition_of(const struct alert_section *section, enum alert_kind kind)
{
	for (size_t i = 0; i < section->condition_count; i++)
		if (section->conditions[i].kind == kind)
			return &section->conditions[i];
	return NULL;
}

/* A trigger whose process was given up fails, too, for whoever asked for that alone. */
static const struct alert_condition *condition_for(const struct alert_section *section, const struct alert_cause *cause)
{
	static const char trigger[] = "worker/trigger/";
	const struct alert_condition *condition = condition_of(section, cause->kind);

	if (condition || cause->kind != ALERT_DEGRADED || strncmp(cause->subject, trigger, sizeof trigger - 1) != 0)
		return condition;
	return condition_of(section, ALERT_TRIGGER);
}

int64_t alerts_limit(const struct alerts *alerts, enum alert_kind kind)
{
	const struct alert_kind_row *row = alert_kind_row(kind);
	int64_t limit = 0;

	for (size_t i = 0; i < alerts->section_count; i++) {
		const struct alert_condition *condition = condition_of(&alerts->sections[i], kind);

		if (condition && (!limit || (row->unit == ALERT_LESS ? condition->limit > limit : condition->limit < limit)))
			limit = condition->limit;
	}
	return limit ? limit : row->limit;
}

struct alert_cause *cause_of(struct alerts *alerts, enum alert_kind kind, const char *subject)
{
	AUTO_FREE char *key = mem_printf("%s/%s", alert_kind_row(kind)->word, subject);
	struct alert_cause *cause = table_get(&alerts->causes, key);

	if (cause)
		return cause;
	cause = mem_alloc(sizeof *cause);
	cause->kind = kind;
	cause->subject = mem_text(subject);
	cause->tellings = mem_array(alerts->section_count + 1, sizeof *cause->tellings);
	table_set(&alerts->causes, key, cause);
	return cause;
}

void cause_stand(struct alerts *alerts, struct alert_cause *cause, bool stands, int64_t now_us)
{
	if (stands == cause->standing)
		return;
	cause->standing = stands;
	cause->ended_us = stands ? 0 : now_us;
	cause->changed = true;
	if (stands)
		alerts->standing[cause->kind]++;
	else
		alerts->standing[cause->kind]--;
}

static void set(char **at, const char *text)
{
	size_t length = text ? strnlen(text, TEXT_MAX) : 0;

	if (*at && text && strcmp(*at, text) == 0)
		return;
	/* Cut behind a whole character. */
	while (text && text[length] && length && ((unsigned char)text[length] & 0xc0) == 0x80)
		length--;
	free(*at);
	*at = text ? mem_copy(text, length) : NULL;
}

static void describe(struct alert_cause *cause, const struct alert_fact *fact)
{
	set(&cause->flow, fact->flow);
	set(&cause->run, fact->run);
	set(&cause->device, fact->device);
	set(&cause->process, fact->process);
	set(&cause->text, fact->text);
	set(&cause->remedy, fact->remedy);
	cause->free_bytes = fact->free_bytes;
}

/* Somebody was told that it began, and nobody yet that it is over: should it begin again, it is the same. */
static bool is_open(const struct alerts *alerts, const struct alert_cause *cause)
{
	for (size_t i = 0; i < alerts->section_count; i++)
		if (cause->tellings[i].told_us)
			return true;
	return cause->standing;
}

void alerts_look(struct alerts *alerts)
{
	TABLE_EACH(&alerts->causes, entry)
		((struct alert_cause *)entry->value)->seen = false;
}

void alerts_stands(struct alerts *alerts, const struct alert_fact *fact)
{
	struct alert_cause *cause = cause_of(alerts, fact->kind, fact->subject);

	cause->seen = true;
	cause->count = fact->count;
	/* One that went on over a restart began when it first did. */
	if (!is_open(alerts, cause) || fact->since_us < cause->since_us || fact->kind == ALERT_WAITING)
		cause->since_us = fact->since_us;
	describe(cause, fact);
	cause_stand(alerts, cause, true, fact->since_us);
}

static bool is_heard_of(enum alert_kind kind)
{
	return kind == ALERT_FAILED || kind == ALERT_MISSED;
}

void alerts_looked(struct alerts *alerts, int64_t now_us, unsigned unseen)
{
	TABLE_EACH(&alerts->causes, entry) {
		struct alert_cause *cause = entry->value;

		if (is_heard_of(cause->kind)) {
			if (cause->standing && now_us - cause->last_us >= forgotten_us)
				cause_stand(alerts, cause, false, now_us);
		} else if (!cause->seen && !(unseen & 1u << cause->kind)) {
			cause_stand(alerts, cause, false, now_us);
		}
		/* What nobody is told of is forgotten as soon as it is over. */
		if (!notices_settle(alerts, cause, now_us) && !cause->standing && !cause->kept) {
			cause_free(alerts, cause);
			table_remove(&alerts->causes, entry->key);
		}
	}
}

void alerts_happened(struct alerts *alerts, const struct alert_fact *fact, int64_t now_us)
{
	struct alert_cause *cause = cause_of(alerts, fact->kind, fact->subject);

	if (!is_open(alerts, cause)) {
		cause->since_us = fact->since_us;
		cause->count = 0;
	}
	cause->count += fact->count;
	cause->last_us = now_us;
	describe(cause, fact);
	cause->changed = true;
	cause_stand(alerts, cause, true, now_us);
}

void alerts_over(struct alerts *alerts, enum alert_kind kind, const char *subject, int64_t now_us)
{
	AUTO_FREE char *key = mem_printf("%s/%s", alert_kind_row(kind)->word, subject);
	struct alert_cause *cause = table_get(&alerts->causes, key);

	if (cause)
		cause_stand(alerts, cause, false, now_us);
}

bool alerts_any(const struct alerts *alerts, enum alert_kind kind)
{
	return alerts->standing[kind] > 0;
}

const struct alert_cause *alerts_cause(const struct alerts *alerts, enum alert_kind kind, const char *subject)
{
	AUTO_FREE char *key = mem_printf("%s/%s", alert_kind_row(kind)->word, subject);
	const struct alert_cause *cause = table_get(&alerts->causes, key);

	return cause && cause->standing ? cause : NULL;
}

static bool is_over_limit(const struct alert_cause *cause, int64_t limit, int64_t now_us)
{
	switch (alert_kind_row(cause->kind)->unit) {
	case ALERT_LONGER:
		return now_us - cause->since_us > limit * 1000;
	case ALERT_LESS:
		return cause->free_bytes < limit;
	case ALERT_NO_LIMIT:
		break;
	}
	return true;
}

/* `flows` is one name, or several with ", " between them. */
static bool is_among(const char *flows, const char *flow)
{
	size_t length = strlen(flow);

	for (const char *at = flows; *at; at += strspn(at, ", ")) {
		size_t one = strcspn(at, ", ");

		if (one == length && memcmp(at, flow, one) == 0)
			return true;
		at += one;
	}
	return false;
}

static bool concerns_flow(const struct alert_section *section, const struct alert_cause *cause)
{
	if (!section->flow_count || !cause->flow)
		return true;
	for (size_t i = 0; i < section->flow_count; i++)
		if (is_among(cause->flow, section->flows[i]))
			return true;
	return false;
}

bool alerts_watch(const struct alerts *alerts, size_t section, const struct alert_cause *cause)
{
	return condition_for(&alerts->sections[section], cause) && concerns_flow(&alerts->sections[section], cause);
}

bool alerts_concern(const struct alerts *alerts, size_t section, const struct alert_cause *cause, int64_t now_us)
{
	const struct alert_section *said = &alerts->sections[section];
	const struct alert_condition *condition = condition_for(said, cause);
	int64_t limit = condition ? condition->limit : 0;

	/* A disk that is filled and cleared around the limit is not told of each time. */
	if (condition && cause->kind == ALERT_DISK && cause->tellings[section].told_us)
		limit += limit / 10;
	return cause->standing && alerts_watch(alerts, section, cause) && is_over_limit(cause, limit, now_us);
}

bool alerts_through_itself(const struct alerts *alerts, size_t section, const struct alert_cause *cause)
{
	return cause->process && alerts->sections[section].process && strcmp(cause->process, alerts->sections[section].process) == 0;
}

const struct alert_cause *alerts_wrong(const struct alerts *alerts, size_t *at, int64_t now_us)
{
	const struct table_entry *entry;

	while ((entry = table_next(&alerts->causes, at))) {
		const struct alert_cause *cause = entry->value;

		if (cause->standing && is_over_limit(cause, alerts_limit(alerts, cause->kind), now_us))
			return cause;
	}
	return NULL;
}
