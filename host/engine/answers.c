/* Questions and their answers as JSON: one table of questions. Everything is read from what is committed. */
#include "engine/answers.h"

#include "base/auto.h"
#include "schema/value.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static const struct question {
	const char *what;
	int (*answer)(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);
} questions[] = {
	{"runs", answer_runs},       {"show", answer_show},       {"find", answer_find},       {"files", answer_files},
	{"queue", answer_queue},     {"flows", answer_flows},     {"triggers", answer_triggers},
	{"devices", answer_devices}, {"plugins", answer_plugins},   {"why", answer_why},
	{"events", answer_events},   {"watch", answer_watch}, {"alerts", answer_alerts},
	{"connections", answer_connections}, {"keeping", answer_keeping},
	{"roster", answer_roster},
};

void on_ask(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *what = message_text(message, "what");
	const hst_value *filters = NULL, *value = NULL;
	AUTO(text) struct text json;
	struct message answer;
	hst_error err = {{0}, {0}};
	int rc = HST_NOT_FOUND;

	text_init(&json, PAYLOAD_BYTES_MAX);
	hst_fail(&err, rc, "there is no question \"%s\" in this version", what);
	if (message->payload_length &&
	    value_parse_json(engine->scratch, message->payload, message->payload_length, &filters, &err) < 0) {
		engine_refuse(engine, from, message->id, HST_INVALID, "", "%s", err.text);
		return;
	}
	/* This one its worker answers. */
	if (strcmp(what, "next") == 0) {
		workers_ask_next(engine, from, message->id, filters);
		return;
	}
	presences_note(engine);
	for (size_t i = 0; i < sizeof questions / sizeof questions[0]; i++)
		if (strcmp(questions[i].what, what) == 0)
			rc = questions[i].answer(engine, filters, &value, &err);
	if (rc >= 0)
		value_write_json(&json, value);
	if (json.over)
		rc = hst_fail(&err, HST_INVALID, "the answer is larger than 1 MiB; ask for less");
	if (rc < 0) {
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
		return;
	}
	message_init(&answer, WORD_answer, message->id);
	message_set_payload(&answer, json.s, json.length);
	hub_send(engine->hub, from, &answer);
}
