/*
 * An event that somebody posts: a script, a program, another machine. Its fields are declared, so that what comes is checked
 * before there is a run.
 *
 *	[trigger order]
 *	plugin        = event
 *	field.number  = integer from 1 required
 *	field.pieces  = table
 *	field.express = boolean default no
 *
 * The declarations are read by declared.c. That a repeat under the same key makes no second run is the host's doing.
 */
#include "declared.h"

#include <hostler/trigger.h>
#include <hostler/value.h>

struct event_config {
	const hst_value *fields, *labels;
};

static const hst_field event_options[] = {
	HST_FIELD(struct event_config, fields, .name = "field.*", .doc = "a field: " DECLARED_DOC),
	HST_FIELD(struct event_config, labels, .name = "label.*", .as = HST_TYPE_TEXT,
		  .doc = "what a form shows for that field, instead of its name"),
};

static const hst_field own[] = {
	{.member = "posted_at", .name = "posted_at", .type = HST_TYPE_DATE, .doc = "when the event was posted"},
	{.member = "posted_by", .name = "posted_by", .type = HST_TYPE_TEXT, .doc = "the operator who posted it, as their key is called"},
};

static int event_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	const struct event_config *event = config;

	return declared_read(call,
			     &(struct declared){.prefix = "field", .fields = event->fields, .labels = event->labels, .own = own,
						.own_n = sizeof own / sizeof own[0]},
			     &ret->event, err);
}

static int event_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)err;
	*ret_state = host->alloc(host->instance_arena, sizeof(struct declared_clock));
	return HST_OK;
}

static int event_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err)
{
	return declared_event(call, state, own, inputs, &ret_event->values, err);
}

static const hst_trigger_ops event_ops = {
	.size = sizeof event_ops,
	.press = event_press,
};

HST_PLUGIN(event) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "event",
	.version = "1.0",
	.summary = "Fires when a script or program posts an event, with typed fields",
	.options = HST_FIELDS(event_options),
	.config_size = sizeof(struct event_config),
	.fields = event_fields,
	.open = event_open,
	.ops = &event_ops,
	.about = "`hostler post NAME --body FILE` posts one: FILE is a JSON object, whose members are the fields that are declared, and no\n"
		 "others; `-` is standard input, and without `--body` it is empty. A field is the option `field.NAME = TYPE [from MIN] [to MAX]\n"
		 "[required] [default VALUE]`; types are those of `trigger/button`. Flows see it as `${trigger.NAME}`, and besides\n"
		 "`${trigger.posted_at}` and `${trigger.posted_by}`, the operator who posted, by the key that the host has proved.\n\n"
		 "With `--key K` a repeat is harmless: the same key to the same trigger is the same event, answered with the run that the\n"
		 "first one made. Keys are kept as long as runs are; an event that made no run leaves none.\n\n"
		 "A secret field is never in the body, where the host could read it: `hostler post NAME --secret FIELD` asks for it, and\n"
		 "seals it for those alone who use it.",
};
