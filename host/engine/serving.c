/* Which gateway serves a device, which of other machines were let in, and what follows when that changes. */
#include "engine/engine.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/files.h"
#include "pure/core/standing.h"
#include "seal/roster.h"
#include "wire/admitted.h"

#include <stdlib.h>
#include <string.h>

#define GATEWAY "gateway/"

int serving_read(struct engine *engine, struct key_ring *ring, hst_error *err)
{
	AUTO_FREE char *folder = files_join(engine->definitions->conf->state_dir, "admitted");
	int rc = files_make_directory(folder, 0750, err);

	engine->ring = ring;
	engine->admitted_path = files_join(folder, "gateways");
	return rc < 0 ? rc : admitted_read(ring, engine->admitted_path, err);
}

/* True: it serves a device of its own name that the configuration does not speak of. */
static bool has_plain_device(const struct engine *engine, const char *gateway)
{
	const struct conf *conf = engine->definitions->conf;

	for (size_t i = 0; i < conf->device_count; i++)
		if (strcmp(conf->devices[i].name, gateway) == 0 ||
		    (conf->devices[i].gateway && strcmp(conf->devices[i].gateway, gateway) == 0))
			return false;
	return true;
}

static void add_device(struct engine *engine, const char *name)
{
	const struct placement_device *placed = placement_device(core_placement(engine->core), name);

	if (!placed || placed->retired)
		core_add_device(engine->core, name, false);
}

void serving_configure(struct engine *engine)
{
	const struct key_ring *ring = engine->ring;

	engine->serving++;
	/* At the start the ring is read after the rest. */
	for (size_t i = 0; ring && i < ring->peer_count; i++) {
		const char *name = ring->peers[i].name + strlen(GATEWAY);

		if (ring->peers[i].at_us && ring->peers[i].standing != KEY_INVITED && has_plain_device(engine, name))
			add_device(engine, name);
	}
}

/*
 * A device that no configuration speaks of is the one of the gateway of its name. One that the configuration has dropped
 * is still the one of the gateway that spoke of it, until what runs there has ended.
 */
const char *serving_gateway(const struct engine *engine, const char *device)
{
	const struct conf *conf = engine->definitions->conf;
	const struct conf_device *configured = conf_device(conf, device);
	const struct placement_device *placed = placement_device(core_placement(engine->core), device);
	const struct engine_device *heard = table_get(&engine->devices, device);

	if (configured)
		return configured->gateway ? configured->gateway : conf->gateway_name;
	if (placed && placed->retired && heard && heard->gateway)
		return heard->gateway;
	return placed ? device : NULL;
}

void serving_changed(struct engine *engine, const char *name)
{
	engine->serving++;
	if (admitted_of(engine->ring, name, KEY_IN) && has_plain_device(engine, name))
		add_device(engine, name);
	presences_note(engine);
}

int serving_enrol(void *arg, const char *invited, const char *address, const struct message *enrol, hst_error *err)
{
	struct engine *engine = arg;
	const char *name = message_text(enrol, "name");
	uint8_t invitation[KEY_BYTES], key[KEY_BYTES];
	struct roster_member line = {.name = NULL};
	int rc = keys_read_text(invited, invitation, err);

	if (rc >= 0)
		rc = keys_read_text(message_text(enrol, "key"), key, err);
	if (rc >= 0)
		rc = engine_roster_may_join(engine, enrol, &line, err);
	if (rc >= 0)
		rc = admitted_enrol(engine->ring, engine->admitted_path, clock_wall_us(), invitation, name, key, err);
	if (rc >= 0)
		engine_roster_join(engine, &line);
	roster_member_clear(&line);
	if (rc < 0)
		return rc;
	log_info("the gateway %s joined from %s, by the invitation of %s", name, *address ? address : "this machine",
	         admitted_of(engine->ring, name, KEY_IN)->who);
	core_note(engine->core, clock_wall_us(), "gateway_joined", name, admitted_of(engine->ring, name, KEY_IN)->who, &engine->effects);
	serving_changed(engine, name);
	return HST_OK;
}

void serving_turned_away(void *arg, const char *name, const char *reason, const char *address)
{
	struct engine *engine = arg;
	const char *gateway = strncmp(name, GATEWAY, strlen(GATEWAY)) == 0 ? name + strlen(GATEWAY) : name;
	struct engine_turned_away *turned = table_get(&engine->turned_away, gateway);

	(void)reason;
	if (!turned) {
		turned = mem_alloc(sizeof *turned);
		table_set(&engine->turned_away, gateway, turned);
	}
	turned->at_us = clock_wall_us();
	snprintf(turned->from, sizeof turned->from, "%s", address);
	presences_note(engine);
}

void serving_clear(struct engine *engine)
{
	TABLE_EACH(&engine->turned_away, entry)
		free(entry->value);
	table_clear(&engine->turned_away);
	free(engine->admitted_path);
}
