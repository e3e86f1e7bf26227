/*
 * Runs a program that speaks the protocol of desktop flows, outside of any session. Its manifest, in the
 * format of desktop-flow.ini, declares the inputs and outputs of the one action.
 *
 *	[connector convert]
 *	plugin  = exec
 *	program = convert/desktop-flow.ini
 *
 * The host makes the option `program` absolute, relative to the file that says it, so a relative one is
 * refused here.
 */
#include <hostler/connector.h>
#include <hostler/value.h>

struct exec_config {
	const char *program;
};

static const hst_field exec_options[] = {
	HST_FIELD(struct exec_config, program, .required = true, .min = 1, .max = 4000,
		  .doc = "manifest of the program, in the format of desktop-flow.ini"),
};

static int check_absolute(const struct exec_config *config, hst_error *err)
{
	if (config->program[0] == '/')
		return HST_OK;
	return hst_fail(err, HST_INVALID, "program must be an absolute path, got \"%.200s\"",
			config->program);
}

static int exec_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	const struct exec_config *exec = config;
	hst_program_shape shape = {0};
	int code;

	if ((code = check_absolute(exec, err)) != HST_OK)
		return code;
	if ((code = hst_program_describe(call, exec->program, &shape, err)) != HST_OK)
		return code;
	ret->inputs = shape.inputs;
	ret->outputs = shape.outputs;
	ret->deadline = shape.timeout;
	return HST_OK;
}

static int exec_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host;
	*ret_state = (void *)(uintptr_t)config;
	return check_absolute(config, err);
}

/* The manifest can be read and is right. */
static int exec_check(void *state, hst_call *call, hst_error *err)
{
	const struct exec_config *config = state;
	hst_program_shape shape = {0};

	return hst_program_describe(call, config->program, &shape, err);
}

static int exec_run(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
		    const hst_value **ret_values, hst_error *err)
{
	const struct exec_config *config = state;

	(void)input, (void)output;
	return hst_program_run(call, config->program, values, ret_values, err);
}

/* Not idempotent: what the program does is not known here. Inputs and outputs are those of its manifest. */
static const hst_action exec_actions[] = {
	{
		.name = "run",
		.summary = "Runs the program to its end",
		.run = exec_run,
	},
};

HST_PLUGIN(exec) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_CONNECTOR,
	.name = "exec",
	.version = "1.0",
	.summary = "Runs a program that speaks the protocol of desktop flows",
	.options = HST_FIELDS(exec_options),
	.config_size = sizeof(struct exec_config),
	.actions = exec_actions,
	.action_count = sizeof exec_actions / sizeof exec_actions[0],
	.fields = exec_fields,
	.open = exec_open,
	.check = exec_check,
	.about = "The program speaks the protocol of [desktop flows](../desktop-flows.md). The option `program` names a\n"
		 "manifest in the form of `desktop-flow.ini`, which also declares the inputs and outputs of the one action;\n"
		 "the steps of a flow say `use = connector:NAME.run`.\n\n"
		 "It runs as the worker does, and gets no more rights than that: `sudo` and setuid programs do not work in it.",
};
