/*
 * The smallest trigger: it fires at a fixed pace. Copy this folder, rename tick everywhere, and change what
 * it does.
 *
 *	[trigger pulse]
 *	plugin = tick
 *	every  = 10m
 *	word   = hello
 */
#include <hostler/trigger.h>

#include <stdio.h>

/* Options: the host reads them from the section, checks them, and fills this struct. */
struct tick_config {
	hst_duration every;
	const char *word;
};

static const hst_field tick_options[] = {
	HST_FIELD(struct tick_config, every, .def = "60s", .min = 100, .max = 86400000,
		  .doc = "time between two events"),
	HST_FIELD(struct tick_config, word, .def = "hello", .doc = "text put into each event"),
};

/* Event: what flows see as ${trigger.word} and ${trigger.number}. */
struct tick_event {
	const char *word;
	int64_t number;
};

static const hst_field tick_events[] = {
	HST_FIELD(struct tick_event, word, .doc = "the option word"),
	HST_FIELD(struct tick_event, number, .doc = "how many events this process has made so far"),
};

/* What one open instance remembers. Its memory lives until close. */
struct tick {
	const struct tick_config *config;
	hst_time next;
	int64_t number;
};

static int tick_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct tick *tick = host->alloc(host->instance_arena, sizeof *tick);

	(void)err;
	tick->config = config;
	tick->next.us = hst_now_us(host) + tick->config->every.ms * 1000;
	*ret_state = tick;
	return HST_OK;
}

/* Wake me at this time. A trigger that listens to something gives its file descriptor instead. */
static int tick_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	const struct tick *tick = state;

	(void)call, (void)err;
	*ret = (hst_watch){.fd = -1, .at = tick->next};
	return HST_OK;
}

/*
 * The key names the moment, not the attempt: when the host is away and this is called again, the event is
 * still the same, and it is stored once.
 */
static int tick_ready(void *state, hst_call *call, hst_error *err)
{
	struct tick *tick = state;
	struct tick_event event = {.word = tick->config->word, .number = tick->number + 1};
	char key[40];
	int code;

	if (hst_now_us(call->host) < tick->next.us)
		return HST_OK;
	snprintf(key, sizeof key, "%lld", (long long)tick->next.us);
	code = hst_emit(call->host, &(hst_event){.key = key, .data = &event}, 1, err);
	if (code != HST_OK)
		return code;
	tick->number++;
	tick->next.us += tick->config->every.ms * 1000;
	if (tick->next.us < hst_now_us(call->host)) /* the machine was suspended: go on from now */
		tick->next.us = hst_now_us(call->host) + tick->config->every.ms * 1000;
	return HST_OK;
}

static const hst_trigger_ops tick_ops = {
	.size = sizeof tick_ops,
	.watch = tick_watch,
	.ready = tick_ready,
};

/* The one symbol of the file. Its name is hst_plugin_ and the name of the file without ".so". */
HST_PLUGIN(tick) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "tick",
	.version = "1.0",
	.summary = "Fires at a fixed pace",
	.options = HST_FIELDS(tick_options),
	.config_size = sizeof(struct tick_config),
	.event = HST_FIELDS(tick_events),
	.open = tick_open,
	.ops = &tick_ops,
};
