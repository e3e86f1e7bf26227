/*
 * The configuration read again while runs are under way. First into a fresh object, checked completely, while everything
 * goes on with the old one; then swapped in between two batches. Nothing that lives longer than a batch may look into
 * definitions: the core owns the flows, and everybody else asks engine->definitions anew.
 */
#include "engine/alerting.h"
#include "engine/engine.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/secrets.h"
#include "os/inherited.h"

#include <stdlib.h>
#include <string.h>

enum { LOAD_MS = 120000 };

struct engine_loaded {
	struct definitions *definitions;
	struct balancers *balancers;
};

struct definitions *engine_read_definitions(const struct engine *engine, bool accepted, struct problems *problems)
{
	struct conf *(*read)(const char *, bool, struct problems *) = accepted ? conf_load_accepted : conf_load_child;
	struct conf *conf = read(engine->child->conf_path, engine->child->for_root, problems);
	struct definitions *definitions = conf ? definitions_load(conf, problems) : NULL;

	if (definitions && problems->n + problems->dropped == definitions->faults)
		return definitions;
	definitions_free(definitions);
	return NULL;
}

void engine_free_definitions(struct engine *engine)
{
	if (!engine->definitions)
		return;
	table_clear(&engine->definitions->flows);
	definitions_free(engine->definitions);
	engine->definitions = NULL;
}

void engine_forget_loaded(struct engine *engine)
{
	if (!engine->loaded)
		return;
	balancers_close(engine->loaded->balancers);
	definitions_free(engine->loaded->definitions);
	free(take(engine->loaded));
}

static void note(const char *change, const char *kind, const char *name)
{
	char line[256];

	snprintf(line, sizeof line, "%s %s %s", change, kind, name);
	inherited_line("note", line);
}

/* Both tables go from names to things that a digest tells apart. */
static void note_changes(const char *kind, const struct table *before, const struct table *now,
                         const char *(*digest)(const void *thing))
{
	TABLE_EACH(before, entry)
		if (!table_get(now, entry->key))
			note("removed", kind, entry->key);
	TABLE_EACH(now, entry) {
		const void *old = table_get(before, entry->key);

		if (!old || strcmp(digest(old), digest(entry->value)) != 0)
			note(old ? "changed" : "added", kind, entry->key);
	}
}

static const char *flow_digest(const void *flow)
{
	return ((const struct flow *)flow)->digest;
}

static const char *package_digest_of(const void *package)
{
	return ((const struct package *)package)->digest;
}

static bool load(struct engine *engine)
{
	AUTO(problems) struct problems problems;
	struct engine_loaded loaded = {0};

	problems_init(&problems);
	loaded.definitions = engine_read_definitions(engine, false, &problems);
	for (size_t i = 0; i < problems.n; i++) {
		AUTO_FREE char *line = problem_line(&problems.at[i]);

		/* What the rest works without has been told by the check that comes before. */
		if (loaded.definitions)
			log_error("%s", line);
		else
			inherited_line("wrong", line);
	}
	if (!loaded.definitions)
		return false;
	loaded.balancers = balancers_open(loaded.definitions);
	note_changes("flow", &engine->definitions->flows, &loaded.definitions->flows, flow_digest);
	note_changes("desktop-flow", &engine->definitions->packages, &loaded.definitions->packages, package_digest_of);
	engine->loaded = mem_alloc(sizeof *engine->loaded);
	*engine->loaded = loaded;
	return true;
}

/* What a device said that is no longer there is nobody's business any more. */
static void forget_devices(struct engine *engine)
{
	TABLE_EACH(&engine->devices, entry) {
		if (placement_device(core_placement(engine->core), entry->key))
			continue;
		presences_free(entry->value);
		table_remove(&engine->devices, entry->key);
	}
}

/* What came before is committed with the old definitions, and what follows from the new ones in a batch of its own. */
static void take_loaded(struct engine *engine)
{
	struct core_event event = {.kind = CORE_CONFIGURED};
	struct engine_loaded *loaded = take(engine->loaded);
	hst_error err = {{0}, {0}};

	if (!loaded)
		return;
	engine_after(engine);
	core_retire(engine->core);
	balancers_close(engine->balancers);
	engine_free_definitions(engine);
	engine->definitions = loaded->definitions;
	engine->balancers = loaded->balancers;
	free(loaded);
	engine_configure_core(engine);
	balancers_note(engine->balancers, engine->definitions->conf, engine->core);
	engine_begin(engine);
	if (engine_store_definitions(engine, &err) < 0) {
		log_error("the store could not be written: %s", err.text);
		abort();
	}
	engine_event(engine, &event);
	secrets_look(engine);
	workers_configured(engine);
	alerting_configured(engine);
	engine_roster_again(engine);
	forget_devices(engine);
	presences_note(engine);
	engine_after(engine);
	log_info("the new configuration is in force");
}

/* A worker that is new: it may connect. One that was here before has the key that is known. */
static void add_peer(struct engine *engine, const char *line)
{
	hst_error err = {{0}, {0}};

	if (keys_parse(engine->ring, "the supervisor", line, strlen(line), &err) < 0)
		log_debug("%s", err.text);
	else
		hub_ring_changed(engine->hub);
}

void engine_told(void *arg, const char *word)
{
	struct engine *engine = arg;

	if (strcmp(word, "load") == 0) {
		engine_forget_loaded(engine);
		told_beginning(LOAD_MS);
		inherited_line(load(engine) ? "loaded" : "refused", NULL);
	} else if (strcmp(word, "take") == 0) {
		take_loaded(engine);
		inherited_line("taken", NULL);
	} else if (strcmp(word, "drop") == 0) {
		engine_forget_loaded(engine);
	} else if (strcmp(word, "rest") == 0) {
		rest_begin(engine);
	} else if (strcmp(word, "wake") == 0) {
		rest_end(engine);
	} else if (strncmp(word, "peer ", 5) == 0) {
		add_peer(engine, word);
	} else if (strncmp(word, "retire ", 7) == 0) {
		hub_retire(engine->hub, word + 7);
	}
}
