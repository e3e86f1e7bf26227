/* check --live: every instance is opened on this machine, in a process of its own, and asked whether it could work. */
#include "cli/check_live.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/text.h"
#include "definitions/live.h"
#include "definitions/options.h"
#include "schema/manifest.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

struct looking {
	struct cli *cli;
	const struct definitions *definitions;
	struct problems *problems;
};

static void wrong(struct looking *looking, int line, const char *what, const char *name, const hst_value *refusal)
{
	const char *reason = value_text(value_get(refusal, "reason"));

	problems_add(looking->problems, looking->definitions->conf->path, line, "%s %s: %s%s%s", what, name, reason, *reason ? ": " : "",
		    value_text(value_get(refusal, "text")));
}

/* What it says of itself, and of the users that a driver is to know. */
static void take_answer(struct looking *looking, hst_plugin_kind kind, const struct definition *definition,
			const hst_value *answer, const struct conf_device *device)
{
	const char *what = manifest_kind_name(kind), *name = definition->instance->name;
	const hst_value *refusal = value_get(answer, "check"), *users = value_get(answer, "users");
	size_t before = looking->problems->n;

	if (value_kind(refusal) == HST_VALUE_RECORD)
		wrong(looking, definition->instance->line, what, name, refusal);
	for (size_t i = 0; device && i < device->account_count; i++) {
		refusal = value_get(users, device->accounts[i]);
		if (value_kind(refusal) == HST_VALUE_RECORD)
			wrong(looking, device->line, "account", device->accounts[i], refusal);
	}
	if (!looking->cli->json && looking->problems->n == before)
		printf("%s %s%s%s: can do its work here\n", what, name, device ? ", device " : "", device ? device->name : "");
}

static void look(struct looking *looking, hst_plugin_kind kind, const struct definition *definition, const struct conf_device *device)
{
	const hst_value *answer = NULL;
	hst_error err = {0};

	if (definition->bad)
		return;
	if (definitions_has_secret(definition->manifest.options, definition->options)) {
		if (!looking->cli->json)
			printf("%s %s: not tried here, since its worker alone can open its secrets\n", manifest_kind_name(kind),
			       definition->instance->name);
		return;
	}
	if (live_check(looking->definitions, definition, live_account(kind), device ? device->accounts : NULL,
		       device ? device->account_count : 0, looking->cli->arena, &answer, &err) == HST_OK)
		take_answer(looking, kind, definition, answer, device);
	else
		problems_add(looking->problems, looking->definitions->conf->path, definition->instance->line, "%s %s: %s",
			    manifest_kind_name(kind), definition->instance->name, err.text);
	fflush(stdout);
}

void check_live(struct cli *cli, const struct definitions *definitions, struct problems *problems)
{
	static const hst_plugin_kind kinds[] = {HST_TRIGGER, HST_CONNECTOR, HST_BALANCER, HST_STRATEGY};
	struct looking looking = {.cli = cli, .definitions = definitions, .problems = problems};
	const struct conf *conf = definitions->conf;

	for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++)
		TABLE_EACH(&definitions->instances[kinds[k]], entry)
			look(&looking, kinds[k], entry->value, NULL);
	/* A driver is asked once for each of its devices on this machine. */
	for (size_t i = 0; i < conf->device_count; i++) {
		const struct conf_device *device = &conf->devices[i];
		const struct definition *driver =
			device->driver && !device->gateway ? definitions_instance(definitions, HST_DRIVER, device->driver) : NULL;

		if (driver)
			look(&looking, HST_DRIVER, driver, device);
	}
	problems_sort(problems);
}
