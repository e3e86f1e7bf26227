/* A connector whose actions do what actions should not, one each. */
#include <hostler/connector.h>

#include <poll.h>
#include <signal.h>
#include <stdlib.h>

struct echo {
	const char *text;
};

static const hst_field echo_fields[] = {
	HST_FIELD(struct echo, text, .required = true, .max = 1000, .doc = "comes back"),
};

static int stubborn_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)host, (void)err;
	*ret_state = NULL;
	return HST_OK;
}

static int echo(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)values, (void)ret_values, (void)err;
	((struct echo *)output)->text = ((const struct echo *)input)->text;
	return HST_OK;
}

/* Works on, in small pieces, until it is not wanted any more. */
static int wait_long(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		     const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)input, (void)values, (void)output, (void)ret_values;
	while (!hst_cancelled(call))
		poll(NULL, 0, 1);
	return hst_fail(err, HST_CANCELLED, "somebody asked to stop");
}

static int refuse(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		  const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)input, (void)values, (void)output, (void)ret_values;
	return hst_fail_as(err, HST_DENIED, "Denied", "nobody may do this");
}

static int break_down(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		      const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)input, (void)values, (void)output, (void)ret_values;
	return hst_fail(err, HST_BROKEN, "nothing works any more");
}

/* Never comes back, whatever its deadline. */
static int hang(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)input, (void)values, (void)output, (void)ret_values, (void)err;
	while (poll(NULL, 0, -1) <= 0)
		continue;
	return HST_OK;
}

static int crash(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		 const hst_value **ret_values, hst_error *err)
{
	(void)state, (void)call, (void)input, (void)values, (void)output, (void)ret_values, (void)err;
	raise(SIGKILL);
	return HST_OK;
}

static const hst_action actions[] = {
	{.name = "echo", .summary = "gives back its input", .inputs = HST_FIELDS(echo_fields),
	 .input_size = sizeof(struct echo), .outputs = HST_FIELDS(echo_fields), .output_size = sizeof(struct echo),
	 .run = echo},
	{.name = "wait", .summary = "works until it is cancelled", .run = wait_long},
	{.name = "refuse", .summary = "is not allowed", .run = refuse},
	{.name = "break", .summary = "breaks the instance", .run = break_down},
	{.name = "hang", .summary = "never returns", .run = hang},
	{.name = "crash", .summary = "takes its process along", .run = crash},
};

HST_PLUGIN(stubborn) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "stubborn",
	.version = "1.0",
	.summary = "Misbehaves in several ways",
	.actions = actions,
	.action_count = sizeof actions / sizeof actions[0],
	.open = stubborn_open,
};
