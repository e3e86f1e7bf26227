#include "desktop/flowrun_environment.h"

#include "base/arena.h"
#include "base/text.h"
#include "desktop/words.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/sealing.h"

#include <ctype.h>
#include <string.h>

char **flow_arguments(hst_arena *arena, const struct package *package, const struct flow_place *place)
{
	char **arguments;
	size_t n = 0;

	while (package->argv[n])
		n++;
	arguments = arena_array(arena, n + 1, sizeof *arguments);
	for (size_t i = 0; i < n; i++)
		arguments[i] = words_expand(arena, package->argv[i], package->directory, place->work);
	return arguments;
}

/* "HOSTLER_INPUT_ORDER=…", or NULL when the value is better not, or cannot be, in an environment. */
static char *input_variable(hst_arena *arena, const hst_field *field, const hst_value *value, size_t *room)
{
	struct text text;
	char *variable = NULL;

	if (!field || field_type(field) == HST_TYPE_SECRET || value_kind(value) == HST_VALUE_NULL)
		return NULL;
	text_init(&text, FLOW_INPUT_BYTES_MAX);
	value_write_plain(&text, value);
	if (!text.over && text.length <= *room && strlen(text.s) == text.length) {
		variable = arena_printf(arena, "HOSTLER_INPUT_%s=%s", field_name(field), text.s);
		for (char *at = variable; *at != '='; at++)
			*at = (char)toupper((unsigned char)*at);
		*room -= text.length;
	}
	text_clear(&text);
	return variable;
}

char **flow_environment(hst_arena *arena, const struct flowrun_spec *spec, const struct flow_place *place,
			const hst_value *inputs)
{
	const char *data = files_data_directory();
	char *const own[] = {
		arena_printf(arena, "PATH=%s:/usr/local/bin:/usr/bin:/bin", files_program_directory()),
		arena_printf(arena, "PYTHONPATH=%s/runner", data),
		arena_printf(arena, "HOSTLER_RUNNER=%s/runner", data),
		/* Compiled modules beside the sources would change the package. */
		arena_text(arena, "PYTHONDONTWRITEBYTECODE=1"),
		arena_printf(arena, "HOSTLER_PACKAGE=%s", spec->package->directory),
		arena_printf(arena, "HOSTLER_WORK=%s", place->work),
		arena_printf(arena, "HOSTLER_EVENTS=%s", place->events),
		arena_printf(arena, "HOSTLER_CONTROL=%s", place->control),
		arena_printf(arena, "HOSTLER_RUN=%s", spec->run_id ? spec->run_id : ""),
		arena_printf(arena, "HOSTLER_STEP=%s", spec->step_name ? spec->step_name : ""),
	};
	const size_t own_count = sizeof own / sizeof own[0];
	char **environment = arena_array(arena, own_count + value_count(inputs) + 1, sizeof *environment);
	size_t n = own_count, room = FLOW_INPUTS_BYTES_MAX;

	memcpy(environment, own, sizeof own);
	for (size_t i = 0; !spec->hidden && i < value_count(inputs); i++) {
		const hst_field *field = fields_find(spec->package->inputs, value_name_at(inputs, i));
		bool sealed = spec->sealing && sealing_has(spec->sealing, value_name_at(inputs, i));
		char *variable = sealed ? NULL : input_variable(arena, field, value_at(inputs, i), &room);

		if (variable)
			environment[n++] = variable;
	}
	return environment;
}
