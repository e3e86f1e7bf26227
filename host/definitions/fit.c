#include "definitions/fit.h"

#include "base/arena.h"
#include "definitions/live.h"
#include "schema/facts.h"
#include "schema/value.h"

#include <hostler/driver.h>

#include <string.h>
#include <strings.h>

static const unsigned every_system = HST_CLIENT | HST_SERVER | HST_LINUX;

static void check_device(const struct definitions *definitions, const struct conf_device *device, hst_arena *arena,
			 struct problems *problems)
{
	const struct definition *strategy =
		device->strategy ? definitions_instance(definitions, HST_STRATEGY, device->strategy) : NULL;
	const struct definition *driver = device->driver ? definitions_instance(definitions, HST_DRIVER, device->driver) : NULL;
	const hst_value *answer = NULL;
	const char *system;

	if (!strategy || strategy->bad || !driver || driver->bad || strategy->manifest.systems == every_system)
		return;
	if (live_check(definitions, driver, NULL, NULL, 0, arena, &answer, NULL) != HST_OK)
		return;
	system = value_text(value_get(answer, "system"));
	if (*system && !(strategy->manifest.systems & (unsigned)system_named(system)))
		problems_add(problems, definitions->conf->path, conf_device_line(definitions->conf, device, "strategy"),
			     "StrategyUnfit: the strategy %s of the device %s is not made for a %s system, which the driver %s says it is: "
			     "win10 is for clients and Linux, server-rds for servers and Linux; leave `strategy` out to go by the system",
			     device->strategy, device->name, system, device->driver);
}

void definitions_check_fit(const struct definitions *definitions, struct problems *problems)
{
	hst_arena *arena = arena_new();

	for (size_t i = 0; i < definitions->conf->device_count; i++)
		if (!definitions->conf->devices[i].gateway)
			check_device(definitions, &definitions->conf->devices[i], arena, problems);
	problems_sort(problems);
	arena_free(arena);
}

static const struct definition *driver_of(const struct definitions *definitions, const struct conf_device *device)
{
	const struct definition *driver =
		device->driver && !device->gateway ? definitions_instance(definitions, HST_DRIVER, device->driver) : NULL;

	return driver && !driver->bad ? driver : NULL;
}

void definitions_check_addresses(const struct definitions *definitions, struct problems *problems)
{
	const struct conf *conf = definitions->conf;

	for (size_t i = 0; i < conf->device_count; i++) {
		const struct conf_device *device = &conf->devices[i];
		const struct definition *driver = driver_of(definitions, device);

		if (device->address && driver && !(driver->manifest.reach & HST_ADDRESSED))
			problems_add(problems, conf->path, conf_device_line(conf, device, "address"),
				     "the driver %s knows no address: its devices are the machine that the gateway runs on; leave `address` out, "
				     "or have a gateway on that machine join (`hostler gateway invite`)", driver->manifest.name);
	}
}

/* Host names have no case. */
static bool same_machine(const struct conf_device *a, const struct conf_device *b)
{
	return a->address && b->address ? strcasecmp(a->address, b->address) == 0 : a->address == b->address;
}

void definitions_warn_of_twins(const struct definitions *definitions, struct problems *warnings)
{
	const struct conf *conf = definitions->conf;

	for (size_t i = 0; i < conf->device_count; i++) {
		const struct definition *driver = driver_of(definitions, &conf->devices[i]);

		for (size_t j = 0; driver && !(driver->manifest.reach & HST_MADE_UP) && j < i; j++) {
			const struct definition *other = driver_of(definitions, &conf->devices[j]);

			if (!other || strcmp(other->manifest.name, driver->manifest.name) != 0 ||
			    !same_machine(&conf->devices[i], &conf->devices[j]))
				continue;
			problems_add(warnings, conf->path, conf->devices[i].line,
				     "the devices %s and %s are the same machine, since both have the driver %s %s%s: each counts the "
				     "sessions of the other, and a user may get two runs at once there", conf->devices[j].name,
				     conf->devices[i].name, driver->manifest.name, conf->devices[i].address ? "and the address " : "without an address",
				     conf->devices[i].address ? conf->devices[i].address : "");
			break;
		}
	}
}
