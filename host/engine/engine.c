/* The engine's life: configuration, store, keys, sockets, ready, loop, end. */
#include "engine/alerting.h"
#include "engine/backups.h"
#include "engine/engine.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/policy.h"
#include "engine/retention.h"
#include "engine/envelopes.h"
#include "engine/secrets.h"
#include "engine/staging.h"
#include "engine/trials.h"
#include "engine/probes.h"
#include "os/crash.h"
#include "os/files.h"
#include "os/inherited.h"
#include "plugin/guard.h"
#include "wire/child.h"

#include <stdlib.h>
#include <string.h>

enum { STORE_IDLE_MS = 30 * 1000, STORE_SOON_MS = 20, STORE_FIRST_MS = 300 };

void engine_refuse(struct engine *engine, struct hub_link *to, uint64_t id, int code, const char *reason, const char *format, ...)
{
	struct message message;
	hst_error err = {{0}, {0}};
	va_list args;

	va_start(args, format);
	hst_vfail(&err, (hst_code)code, reason, format, args);
	va_end(args);
	message_init_error(&message, id, code, &err);
	hub_send(engine->hub, to, &message);
}

static const struct hub_handler handlers[] = {
	{WORD_press, on_press},       {WORD_run, on_run},           {WORD_steer, on_steer},
	{WORD_resubmit, on_resubmit}, {WORD_whom, on_whom}, {WORD_trial, on_trial}, {WORD_tried, on_tried},
	{WORD_probe, on_probe}, {WORD_probed, on_probed},
	{WORD_ask, on_ask},         {WORD_follow, on_follow},
	{WORD_manage, on_manage},
	{WORD_file_get, on_file_get}, {WORD_file_fetch, on_file_fetch}, {WORD_fired, on_fired}, {WORD_coming, on_coming},       {WORD_emit, on_emit},       {WORD_failing, on_failing}, {WORD_state_get, on_state_get},
	{WORD_returned, on_returned}, {WORD_error, on_error},       {WORD_device, on_device},   {WORD_taken, on_taken},
	{WORD_refused, on_refused},   {WORD_stage, on_stage},       {WORD_progress, on_progress}, {WORD_asked, on_asked}, {WORD_finished, on_finished},
	{WORD_released, on_released}, {WORD_standing, on_standing}, {WORD_file_put, on_file_put}, {WORD_package, on_package}, {WORD_package_get, on_package_get},
	{WORD_NONE, NULL},
};

static void link_joined(void *arg, struct hub_link *link)
{
	struct engine *engine = arg;

	table_set_number(&engine->links, link->number, link);
	engine_roster_tell(engine, link);
	workers_next(engine, link);
}

static void link_left(void *arg, struct hub_link *link)
{
	struct engine *engine = arg;

	table_remove_number(&engine->links, link->number);
	engine_unfollow(engine, link->number, 0);
	workers_left(engine, link);
	staging_left(engine, link);
	trials_left(engine, link);
	presences_left(engine, link);
}

static void store_idle_due(void *arg)
{
	struct engine *engine = arg;
	bool more = engine->batch_open || store_idle(engine->store);

	loop_in(engine->loop, more ? STORE_SOON_MS : STORE_IDLE_MS, store_idle_due, engine);
}

void engine_configure_core(struct engine *engine)
{
	const struct conf *conf = engine->definitions->conf;

	for (size_t i = 0; i < conf->device_count; i++)
		core_add_device(engine->core, conf->devices[i].name, conf->devices[i].strict_order);
	for (size_t i = 0; i < conf->cluster_count; i++)
		core_add_cluster(engine->core, conf->clusters[i].name, conf->clusters[i].balancer, conf->clusters[i].members,
		                 conf->clusters[i].member_count, conf->clusters[i].strict_order);
	TABLE_EACH(&engine->definitions->flows, entry)
		entry->value = (void *)core_add_flow(engine->core, entry->value, true);
	serving_configure(engine);
}

static int open_store(struct engine *engine, hst_error *err)
{
	const struct conf *conf = engine->definitions->conf;
	char *folder = files_beside(conf->store_path, ".");
	int rc = files_make_directory(folder, 0700, err);

	free(folder);
	if (rc >= 0)
		rc = store_open_sqlite(conf->store_path, &engine->store, err);
	/* A store of a newer program, or none at all, does not become another by trying again. */
	if (rc == HST_INVALID)
		inherited_say(err->text);
	if (rc < 0)
		return rc;
	backups_open(engine);
	engine->files_dir = files_join(conf->state_dir, "files");
	return files_make_directory(engine->files_dir, 0750, err);
}

/* Who may connect: this house's own come from the supervisor, operators and other machines' gateways from files. */
static int read_peers(struct engine *engine, struct key_ring *ring, hst_error *err)
{
	int rc = engine_roster_open(engine, ring, err);

	return rc < 0 ? rc : serving_read(engine, ring, err);
}

static int open_wire(struct engine *engine, void *zmq, struct key_ring *ring, hst_error *err)
{
	static struct hub_role role = {.handlers = handlers, .joined = link_joined, .left = link_left,
	                               .enrol = serving_enrol, .turned_away = serving_turned_away};
	const struct conf *conf = engine->definitions->conf;
	char *endpoint = conf_engine_endpoint(conf);
	hst_error why = {{0}, {0}};
	int rc;

	role.arg = engine;
	rc = hub_new(engine->loop, zmq, ring, &role, &engine->hub, err);
	if (rc >= 0)
		rc = hub_bind(engine->hub, endpoint, err);
	if (rc >= 0 && conf->listen && hub_bind(engine->hub, conf->listen, &why) < 0)
		rc = hst_fail(err, HST_INVALID, "%s; name another address in `listen` of [host], or `listen = none`", why.text);
	free(endpoint);
	return rc;
}

static int engine_open(struct engine *engine, void *zmq, struct key_ring *ring, hst_error *err)
{
	int rc = read_peers(engine, ring, err);

	if (rc < 0)
		return rc;
	serving_configure(engine);
	engine->balancers = balancers_open(engine->definitions);
	balancers_note(engine->balancers, engine->definitions->conf, engine->core);
	rc = open_store(engine, err);
	alerting_open(engine);
	if (rc >= 0)
		rc = engine_restore(engine, err);
	if (rc >= 0)
		staging_open(engine);
	if (rc >= 0)
		rc = open_wire(engine, zmq, ring, err);
	crash_point(CRASH_engine_bound);
	return rc;
}

static void engine_close(struct engine *engine)
{
	if (engine->hub && engine->store) {
		presences_close(engine);
		workers_uncall(engine);
	}
	alerting_close(engine);
	engine_after(engine);
	if (engine->hub)
		hub_free(engine->hub);
	backups_close(engine);
	retention_free(engine->retention);
	if (engine->store)
		engine->store->ops->free(engine->store);
	engine_forget_loaded(engine);
	balancers_close(engine->balancers);
	TABLE_EACH(&engine->requests, entry)
		workers_request_free(entry->value);
	TABLE_EACH(&engine->devices, entry)
		presences_free(entry->value);
	workers_clear(engine);
	trials_clear(engine);
	probes_clear(engine);
	serving_clear(engine);
	engine_roster_clear(engine);
	table_clear(&engine->requests);
	table_clear(&engine->words);
	table_clear(&engine->devices);
	table_clear(&engine->links);
	core_effects_clear(&engine->effects);
	core_free(engine->core);
	engine_free_definitions(engine);
	arena_free(engine->scratch);
	free(engine->replies);
	free(engine->followers);
	text_clear(&engine->said);
	envelopes_clear(engine);
	secrets_clear(engine);
	staging_close(engine);
	free(engine->files_dir);
}

static struct definitions *read_definitions(const struct engine *engine)
{
	struct definitions *definitions;
	struct problems problems;

	problems_init(&problems);
	definitions = engine_read_definitions(engine, true, &problems);
	for (size_t i = 0; i < problems.n; i++) {
		char *line = problem_line(&problems.at[i]);


		if (!definitions && i == 0)
			inherited_say(line);
		log_error("%s", line);
		free(line);
	}
	problems_clear(&problems);
	return definitions;
}

static int engine_run(struct child *child)
{
	struct engine engine = {.child = child};
	struct core_policy policy = engine_policy(&engine);
	hst_error err = {{0}, {0}};
	int status = 1;

	engine.definitions = read_definitions(&engine);
	if (!engine.definitions)
		return 2;
	child_open(child);
	engine.loop = child->loop;
	/* A late answer to an earlier engine must fit nothing that this one asks. */
	engine.next_request = (uint64_t)clock_wall_us();
	engine.scratch = arena_new();
	text_init(&engine.said, PAYLOAD_BYTES_MAX);
	text_init(&engine.sealed, SEALED_BYTES_MAX);
	core_effects_init(&engine.effects);
	engine.core = core_new(&policy);
	engine_configure_core(&engine);
	crash_point(CRASH_engine_configured);
	if (engine_open(&engine, child->zmq, &child->ring, &err) < 0) {
		log_error("%s", err.text);
	} else {
		guard_often();
		loop_after(engine.loop, engine_after, &engine);
		loop_after(engine.loop, rest_look, &engine);
		engine.began_us = clock_steady_us();
		loop_in(engine.loop, STORE_FIRST_MS, store_idle_due, &engine);
		retention_start(&engine);
		alerting_start(&engine);
		secrets_look(&engine);
		engine_after(&engine);
		status = child_run(child, engine_told, &engine);
	}
	engine_close(&engine);
	return status;
}

int engine_main(int argc, char **argv)
{
	struct child child;
	int status = child_start(&child, argc, argv, "hostler-engine", "Carries runs forward.", INHERITED_LIFE);

	if (status < 0)
		status = engine_run(&child);
	child_close(&child);
	return status;
}
