#include "odd_plugin.h"

#include "base/arena.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

struct odd_next next;
const struct odd_config *odd_seen;
int odd_opened, odd_closed;
hst_host odd_host;
hst_call odd_call;
struct plugin_instance *odd;

static int answer(hst_error *err)
{
	if (next.code != HST_OK && next.text)
		hst_fail_as(err, (hst_code)next.code, next.reason, "%s", next.text);
	return next.code;
}

static const hst_field options[] = {
	HST_FIELD(struct odd_config, count, .def = "3", .doc = "a"),
	HST_FIELD(struct odd_config, word, .doc = "b"),
};

static int open_it(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host;
	odd_seen = config;
	odd_opened++;
	*ret_state = &odd_opened;
	return answer(err);
}

static void close_it(void *state)
{
	assert_ptr_equal(state, &odd_opened);
	odd_closed++;
}

static int choose_it(void *state, hst_call *call, const hst_candidate *candidates, size_t n,
		     const hst_placement_demand *demand, uint64_t draw, size_t *ret_index, hst_error *err)
{
	(void)state, (void)call, (void)candidates, (void)n, (void)demand, (void)draw;
	*ret_index = next.index;
	return answer(err);
}

static int slots_it(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		    size_t n, int64_t *ret_max, int64_t *ret_free, hst_error *err)
{
	(void)state, (void)call, (void)device, (void)sessions, (void)n;
	*ret_max = next.max;
	*ret_free = next.free;
	return answer(err);
}

static int plan_it(void *state, hst_call *call, const hst_device *device, const hst_session *sessions,
		   size_t n, const hst_demand *demand, hst_plan *ret, hst_error *err)
{
	(void)state, (void)call, (void)device, (void)sessions, (void)n, (void)demand;
	*ret = next.plan;
	return answer(err);
}

static int retire_it(void *state, hst_call *call, const hst_session *session, hst_retirement *ret,
		     hst_error *err)
{
	(void)state, (void)call, (void)session;
	*ret = next.retirement;
	return answer(err);
}

static int watch_it(void *state, hst_call *call, hst_watch *ret, hst_error *err)
{
	(void)state, (void)call;
	*ret = next.watch;
	return answer(err);
}

static int ready_it(void *state, hst_call *call, hst_error *err)
{
	(void)state, (void)call;
	return answer(err);
}

static int say_next(void *state, hst_call *call, hst_time after, size_t n, hst_coming *ret, size_t *ret_n, hst_error *err)
{
	(void)state, (void)call, (void)after;
	for (size_t i = 0; i < n && i < next.coming_count; i++)
		ret[i] = next.coming[i];
	*ret_n = next.coming_count;
	return answer(err);
}

static int press_it(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event,
		    hst_error *err)
{
	(void)state, (void)call, (void)inputs;
	*ret_event = next.event;
	return answer(err);
}

static int list_it(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions,
		   size_t *ret_n, hst_error *err)
{
	(void)state, (void)call;
	*ret_device = next.device;
	*ret_sessions = next.sessions;
	*ret_n = next.session_count;
	return answer(err);
}

static int identify_it(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	(void)state, (void)call, (void)user;
	ret->key = next.id;
	ret->name = "bot1";
	return answer(err);
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session,
			hst_error *err)
{
	(void)state, (void)call, (void)what;
	*ret_session = next.id;
	return answer(err);
}

static int start_it(void *state, hst_call *call, const char *session, const hst_start *what, pid_t *ret_pid,
		    hst_error *err)
{
	(void)state, (void)call, (void)session, (void)what;
	*ret_pid = next.pid;
	return answer(err);
}

static int close_session(void *state, hst_call *call, const char *session, hst_error *err)
{
	(void)state, (void)call, (void)session;
	return answer(err);
}

struct run_input {
	const char *text;
	int64_t times;
};

struct run_output {
	const char *text;
	int64_t count;
	const hst_value *tree;
};

static const hst_field run_inputs[] = {
	HST_FIELD(struct run_input, text, .required = true, .doc = "a"),
	HST_FIELD(struct run_input, times, .def = "2", .min = 1, .max = 2000000, .doc = "b"),
};

static const hst_field run_outputs[] = {
	HST_FIELD(struct run_output, text, .required = true, .doc = "a"),
	HST_FIELD(struct run_output, count, .min = 0, .max = 9, .doc = "b"),
	HST_FIELD(struct run_output, tree, .doc = "c"),
};

/*
 * Gives `text` back; "none" leaves it out, "many" gives a count beyond its bounds, "deep" a tree nested
 * `times` deep.
 */
static int run_it(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		  const hst_value **ret_values, hst_error *err)
{
	const struct run_input *in = input;
	struct run_output *out = output;

	(void)state, (void)ret_values;
	assert_string_equal(value_text(value_get(values, "text")), in->text);
	if (strcmp(in->text, "none") != 0)
		out->text = in->text;
	if (strcmp(in->text, "many") == 0)
		out->count = 10;
	if (strcmp(in->text, "wide") == 0) {
		hst_value *list = hst_make_list(call);

		for (int64_t i = 0; i < in->times; i++)
			hst_append(call, list, hst_make_number(call, "1"));
		out->tree = list;
	}
	if (strcmp(in->text, "long") == 0) {
		char *text = hst_alloc(call, (size_t)in->times + 1);

		memset(text, 'x', (size_t)in->times);
		out->text = text;
	}
	return answer(err);
}

static const hst_action actions[] = {
	{
		.name = "run",
		.summary = "Runs",
		.inputs = HST_FIELDS(run_inputs),
		.input_size = sizeof(struct run_input),
		.outputs = HST_FIELDS(run_outputs),
		.output_size = sizeof(struct run_output),
		.run = run_it,
	},
};

const hst_balancer_ops odd_balancer = {.size = sizeof odd_balancer, .choose = choose_it};
const hst_strategy_ops odd_strategy = {.size = sizeof odd_strategy,
				       .systems = HST_LINUX,
				       .slots = slots_it,
				       .plan = plan_it,
				       .retire = retire_it};
const hst_trigger_ops odd_trigger = {
	.size = sizeof odd_trigger, .watch = watch_it, .ready = ready_it, .press = press_it, .next = say_next};
/* As an older plugin has it: what lies beyond `size` must not be called, though it is there. */
const hst_trigger_ops odd_old_trigger = {
	.size = offsetof(hst_trigger_ops, press), .watch = watch_it, .ready = ready_it, .press = press_it};
const hst_driver_ops odd_driver = {
	.size = sizeof odd_driver,
	.list = list_it,
	.identify = identify_it,
	.open = open_session,
	.start = start_it,
	.close = close_session,
};

static hst_plugin plugin;

int odd_open(hst_plugin_kind kind, const void *ops, hst_error *err)
{
	const hst_value *checked;
	int code;

	plugin = (hst_plugin){
		.abi = HST_ABI,
		.size = sizeof plugin,
		.kind = kind,
		.name = "odd",
		.version = "1.0",
		.summary = "Does as it is told",
		.options = HST_FIELDS(options),
		.config_size = sizeof(struct odd_config),
		.event = HST_FIELDS(options),
		.actions = kind == HST_CONNECTOR ? actions : NULL,
		.action_count = kind == HST_CONNECTOR,
		.open = open_it,
		.close = close_it,
		.ops = ops,
	};
	code = fields_check(odd_call.arena, plugin.options, "option", NULL, false, &checked, err);
	return code == HST_OK ? plugin_open(&plugin, checked, &odd_host, &odd, err) : code;
}

int odd_begin(void **unused)
{
	hst_arena *arena = arena_new();

	(void)unused;
	plugin_plain_host(&odd_host, "odd-one", arena);
	plugin_plain_call(&odd_call, &odd_host, arena);
	next = (struct odd_next){.device.load_milli = -1};
	odd_opened = odd_closed = 0;
	odd = NULL;
	return 0;
}

int odd_end(void **unused)
{
	(void)unused;
	plugin_close(odd);
	arena_free(odd_call.arena);
	return 0;
}
