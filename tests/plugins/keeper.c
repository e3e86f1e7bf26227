/* A trigger that keeps a secret over restarts, and puts secrets into its events. */
#include <hostler/secret.h>
#include <hostler/trigger.h>
#include <hostler/value.h>

#include <string.h>

struct keeper_config {
	const char *token;
	bool blurts, stumbles;
};

static const hst_field options[] = {
	HST_FIELD(struct keeper_config, token, .doc = "what it keeps, if it keeps nothing yet"),
	HST_FIELD(struct keeper_config, blurts, .doc = "what it has is put into events, too, that nobody asked for"),
	HST_FIELD(struct keeper_config, stumbles, .doc = "it finds nothing, and says with what it has looked"),
};

struct keeper_event {
	hst_secret *pin;
	const char *word;
};

static const hst_field event_fields[] = {
	HST_FIELD(struct keeper_event, pin, .doc = "a secret"),
	HST_FIELD(struct keeper_event, word, .doc = "what was found, or what is to be done"),
};

struct keeper {
	const struct keeper_config *config;
	bool looked;
};

static int keeper_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct keeper *keeper = host->alloc(host->instance_arena, sizeof *keeper);

	(void)err;
	keeper->config = config;
	*ret_state = keeper;
	return HST_OK;
}

static int keeper_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	struct keeper *keeper = state;

	if (keeper->config->stumbles) {
		hst_make_secret(call, keeper->config->token, strlen(keeper->config->token));
		return hst_fail(err, HST_RETRY, "nothing is found with %s", keeper->config->token);
	}
	ret->fd = -1;
	ret->at.us = keeper->config->token && !keeper->looked ? hst_now_us(call->host) : 0;
	return HST_OK;
}

static int keep(hst_call *call, const char *token, hst_error *err)
{
	int code = hst_state_put_secret(call->host, "done", hst_make_secret(call, token, strlen(token)), err);

	return code == HST_OK ? hst_emit(call->host, NULL, 0, err) : code;
}

/* Two events with a secret, and one without. */
static int blurt(hst_call *call, const char *token, hst_error *err)
{
	struct keeper_event first = {.pin = hst_make_secret(call, token, strlen(token)), .word = "first"}, none = {.word = "none"},
			    last = {.pin = hst_make_secret(call, "canary-2fa7-last", strlen("canary-2fa7-last")), .word = "last"};
	const hst_event events[] = {{.data = &first, .key = "first"}, {.data = &none, .key = "none"}, {.data = &last, .key = "last"}};

	return hst_emit(call->host, events, 3, err);
}

static int keeper_ready(void *state, hst_call *call, hst_error *err)
{
	struct keeper *keeper = state;
	struct keeper_event data = {.word = "what is kept cannot be opened"};
	hst_secret *kept = NULL;
	size_t length = 0;
	int code = hst_state_get_secret(call, "done", &kept, err);

	keeper->looked = true;
	if (code == HST_NOT_FOUND && !keeper->config->blurts)
		return keep(call, keeper->config->token, err);
	if (code == HST_OK && strcmp(hst_secret_bytes(call, kept, &length), keeper->config->token) == 0)
		data.word = "it is the same";
	if (keeper->config->blurts)
		return blurt(call, keeper->config->token, err);
	return hst_emit(call->host, &(hst_event){.data = &data}, 1, err);
}

/* The inputs as they are; with the word "own" a secret of its own. */
static int keeper_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err)
{
	struct keeper_event *data = hst_alloc(call, sizeof *data);

	(void)state, (void)err;
	if (strcmp(hst_text(call, hst_get(call, inputs, "word")), "own") != 0) {
		ret_event->values = inputs;
		return HST_OK;
	}
	data->pin = hst_make_secret(call, "made by the trigger", strlen("made by the trigger"));
	ret_event->data = data;
	return HST_OK;
}

static const hst_trigger_ops keeper_ops = {
	.size = sizeof keeper_ops,
	.watch = keeper_watch,
	.ready = keeper_ready,
	.press = keeper_press,
};

HST_PLUGIN(keeper) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "keeper",
	.version = "1.0",
	.summary = "Keeps a secret, and gives secrets",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct keeper_config),
	.event = HST_FIELDS(event_fields),

	.open = keeper_open,
	.ops = &keeper_ops,
};
