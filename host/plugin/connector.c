#include "plugin/connector.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/text.h"
#include "plugin/guard.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <string.h>

const hst_action *connector_action(const struct plugin_instance *connector, const char *name)
{
	const hst_plugin *plugin = connector->plugin;

	for (size_t i = 0; i < plugin->action_count; i++)
		if (strcmp(plugin->actions[i].name, name) == 0)
			return &plugin->actions[i];
	return NULL;
}

static int fail_with_reason(int code, const char *reason, const hst_error *said, hst_error *err)
{
	return hst_fail_as(err, (hst_code)code, said->reason[0] ? said->reason : reason, "%s", said->text);
}

/* The reason of a failure for which the plugin gave none. */
static const char *reason_of(int code)
{
	switch (code) {
	case HST_TIMEOUT:
		return "ActionTimeout";
	case HST_CANCELLED:
		return "Cancelled";
	default:
		return "ActionFailed";
	}
}

/* What the receiver would refuse to read is better said here, where the plugin is known. */
static bool count_fits(const hst_value *value, int depth, size_t *count)
{
	if (++*count > VALUE_COUNT_MAX || depth >= VALUE_DEPTH_MAX)
		return false;
	for (size_t i = 0; i < value_count(value); i++)
		if (!count_fits(value_at(value, i), depth + 1, count))
			return false;
	return true;
}

/* Outputs travel as one message, so they have a ceiling; more than that belongs into a file of the run. */
static int check_size(const hst_value *outputs, hst_error *err)
{
	AUTO(text) struct text json;
	size_t count = 0;

	text_init_wiping(&json, VALUE_BYTES_MAX);
	if (!count_fits(outputs, 0, &count))
		return hst_fail(err, HST_INVALID,
				"the outputs are more than %d values or nested more than %d deep",
				VALUE_COUNT_MAX, VALUE_DEPTH_MAX);
	value_write_json(&json, outputs);
	if (json.over)
		return hst_fail(
			err, HST_INVALID,
			"the outputs are larger than 1 MiB as JSON; ask for less, or use a file of the run");
	return HST_OK;
}

static int run_bound(struct plugin_instance *connector, const hst_action *action, hst_call *call,
		     const hst_value *inputs, bool unshown, const hst_value **ret_values, hst_error *err)
{
	void *input = arena_alloc(call->arena, action->input_size ? action->input_size : 1);
	void *output = arena_alloc(call->arena, action->output_size ? action->output_size : 1);
	const hst_value *unused = NULL;
	hst_error said = {0};
	int code;

	if (!fields_bind(call->arena, action->inputs, inputs, input))
		return hst_fail_as(err, HST_DENIED, "SecretUnusable", "%s", plugin_no_room);
	plugin_begin(connector, action->name, guard_limit(call));
	code = action->run(connector->state, call, input, inputs, output, &unused, &said);
	if ((code = plugin_answer(connector->plugin, action->name, code, &said, &said)) != HST_OK)
		return fail_with_reason(code, reason_of(code), &said, err);
	code = fields_unbind(call->arena, action->outputs, output, ret_values, &said);
	if (code != HST_OK && unshown)
		hst_fail(&said, (hst_code)code, "an output breaks the rules of its field; it is not shown");
	return code == HST_OK ? HST_OK : fail_with_reason(code, "OutputInvalid", &said, err);
}

static int run_shaped(struct plugin_instance *connector, const hst_action *action, hst_call *call,
		      const hst_value *inputs, const hst_value **ret_values, hst_error *err)
{
	hst_error said = {0};
	int code;

	plugin_begin(connector, action->name, guard_limit(call));
	code = action->run(connector->state, call, NULL, inputs, NULL, ret_values, &said);
	code = plugin_answer(connector->plugin, action->name, code, &said, &said);
	return code == HST_OK ? HST_OK : fail_with_reason(code, reason_of(code), &said, err);
}

int connector_run(struct plugin_instance *connector, const hst_action *action, const hst_shape *shape,
		  hst_call *call, const hst_value *inputs, bool unshown, const hst_value **ret_outputs, hst_error *err)
{
	const hst_value *checked = NULL, *values = NULL, *outputs = NULL;
	hst_error said = {0};
	int code;

	code = fields_check(call->arena, shape ? shape->inputs : action->inputs, "input", inputs, false,
			    &checked, &said);
	if (code != HST_OK)
		return fail_with_reason(code, "InputInvalid", &said, err);

	code = shape ? run_shaped(connector, action, call, checked, &values, err)
		     : run_bound(connector, action, call, checked, unshown, &values, err);
	if (code != HST_OK)
		return code;

	code = (unshown ? fields_check_unshown : fields_check)(call->arena, shape ? shape->outputs : action->outputs, "output", values,
							       false, &outputs, &said);
	if (code == HST_OK)
		code = check_size(outputs, &said);
	if (code != HST_OK)
		return fail_with_reason(code, "OutputInvalid", &said, err);
	*ret_outputs = outputs;
	return HST_OK;
}
