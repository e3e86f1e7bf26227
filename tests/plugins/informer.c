/* A trigger that has a secret, keeps it over restarts, talks about it, and puts another one into each event. */
#include <hostler/secret.h>
#include <hostler/trigger.h>

#include <stdio.h>
#include <string.h>

enum { TOKEN_MAX = 200 };

struct informer_config {
	hst_secret *password;
	const char *file;
	bool emits;
};

static const hst_field options[] = {
	HST_FIELD(struct informer_config, password, .required = true, .doc = "what it signs in with"),
	HST_FIELD(struct informer_config, file, .required = true, .doc = "where it finds what goes into an event"),
	HST_FIELD(struct informer_config, emits, .doc = "makes an event by itself, once"),
};

struct informer_event {
	hst_secret *token;
};

static const hst_field event_fields[] = {
	HST_FIELD(struct informer_event, token, .doc = "a secret"),
};

struct informer {
	const struct informer_config *config;
	bool kept;
};

static int informer_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct informer *informer = host->alloc(host->instance_arena, sizeof *informer);

	(void)err;
	informer->config = config;
	*ret_state = informer;
	return HST_OK;
}

static int informer_watch(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	struct informer *informer = state;

	(void)err;
	ret->fd = -1;
	ret->at.us = informer->kept ? 0 : hst_now_us(call->host);
	return HST_OK;
}

static int find_token(const struct informer *informer, hst_call *call, struct informer_event *event, hst_error *err)
{
	FILE *file = fopen(informer->config->file, "r");
	char token[TOKEN_MAX];
	size_t length;

	if (!file)
		return hst_fail(err, HST_NOT_FOUND, "there is nothing to tell");
	setvbuf(file, NULL, _IONBF, 0);
	event->token = hst_make_secret(call, token, fread(token, 1, sizeof token, file));
	explicit_bzero(token, sizeof token);
	fclose(file);
	hst_log(call->host, HST_WARNING, "signed in with %s", (const char *)hst_secret_bytes(call, informer->config->password, &length));
	hst_log(call->host, HST_WARNING, "found %s", (const char *)hst_secret_bytes(call, event->token, &length));
	return HST_OK;
}

static int informer_ready(void *state, hst_call *call, hst_error *err)
{
	struct informer *informer = state;
	struct informer_event data = {0};
	int code = hst_state_put_secret(call->host, "password", informer->config->password, err);

	if (code == HST_OK && informer->config->emits)
		code = find_token(informer, call, &data, err);
	if (code == HST_OK)
		code = hst_emit(call->host, &(hst_event){.data = &data}, informer->config->emits, err);
	informer->kept = code == HST_OK;
	return code;
}

static int informer_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err)
{
	struct informer_event *event = hst_alloc(call, sizeof *event);

	(void)inputs;
	ret_event->data = event;
	return find_token(state, call, event, err);
}

static const hst_trigger_ops informer_ops = {
	.size = sizeof informer_ops,
	.watch = informer_watch,
	.ready = informer_ready,
	.press = informer_press,
};

HST_PLUGIN(informer) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "informer",
	.version = "1.0",
	.summary = "Has a secret, and tells others",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct informer_config),
	.event = HST_FIELDS(event_fields),

	.open = informer_open,
	.ops = &informer_ops,
};
