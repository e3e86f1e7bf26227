/*
 * A button: a person presses it, on the command line or elsewhere, and fills in the inputs its section
 * declares.
 *
 *	[trigger start]
 *	plugin      = button
 *	label       = Enter an order
 *	input.order = integer from 1 required
 *	label.order = Number of the order
 *	input.size  = choice small, medium, large default medium
 *
 * The declarations are read by declared.c.
 */
#include "declared.h"

#include <hostler/trigger.h>
#include <hostler/value.h>

#include <stdio.h>
#include <string.h>

struct button_config {
	const char *label;
	hst_duration guard;
	const hst_value *inputs, *labels;
};

static const hst_field button_options[] = {
	HST_FIELD(struct button_config, label, .doc = "what the button says to people"),
	HST_FIELD(struct button_config, guard, .def = "0s",
		  .doc = "a further press with the same inputs within this time is the same press"),
	HST_FIELD(struct button_config, inputs, .name = "input.*", .doc = "an input: " DECLARED_DOC),
	HST_FIELD(struct button_config, labels, .name = "label.*", .as = HST_TYPE_TEXT,
		  .doc = "what people are asked with for that input, instead of its name"),
};

static const hst_field own[] = {
	{.member = "pressed_at", .name = "pressed_at", .type = HST_TYPE_DATE, .doc = "when the button was pressed"},
	{.member = "pressed_by", .name = "pressed_by", .type = HST_TYPE_TEXT, .doc = "the operator who pressed it, as their key is called"},
};

struct button {
	const struct button_config *config;
	int64_t last_us;     /* when the press was made that a further one may be taken for; 0: none */
	uint64_t last_print; /* of its inputs */
	char last_key[32];
	struct declared_clock clock;
};

static int button_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	const struct button_config *button = config;

	return declared_read(call,
			     &(struct declared){.prefix = "input", .fields = button->inputs, .labels = button->labels, .own = own,
						.own_n = sizeof own / sizeof own[0]},
			     &ret->event, err);
}

static int button_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct button *button = host->alloc(host->instance_arena, sizeof *button);

	(void)err;
	button->config = config;
	*ret_state = button;
	return HST_OK;
}

/*
 * FNV-1a. A number that stands for bytes; it is compared with one other, so chance collisions do not matter.
 */
static uint64_t print_bytes(uint64_t print, const char *bytes, size_t n)
{
	for (size_t i = 0; i < n; i++)
		print = (print ^ (unsigned char)bytes[i]) * 0x100000001b3u;
	return (print ^ n) * 0x100000001b3u;
}

/* Values from outside are at most 32 deep, so the recursion is too. */
static uint64_t print_value(hst_call *call, uint64_t print, const hst_value *value)
{
	size_t n = hst_count(call, value);
	char kind = (char)(hst_kind(call, value) + (hst_boolean(call, value) ? 16 : 0));

	print = print_bytes(print, &kind, 1);
	print = print_bytes(print, hst_text(call, value), hst_length(call, value));
	for (size_t i = 0; i < n; i++) {
		const char *name = hst_name_at(call, value, i);

		if (name)
			print = print_bytes(print, name, strlen(name));
		print = print_value(call, print, hst_at(call, value, i));
	}
	return print;
}

/*
 * The key of the press. The host keeps one event per key and answers with its run, so a press that is taken for the last one
 * gets its key. Without guard no two presses are the same, and there is no key.
 */
static const char *press_key(struct button *button, hst_call *call, const hst_value *inputs, int64_t now_us)
{
	int64_t since_us = now_us - button->last_us;
	uint64_t print;

	if (button->config->guard.ms <= 0)
		return NULL;
	print = print_value(call, 0xcbf29ce484222325u, inputs);
	if (!button->last_us || print != button->last_print || since_us < 0 ||
	    since_us >= button->config->guard.ms * 1000) {
		button->last_us = now_us;
		button->last_print = print;
		snprintf(button->last_key, sizeof button->last_key, "press-%lld", (long long)now_us);
	}
	return hst_copy(call, button->last_key, strlen(button->last_key));
}

static int button_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event,
			hst_error *err)
{
	struct button *button = state;
	int code = declared_event(call, &button->clock, own, inputs, &ret_event->values, err);

	if (code == HST_OK)
		ret_event->key = press_key(button, call, inputs, hst_now_us(call->host));
	return code;
}

static const hst_trigger_ops button_ops = {
	.size = sizeof button_ops,
	.press = button_press,
};

HST_PLUGIN(button) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_TRIGGER,
	.name = "button",
	.version = "1.1",
	.summary = "Fires when somebody presses it, with typed inputs",
	.options = HST_FIELDS(button_options),
	.config_size = sizeof(struct button_config),
	.fields = button_fields,
	.open = button_open,
	.ops = &button_ops,
	.about = "The inputs are options `input.NAME = TYPE [from MIN] [to MAX] [required] [default VALUE]`, for example\n"
		 "`input.size = choice small, large default large` or `input.pieces = integer from 1 to 99 required`. Types are `text`,\n"
		 "`integer`, `number`, `boolean`, `choice`, `date`, `duration`, `list`, `table`, `file`, `files`, `secret` and `json`; bounds are those\n"
		 "of integers, numbers and durations, and of the bytes of texts and secrets. `label.NAME` is what a form shows instead of the\n"
		 "name. `hostler press` asks for them, and flows see them as `${trigger.size}`.\n\n"
		 "`${trigger.pressed_at}` is when it was pressed, `${trigger.pressed_by}` the operator who did, by the key that the host has\n"
		 "proved. A further press with the same inputs within `guard` makes no run: whoever pressed is told the run of the first.\n"
		 "Two presses with secrets are never the same one, since nobody can compare what is sealed.",
};
