/* The plugins' side: whether each instance could work here, a device's accounts, and what flows and connectors name. */
#include "cli/doctor.h"

#include "base/arena.h"
#include "definitions/live.h"
#include "definitions/options.h"
#include "definitions/warnings.h"
#include "schema/manifest.h"
#include "schema/value.h"

#include <pwd.h>
#include <string.h>
#include <unistd.h>

static void say_refusal(struct doctor *doctor, const char *area, const hst_value *refusal)
{
	doctor_problem(doctor, area, "Mend what it says, then look again.", "%s%s%s", value_text(value_get(refusal, "reason")),
		       value_length(value_get(refusal, "reason")) ? ": " : "", value_text(value_get(refusal, "text")));
}

/* The answer of its plugin, NULL when it has none; what is wrong with the instance itself is said. */
static const hst_value *ask(struct doctor *doctor, hst_plugin_kind kind, const struct definition *definition,
			    char *const *users, size_t n)
{
	const char *area = arena_printf(doctor->arena, "%s %s", manifest_kind_name(kind), definition->instance->name);
	const hst_value *answer = NULL, *check;
	hst_error err = {0};

	/* Without its secrets it would find fault with what is in order. */
	if (definitions_has_secret(definition->manifest.options, definition->options)) {
		doctor_good(doctor, area, "not tried here, since its worker alone can open its secrets");
		return NULL;
	}
	if (live_check(doctor->definitions, definition, live_account(kind), users, n, doctor->arena, &answer, &err) !=
	    HST_OK) {
		doctor_problem(doctor, area, "Look at the plugin: `hostler plugins` and the log say more.", "%s", err.text);
		return NULL;
	}
	check = value_get(answer, "check");
	if (value_kind(check) == HST_VALUE_RECORD)
		say_refusal(doctor, area, check);
	else
		doctor_good(doctor, area, "%s can do its work here", definition->instance->plugin);
	return answer;
}

static void look_at_kind(struct doctor *doctor, hst_plugin_kind kind)
{
	TABLE_EACH(&doctor->definitions->instances[kind], entry) {
		const struct definition *definition = entry->value;

		if (!definition->bad)
			ask(doctor, kind, definition, NULL, 0);
	}
}

static void look_at_accounts(struct doctor *doctor, const struct conf_device *device, const hst_value *users)
{
	const char *area = arena_printf(doctor->arena, "device %s", device->name);
	const struct passwd *self = getpwuid(geteuid());

	for (size_t i = 0; i < device->account_count; i++) {
		const hst_value *refusal = value_get(users, device->accounts[i]);

		if (value_kind(refusal) == HST_VALUE_RECORD)
			doctor_problem(doctor, area, "Make the account, or take it out of `accounts`.", "account %s: %s",
				       device->accounts[i], value_text(value_get(refusal, "text")));
		else if (geteuid() != 0 && self && strcmp(self->pw_name, device->accounts[i]) != 0)
			doctor_note(doctor, area, "Start the house as root if runs are to have sessions of other users.",
				    "account %s is not the user who starts this house", device->accounts[i]);
	}
	if (device->account_count == 0)
		doctor_problem(doctor, area, "Name users in `accounts`.", "no user may have runs there");
}

/* A driver is asked once for each of its devices. */
static void look_at_device(struct doctor *doctor, const struct conf_device *device)
{
	const struct definition *driver = device->driver
						  ? definitions_instance(doctor->definitions, HST_DRIVER, device->driver)
						  : NULL;
	const hst_value *answer;

	if (!driver || driver->bad)
		return;
	answer = ask(doctor, HST_DRIVER, driver, device->accounts, device->account_count);
	if (answer)
		look_at_accounts(doctor, device, value_get(answer, "users"));
}

/* Programs that packages run and folders that connectors work in. */
static void look_at_things(struct doctor *doctor)
{
	struct problems missing;

	problems_init(&missing);
	definitions_warn_of_things(doctor->definitions, &missing);
	for (size_t i = 0; i < missing.n; i++)
		doctor_problem(doctor, arena_printf(doctor->arena, "%s:%d", missing.at[i].file, missing.at[i].line),
			       "Install or make it, or name another there.", "%s", missing.at[i].text);
	if (missing.n == 0 && doctor->definitions->packages.n > 0)
		doctor_good(doctor, "desktop flows", "what %zu of them name is there", doctor->definitions->packages.n);
	problems_clear(&missing);
}

void doctor_plugins(struct doctor *doctor)
{
	/* What another user lacks says nothing of the house; what its own processes lack, they say themselves. */
	if (doctor->guest)
		return;
	look_at_kind(doctor, HST_TRIGGER);
	look_at_kind(doctor, HST_CONNECTOR);
	for (size_t i = 0; i < doctor->conf->device_count; i++)
		look_at_device(doctor, &doctor->conf->devices[i]);
	look_at_things(doctor);
}
