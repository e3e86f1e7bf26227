/*
 * A small connector: it has one action. Rename shout everywhere, and change what it does.
 *
 *	[connector loud]
 *	plugin = shout
 *	mark   = !
 *
 *	[step say]
 *	use = connector:loud.say
 *	input.text = ${trigger.word}
 */
#include <hostler/connector.h>

#include <ctype.h>
#include <string.h>

/* Options: the host reads them from the section, checks them, and fills this struct. */
struct shout_config {
	const char *mark;
};

static const hst_field shout_options[] = {
	HST_FIELD(struct shout_config, mark, .def = "!", .max = 8, .doc = "what the text ends with"),
};

/* Inputs and outputs of the action. The host checks the ones before the call and the others after it. */
struct say_input {
	const char *text;
};

struct say_output {
	const char *text;
	int64_t length;
};

static const hst_field say_inputs[] = {
	HST_FIELD(struct say_input, text, .required = true, .max = 4096, .doc = "what is said"),
};

static const hst_field say_outputs[] = {
	HST_FIELD(struct say_output, text, .doc = "the text, loud"),
	HST_FIELD(struct say_output, length, .doc = "its length in bytes"),
};

static int shout_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	*ret_state = (void *)config;
	return HST_OK;
}

/* Memory of outputs is the call's; it is released by the host. Say HST_RETRY for what may work in a minute. */
static int say_run(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
                   const hst_value **ret_values, hst_error *err)
{
	const struct shout_config *config = state;
	const struct say_input *in = input;
	struct say_output *out = output;
	size_t length = strlen(in->text), end = strlen(config->mark);
	char *loud;

	(void)values, (void)ret_values;
	if (!length)
		return hst_fail(err, HST_INVALID, "there is nothing to say");
	loud = hst_alloc(call, length + end + 1);
	for (size_t i = 0; i < length; i++)
		loud[i] = (char)toupper((unsigned char)in->text[i]);
	memcpy(loud + length, config->mark, end);
	out->text = loud;
	out->length = (int64_t)(length + end);
	return HST_OK;
}

/* Idempotent: after a crash the host may call it again. Leave the flag out where that would do harm. */
static const hst_action shout_actions[] = {
	{
		.name = "say",
		.summary = "Says a text loudly",
		.inputs = HST_FIELDS(say_inputs),
		.input_size = sizeof(struct say_input),
		.outputs = HST_FIELDS(say_outputs),
		.output_size = sizeof(struct say_output),
		.deadline = {10000},
		.flags = HST_IDEMPOTENT,
		.run = say_run,
	},
};

/* The one symbol of the file. Its name is hst_plugin_ and the name of the file without ".so". */
HST_PLUGIN(shout) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "shout",
	.version = "1.0",
	.summary = "Says texts loudly",
	.options = HST_FIELDS(shout_options),
	.config_size = sizeof(struct shout_config),
	.actions = shout_actions,
	.action_count = sizeof shout_actions / sizeof shout_actions[0],
	.open = shout_open,
};
