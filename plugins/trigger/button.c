/*
 * A button: a person presses it, on the command line or elsewhere, and fills in the inputs its section
 * declares.
 *
 *	[trigger start]
 *	plugin      = button
 *	label       = Enter an order
 *	input.order = integer required
 *	input.size  = choice small, medium, large default medium
 *
 * The declarations are read by button_inputs.c.
 */
#include "button_inputs.h"

#include <hostler/trigger.h>
#include <hostler/value.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

struct button_config {
	const char *label;
	hst_duration guard;
	const hst_value *inputs;
};

static const hst_field button_options[] = {
	HST_FIELD(struct button_config, label, .doc = "what the button says to people"),
	HST_FIELD(struct button_config, guard, .def = "0s",
		  .doc = "a further press with the same inputs within this time is the same press"),
	HST_FIELD(
		struct button_config, inputs, .name = "input.*",
		.doc = "an input: TYPE [required] [default VALUE], for a choice: choice A, B, C [default B]"),
};

struct button {
	const struct button_config *config;
	int64_t last_us;     /* when the press was made that a further one may be taken for; 0: none */
	uint64_t last_print; /* of its inputs */
	char last_key[32];
	time_t second; /* of `date` */
	char date[32]; /* when it was last pressed; "": never */
};

static int button_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	const struct button_config *button = config;

	return button_read_inputs(call, button->inputs, &ret->event, err);
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
 * The key of the press. The host stores one event per key, so a press that is taken for the last one gets its
 * key. Without guard no two presses are the same, and there is no key.
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

static void put_digits(char *to, size_t n, int64_t number)
{
	while (n-- > 0) {
		to[n] = (char)('0' + number % 10);
		number /= 10;
	}
}

/* Presses of one second differ only in what stands behind it. */
static const hst_value *date_value(struct button *button, hst_call *call, int64_t at_us)
{
	time_t second = at_us / 1000000;
	struct tm parts;

	if (second != button->second || !button->date[0]) {
		gmtime_r(&second, &parts);
		strftime(button->date, sizeof button->date, "%Y-%m-%dT%H:%M:%S.000000Z", &parts);
		button->second = second;
	}
	put_digits(button->date + strlen(button->date) - strlen("000000Z"), 6, at_us % 1000000);
	return hst_make_text(call, button->date, strlen(button->date));
}

static int button_press(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event,
			hst_error *err)
{
	struct button *button = state;
	int64_t now_us = hst_now_us(call->host);
	hst_value *values = hst_make_record(call);

	/*
	 * Inputs and event share their fields, but when a button was pressed is not for the one who presses
	 * to say.
	 */
	if (hst_kind(call, hst_get(call, inputs, BUTTON_PRESSED_AT)) != HST_VALUE_ABSENT)
		return hst_fail(err, HST_INVALID,
				"input \"" BUTTON_PRESSED_AT "\" is set by the button itself");
	for (size_t i = 0; i < hst_count(call, inputs); i++)
		hst_set(call, values, hst_name_at(call, inputs, i), hst_at(call, inputs, i));
	hst_set(call, values, BUTTON_PRESSED_AT, date_value(button, call, now_us));
	ret_event->key = press_key(button, call, inputs, now_us);
	ret_event->values = values;
	return HST_OK;
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
	.version = "1.0",
	.summary = "Fires when somebody presses it, with typed inputs",
	.options = HST_FIELDS(button_options),
	.config_size = sizeof(struct button_config),
	.fields = button_fields,
	.open = button_open,
	.ops = &button_ops,
	.about = "The inputs are options `input.NAME = TYPE [required] [default VALUE]`, for example\n"
		 "`input.size = choice small, large default large`. They are asked for by `hostler press`, and flows see\n"
		 "them as `${trigger.size}`; `${trigger.pressed_at}` is when it was pressed.",
};
