#include "engine/event_files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/value.h"

#include <string.h>
#include <unistd.h>

hst_fields event_fields(const struct engine *engine, const char *trigger)
{
	const struct definition *definition = definitions_instance(engine->definitions, HST_TRIGGER, trigger);

	return definition ? definition->event : (hst_fields){0};
}

/* A flow with several triggers, or none, takes any event: nobody knows which of its values are files. */
static const hst_value *names_of(const struct engine *engine, const struct flow *flow, const hst_value *values)
{
	return flow->on_count == 1 ? fields_files(engine->scratch, event_fields(engine, flow->on[0]), values) : NULL;
}

int event_files_by_hand(const struct engine *engine, const struct hub_link *from, int64_t set, const struct flow *flow,
			const hst_value *values, struct staging_event *ret, hst_error *err)
{
	*ret = (struct staging_event){.sets = {staging_find(engine, from->number, set)},
	                              .values = names_of(engine, flow, values),
	                              .last_run = core_counters(engine->core)->run};
	if (set && !ret->sets[0])
		return hst_fail(err, HST_RETRY, "the files that were sent are gone: send all of it again");
	return staging_check(engine, ret, err);
}

/* Two files of one name in one run: which is meant nobody could say. */
static int refuse_doubled(const struct engine *engine, const struct staging_event *files, const hst_fields fields, const hst_value *values,
			  const hst_value *given, hst_error *err)
{
	hst_value *stays = value_make_record(engine->scratch);
	const hst_value *names;

	for (size_t i = 0; i < value_count(values); i++)
		if (!value_get(given, value_name_at(values, i)))
			value_add(stays, value_name_at(values, i), value_at(values, i));
	names = fields_files(engine->scratch, fields, stays);
	for (size_t i = 0; files->sets[0] && i < value_count(names); i++) {
		const char *name = file_value_name(value_text(value_at(names, i)));

		if (staging_has(files->sets[0], name))
			return hst_fail_as(err, HST_INVALID, "InputInvalid",
			                   "another input of the run has a file \"%s\" already: give this one another name", name);
	}
	return HST_OK;
}

int event_files_again(const struct engine *engine, const struct hub_link *from, int64_t set, const struct flow *flow, const hst_value *values,
		      const char *before, const hst_value *given, struct staging_event *ret, hst_error *err)
{
	AUTO_FREE char *folder = mem_printf("%s/%s/trigger", engine->files_dir, before);
	int rc;

	*ret = (struct staging_event){.sets = {staging_find(engine, from->number, set)},
	                              .values = names_of(engine, flow, values),
	                              .before = before,
	                              .last_run = core_counters(engine->core)->run};
	if (set && !ret->sets[0])
		return hst_fail(err, HST_RETRY, "the files that were sent are gone: send all of it again");
	rc = staging_check(engine, ret, err);
	if (rc >= 0 && ret->values)
		rc = refuse_doubled(engine, ret, event_fields(engine, flow->on[0]), values, given, err);
	if (access(folder, F_OK) < 0)
		ret->before = NULL;
	return rc;
}

void event_files_place(struct engine *engine, const struct staging_event *files)
{
	if (files->sets[0] || files->before || files->step_count)
		staging_place(engine, files);
}
