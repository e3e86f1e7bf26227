#include "desktop/flowrun_outputs.h"

#include "base/arena.h"
#include "base/text.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdarg.h>
#include <string.h>

void flow_outputs_init(struct flow_outputs *outputs, hst_arena *arena, hst_fields declared)
{
	*outputs = (struct flow_outputs){.arena = arena,
					 .declared = declared,
					 .given = value_make_record(arena),
					 .seen = arena_array(arena, declared.n + 1, sizeof(bool))};
}

void flow_outputs_forget(struct flow_outputs *outputs, hst_arena *arena)
{
	bool *seen = arena_array(arena, outputs->declared.n + 1, sizeof *seen);

	memcpy(seen, outputs->seen, outputs->declared.n * sizeof *seen);
	outputs->arena = arena;
	outputs->seen = seen;
	outputs->given = value_make_record(arena);
}

void flow_outputs_fault(struct flow_outputs *outputs, const char *format, ...)
{
	va_list args;

	if (outputs->fault[0])
		return;
	va_start(args, format);
	vsnprintf(outputs->fault, sizeof outputs->fault, format, args);
	va_end(args);
}

static void unknown(struct flow_outputs *outputs, const char *name)
{
	const char *nearest;

	/* Of many only the first is said, so only for that one a name is looked for. */
	if (outputs->fault[0])
		return;
	nearest = fields_nearest(outputs->declared, name);
	if (outputs->unshown)
		name = "(not shown)";
	flow_outputs_fault(outputs, "unknown output \"%.60s\"%s%s%s", name,
			   nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			   nearest ? "\"?" : ": the package declares none of that name");
}

bool flow_outputs_expect(struct flow_outputs *outputs, const char *name)
{
	const hst_field *field = fields_find(outputs->declared, name);
	bool *seen = field ? &outputs->seen[field - outputs->declared.at] : NULL;

	if (!field) {
		unknown(outputs, name);
		return false;
	}
	if (*seen) {
		flow_outputs_fault(outputs, "output \"%s\" was given twice", name);
		return false;
	}
	*seen = true;
	return true;
}

bool flow_outputs_give_json(struct flow_outputs *outputs, const char *name, const char *bytes, size_t length)
{
	const hst_value *value;
	hst_error err = {0};

	if (length > VALUE_BYTES_MAX - outputs->bytes) {
		flow_outputs_fault(outputs, "with output \"%s\" the outputs are larger than %d KiB", name,
				   VALUE_BYTES_MAX >> 10);
		return false;
	}
	if (value_parse_json(outputs->arena, bytes, length, &value, &err) != HST_OK) {
		flow_outputs_fault(outputs, "output \"%s\" is no JSON value: %.300s", name, err.text);
		return false;
	}
	/* Room for the name and what JSON puts round it, so that the whole record stays below the ceiling. */
	outputs->bytes += length + strlen(name) + 4;
	if (outputs->bytes > VALUE_BYTES_MAX)
		outputs->bytes = VALUE_BYTES_MAX;
	value_set(outputs->given, name, value);
	return true;
}

/* Through JSON, because that is the copy of a tree into another arena. */
bool flow_outputs_give(struct flow_outputs *outputs, const char *name, const hst_value *value)
{
	struct text json;
	bool given;

	text_init_wiping(&json, VALUE_BYTES_MAX);
	value_write_json(&json, value);
	given = flow_outputs_give_json(outputs, name, json.s, json.length);
	text_clear(&json);
	return given;
}

int flow_outputs_check(const struct flow_outputs *outputs, const hst_value **ret, hst_error *err)
{
	hst_error why = {0};

	if (outputs->fault[0])
		return hst_fail_as(err, HST_INVALID, "OutputInvalid", "%s", outputs->fault);
	if ((outputs->unshown ? fields_check_unshown : fields_check)(outputs->arena, outputs->declared, "output", outputs->given, false, ret,
								     &why) != HST_OK)
		return hst_fail_as(err, HST_INVALID, "OutputInvalid", "%s", why.text);
	return HST_OK;
}

const hst_value *flow_outputs_right(const struct flow_outputs *outputs)
{
	hst_value *right = value_make_record(outputs->arena);

	for (size_t i = 0; i < value_count(outputs->given); i++) {
		const char *name = value_name_at(outputs->given, i);
		const hst_field *field = fields_find(outputs->declared, name);
		const hst_value *value;

		if (field &&
		    type_check(outputs->arena, field, value_at(outputs->given, i), &value, NULL) == HST_OK)
			value_set(right, name, value);
	}
	return right;
}
