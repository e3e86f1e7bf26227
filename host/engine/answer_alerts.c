/* The question "alerts": what is wrong now, since when, what to do about it, and who was told of it or could not be. */
#include "engine/alerting.h"

#include "base/clock.h"
#include "definitions/alerts.h"
#include "schema/value.h"

#include <string.h>

enum { SHOWN = 500 };

static const char *how_it_went(const struct alert_telling *telling, bool through_itself)
{
	if (through_itself && !telling->told_us)
		return "cannot";
	if (telling->asked)
		return "under way";
	if (telling->attempts >= ALERT_ATTEMPTS_MOST)
		return "given up";
	if (telling->attempts)
		return "failing";
	return telling->told_us ? "told" : "due";
}

static hst_value *telling_record(const struct engine *engine, size_t section, const struct alert_cause *cause)
{
	hst_arena *arena = engine->scratch;
	const struct alerting *alerting = engine->alerting;
	const struct alert_definition *alert = &engine->definitions->alerts[section];
	const struct alert_telling *telling = &cause->tellings[section];
	bool through_itself = alerts_through_itself(alerting->alerts, section, cause);
	hst_value *record = value_make_record(arena);
	const char *error = telling->error;

	if (through_itself && !error)
		error = arena_printf(arena, "%s is what is wrong, and no way to tell of it", alert->step->target);
	value_set_text(record, "alert", alert->conf->name);
	value_set_text(record, "use", alert->conf->use);
	value_set_text(record, "state", how_it_went(telling, through_itself));
	answer_set_time(arena, record, "told", telling->told_us);
	value_set_integer(record, "count", telling->told);
	value_set_integer(record, "failed_attempts", telling->attempts);
	value_set_text(record, "error", error);
	answer_set_time(arena, record, "next", telling->attempts && telling->attempts < ALERT_ATTEMPTS_MOST ? telling->next_us : 0);
	return record;
}

static hst_value *cause_record(struct engine *engine, const struct alert_cause *cause, int64_t now_us)
{
	hst_arena *arena = engine->scratch;
	const struct alerting *alerting = engine->alerting;
	hst_value *record = value_make_record(arena), *told = value_make_list(arena);

	value_set_text(record, "when", alert_kind_row(cause->kind)->word);
	value_set_text(record, "subject", cause->subject);
	value_set_text(record, "sentence", cause->text);
	value_set_text(record, "remedy", cause->remedy);
	answer_set_time(arena, record, "since", cause->since_us);
	value_set_integer(record, "count", cause->count);
	value_set_text(record, "flow", cause->flow);
	value_set_text(record, "run", cause->run);
	value_set_text(record, "device", cause->device);
	for (size_t i = 0; i < alerting->section_count; i++)
		if (alerts_concern(alerting->alerts, i, cause, now_us))
			value_append(told, telling_record(engine, i, cause));
	value_set(record, "notifications", told);
	return record;
}

int answer_alerts(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	hst_value *list = value_make_list(engine->scratch);
	const struct alert_cause *cause;
	int64_t now_us = clock_wall_us();
	size_t at = 0;

	(void)filters, (void)err;
	alerting_look(engine->alerting, now_us);
	alerting_soon(engine->alerting);
	while (value_count(list) < SHOWN && (cause = alerts_wrong(engine->alerting->alerts, &at, now_us)))
		value_append(list, cause_record(engine, cause, now_us));
	*ret = list;
	return HST_OK;
}
