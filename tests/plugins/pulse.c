/* A trigger that emits a number of events by itself, counting on from what it kept; and that can be pressed. */
#include <hostler/trigger.h>
#include <hostler/value.h>

#include <stdio.h>
#include <stdlib.h>

struct pulse_config {
	int64_t times;
	hst_duration every;
	bool alone;
};

static const hst_field options[] = {
	HST_FIELD(struct pulse_config, times, .def = "0", .min = 0, .max = 1000000, .doc = "how many events, ever"),
	HST_FIELD(struct pulse_config, every, .def = "0s", .doc = "time between two events"),
	HST_FIELD(struct pulse_config, alone, .def = "no", .doc = "no run beside another, and one occasion passed over with each event"),
};

struct pulse_event {
	int64_t number;
};

static const hst_field event_fields[] = {
	HST_FIELD(struct pulse_event, number, .required = true, .doc = "which event it is"),
};

struct pulse {
	hst_host *host;
	int64_t times, done, every_ms;
	bool alone, asked;
};

static int pulse_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct pulse *pulse = host->alloc(host->instance_arena, sizeof *pulse);

	(void)err;
	pulse->host = host;
	pulse->times = ((const struct pulse_config *)config)->times;
	pulse->every_ms = ((const struct pulse_config *)config)->every.ms;
	pulse->alone = ((const struct pulse_config *)config)->alone;
	*ret_state = pulse;
	return HST_OK;
}

static int pulse_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	struct pulse *pulse = state;

	(void)err;
	ret->fd = -1;
	ret->at.us = pulse->done < pulse->times ? hst_now_us(call->host) + pulse->every_ms * 1000 : 0;
	return HST_OK;
}

/* Where an earlier process left off. */
static int ask(struct pulse *pulse, hst_call *call, hst_error *err)
{
	const void *bytes = NULL;
	size_t length = 0;
	int code = hst_state_get(call, "done", &bytes, &length, err);

	if (code != HST_OK && code != HST_NOT_FOUND)
		return code;
	pulse->done = code == HST_OK ? strtoll(bytes, NULL, 10) : 0;
	pulse->asked = true;
	return HST_OK;
}

static int emit(const struct pulse *pulse, hst_host *host, const hst_event *event, hst_error *err)
{
	static const hst_passed passed = {"DayOff", "nobody was there"};
	const hst_emission emission = {.size = sizeof emission, .events = event, .n = 1, .overlap = HST_OVERLAP_SKIP, .passed = &passed,
				       .passed_n = 1};

	return pulse->alone ? hst_emit_with(host, &emission, err) : hst_emit(host, event, 1, err);
}

static int pulse_ready(void *state, hst_call *call, hst_error *err)
{
	struct pulse *pulse = state;
	struct pulse_event data = {0};
	char key[32], kept[32] = "";
	int code = pulse->asked ? HST_OK : ask(pulse, call, err);

	if (code != HST_OK || pulse->done >= pulse->times)
		return code;
	data.number = pulse->done + 1;
	snprintf(key, sizeof key, "pulse-%lld", (long long)data.number);
	snprintf(kept, sizeof kept, "%lld", (long long)data.number);
	code = hst_state_put(call->host, "done", kept, 8, err);
	if (code == HST_OK)
		code = emit(pulse, call->host, &(hst_event){.key = key, .data = &data}, err);
	if (code == HST_OK)
		pulse->done = data.number;
	return code;
}

static int pulse_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err)
{
	struct pulse_event *data = hst_alloc(call, sizeof *data);

	(void)state, (void)err;
	hst_integer(call, hst_get(call, inputs, "number"), &data->number);
	ret_event->key = "pressed";
	ret_event->data = data;
	return HST_OK;
}

static const hst_trigger_ops ops = {
	.size = sizeof ops, .watch = pulse_watch, .ready = pulse_ready, .press = pulse_press};

HST_PLUGIN(pulse) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "pulse",
	.version = "1.0",
	.summary = "Emits a number of events",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct pulse_config),
	.event = HST_FIELDS(event_fields),
	.open = pulse_open,
	.ops = &ops,
};
