/* A connector that misbehaves where and how its option says, also in what it returns. */
#include "deeds.h"

#include <hostler/connector.h>
#include <hostler/value.h>

struct unruly {
	const struct deed_config *config;
	hst_host *host;
};

static const hst_field options[] = {DEED_OPTION};

static const hst_field fields[] = {{.name = "text", .type = HST_TYPE_TEXT, .doc = "comes back"}};
static const hst_field wrong_fields[] = {{.name = "Text", .type = HST_TYPE_TEXT}};

static int unruly_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	const bool wrong = deed_is(config, "wrong", "fields");

	ret->inputs = (hst_fields){fields, 1};
	ret->outputs = (hst_fields){wrong ? wrong_fields : fields, 1};
	return deed_in("fields", config, call->host, err);
}

static int unruly_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct unruly *unruly = host->alloc(host->instance_arena, sizeof *unruly);

	unruly->config = config;
	unruly->host = host;
	*ret_state = unruly;
	return deed_in("open", config, host, err);
}

static int unruly_check(void *state, hst_call *call, hst_error *err)
{
	return deed_in("check", ((struct unruly *)state)->config, call->host, err);
}

static void unruly_close(void *state)
{
	const struct unruly *unruly = state;

	deed_in("close", unruly->config, unruly->host, NULL);
}

static const hst_value *deep(hst_call *call)
{
	hst_value *inner = hst_make_list(call);

	for (int i = 0; i < 100000; i++) {
		hst_value *outer = hst_make_list(call);

		hst_append(call, outer, inner);
		inner = outer;
	}
	return inner;
}

static const hst_value *large(hst_call *call)
{
	size_t n = 8 << 20;
	char *text = hst_alloc(call, n);

	memset(text, 'x', n);
	return hst_make_text(call, text, n);
}

static const hst_value *many(hst_call *call)
{
	hst_value *list = hst_make_list(call);

	for (int i = 0; i < 300000; i++)
		hst_append(call, list, hst_make_boolean(call, true));
	return list;
}

static int unruly_call(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		       const hst_value **ret_values, hst_error *err)
{
	const struct deed_config *config = ((const struct unruly *)state)->config;
	hst_value *outputs = hst_make_record(call);

	(void)input, (void)output;
	hst_set(call, outputs, "text", hst_get(call, values, "text"));
	if (deed_is(config, "boom", "call") && strcmp(hst_text(call, hst_get(call, values, "text")), "boom") == 0)
		deed_crash();
	if (deed_is(config, "undeclared", "call"))
		hst_set(call, outputs, "surprise", hst_make_boolean(call, true));
	if (deed_is(config, "typed", "call"))
		hst_set(call, outputs, "text", hst_make_list(call));
	if (deed_is(config, "deep", "call"))
		hst_set(call, outputs, "text", deep(call));
	if (deed_is(config, "large", "call"))
		hst_set(call, outputs, "text", large(call));
	if (deed_is(config, "many", "call"))
		hst_set(call, outputs, "text", many(call));
	if (deed_is(config, "bytes", "call"))
		hst_set(call, outputs, "text", hst_make_text(call, "\xff\xc0\x80 x", 5));
	*ret_values = deed_is(config, "nothing", "call") ? NULL : outputs;
	if (deed_is(config, "list", "call"))
		*ret_values = hst_make_list(call);
	return deed_in("call", config, call->host, err);
}

static const hst_action actions[] = {
	{.name = "call", .summary = "gives back its input, or misbehaves", .deadline = {1000}, .run = unruly_call},
	{.name = "again", .summary = "the same, and may be done again", .deadline = {20000}, .flags = HST_IDEMPOTENT,
	 .run = unruly_call},
};

HST_PLUGIN(unruly) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "unruly",
	.version = "1.0",
	.summary = "Misbehaves as its option says",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct deed_config),
	.actions = actions,
	.action_count = sizeof actions / sizeof actions[0],
	.fields = unruly_fields,
	.open = unruly_open,
	.check = unruly_check,
	.close = unruly_close,
};
