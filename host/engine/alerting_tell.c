/* Notifications: an action is called outside of any run, and how that went is told to pure/alerts. */
#include "engine/alerting.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "definitions/alerts.h"
#include "engine/why.h"
#include "pure/alerts/words.h"
#include "pure/flow/compose.h"
#include "pure/flow/fit.h"
#include "schema/value.h"

#include <string.h>

enum { LINE_MAX = 400, TEXT_MAX = 64 << 10, TIMEOUT_MS = 60 * 1000 };

static void set_said(hst_value *to, const char *name, struct text *text)
{
	value_set_text(to, name, text->s);
	text_reset(text);
}

static const char *or_nothing(const char *text)
{
	return text ? text : "";
}

/* What stands for ${alert.NAME}. Of several causes at once there is no one flow, run or device. */
static const hst_value *tokens_of(const struct alerting *alerting, const struct alert_notice *notice, hst_arena *arena)
{
	static const struct alert_cause none = {0};
	const struct alert_cause *cause = notice->n == 1 ? notice->items[0].cause : &none;
	hst_value *tokens = value_make_record(arena);
	AUTO(text) struct text line, text;

	text_init(&line, LINE_MAX);
	text_init(&text, TEXT_MAX);
	value_set_text(tokens, "name", alerting->sections[notice->section].name);
	value_set_text(tokens, "state", alert_state_name(notice->state));
	value_set_text(tokens, "host", alerting->host);
	alert_say_when(notice, &line);
	set_said(tokens, "when", &line);
	alert_say_subject(notice, alerting->host, &line);
	set_said(tokens, "subject", &line);
	alert_say_text(notice, &text);
	set_said(tokens, "text", &text);
	value_set_text(tokens, "remedy", or_nothing(cause->remedy));
	value_set_text(tokens, "flow", or_nothing(cause->flow));
	value_set_text(tokens, "run", or_nothing(cause->run));
	value_set_text(tokens, "device", or_nothing(cause->device));
	value_set_text(tokens, "since", cause->since_us ? why_moment(arena, cause->since_us) : "");
	value_set_integer(tokens, "count", notice->n == 1 ? cause->count : (int64_t)notice->n);
	return tokens;
}

static const hst_value *source(void *arg, const char *name)
{
	return strcmp(name, "alert") == 0 ? arg : NULL;
}

static int call(struct alerting *alerting, const struct alert_notice *notice, hst_error *err)
{
	struct engine *engine = alerting->engine;
	const struct flow_step *step = engine->definitions->alerts[notice->section].step;
	const struct definition *connector = definitions_instance(engine->definitions, HST_CONNECTOR, step->target);
	struct flow_scope scope = {.source = source, .arg = (void *)tokens_of(alerting, notice, engine->scratch)};
	hst_fields fields, outputs;
	hst_duration deadline;
	const hst_value *inputs;
	AUTO(text) struct text json;
	int rc;

	text_init(&json, PAYLOAD_BYTES_MAX);
	if (!connector || connector->fault)
		return hst_fail(err, HST_RETRY, "%s", connector ? connector->fault : "there is no such connector");
	if (!definitions_action(connector, step->action, &fields, &outputs, &deadline))
		return hst_fail(err, HST_NOT_FOUND, "connector %s has no action %s", step->target, step->action);
	rc = flow_step_inputs(engine->scratch, &scope, step, (hst_fields){0}, &inputs, err);
	if (rc < 0)
		return rc;
	value_write_json(&json, flow_inputs_fit(engine->scratch, fields, inputs));
	if (json.over)
		return hst_fail(err, HST_INVALID, "what is to be told is too long");
	workers_notify(engine, &(struct engine_notice){.id = notice->id, .connector = step->target, .action = step->action,
	                                               .timeout_ms = deadline.ms > 0 ? deadline.ms : TIMEOUT_MS,
	                                               .inputs = json.s, .inputs_length = json.length});
	return HST_OK;
}

void alerting_tell(struct alerting *alerting, int64_t now_us)
{
	struct alert_notice notice;
	hst_error err = {{0}, {0}};

	while (alerts_next(alerting->alerts, now_us, &notice))
		if (call(alerting, &notice, &err) < 0)
			alerts_told(alerting->alerts, notice.id, err.text, now_us);
}

void alerting_told(struct engine *engine, uint64_t notice, const char *error)
{
	struct alerting *alerting = engine->alerting;

	if (error)
		log_warning("a notification could not be made: %s", error);
	alerts_told(alerting->alerts, notice, error, clock_wall_us());
	alerting_keep(alerting);
	alerting_soon(alerting);
}
