/* What people ask about: a run by any of its names, or a flow or trigger by its own. */
#include "engine/why.h"

#include "schema/nearest.h"
#include "schema/value.h"

#include <string.h>

/* Nothing else looks like this, so a run is meant whatever flows are called. */
static bool says_run(const char *subject)
{
	return subject[0] == '#' || strncmp(subject, "last:", 5) == 0 || strcmp(subject, "last") == 0 ||
	       strncmp(subject, "last/", 5) == 0 || strchr(subject, '/') || strspn(subject, "0123456789") == strlen(subject);
}

static const char *behind(const char *subject, const char *kind)
{
	size_t length = strlen(kind);

	return strncmp(subject, kind, length) == 0 && subject[length] == ':' ? subject + length + 1 : NULL;
}

static int about_run(struct engine *engine, const char *subject, hst_value *to, hst_error *err)
{
	hst_value *filters = value_make_record(engine->scratch);
	const char *slash = strchr(subject, '/');
	const hst_value *run = NULL;
	int rc;

	value_set_text(filters, "run", slash ? arena_copy(engine->scratch, subject, (size_t)(slash - subject)) : subject);
	rc = answer_show(engine, filters, &run, err);
	return rc < 0 ? rc : why_run(engine, run, slash ? slash + 1 : NULL, to, err);
}

/* A near name is meant rather than a run's id; what is wrong with an id is said as it was found. */
static int unknown(struct engine *engine, const char *subject, int code, const hst_error *why, hst_error *err)
{
	struct nearest nearest;

	nearest_init(&nearest, subject);
	TABLE_EACH(&engine->definitions->flows, entry)
		nearest_offer(&nearest, entry->key);
	TABLE_EACH(&engine->definitions->instances[HST_TRIGGER], entry)
		nearest_offer(&nearest, entry->key);
	if (nearest.best)
		return hst_fail(err, HST_NOT_FOUND, "there is no run, flow or trigger \"%.100s\"; did you mean \"%s\"?", subject,
		                nearest.best);
	if (code != HST_NOT_FOUND)
		return hst_fail(err, (hst_code)code, "%s; nor is it a flow or trigger: `hostler flows` and `hostler triggers` list them", why->text);
	return hst_fail(err, HST_NOT_FOUND,
	                "there is no run, flow or trigger \"%.100s\"; `hostler runs`, `flows` and `triggers` list them", subject);
}

int answer_why(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const char *subject = value_text(value_get(filters, "subject")), *flow_name = behind(subject, "flow"),
		   *trigger_name = behind(subject, "trigger");
	const struct flow *flow = trigger_name ? NULL : table_get(&engine->definitions->flows, flow_name ? flow_name : subject);
	const struct definition *trigger =
		flow_name ? NULL : definitions_instance(engine->definitions, HST_TRIGGER, trigger_name ? trigger_name : subject);
	hst_value *to = value_make_record(engine->scratch);
	hst_error why = {{0}, {0}};
	int rc = HST_OK;

	if (!*subject)
		return hst_fail(err, HST_INVALID, "why what? say a run, a flow or a trigger");
	*ret = to;
	if (says_run(subject))
		return about_run(engine, subject, to, err);
	if (flow)
		why_flow(engine, flow, to);
	else if (trigger)
		why_trigger(engine, trigger, to);
	else
		rc = about_run(engine, subject, to, &why);
	return rc < 0 ? unknown(engine, subject, rc, &why, err) : rc;
}
