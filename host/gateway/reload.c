/*
 * The configuration read again while sessions are in use. First into a fresh object, with every strategy opened, while
 * everything goes on with the old one; then swapped in between two batches. Strategies are all opened anew, and devices
 * keep nothing of the old configuration; so it can be freed when the last of them has the new one.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/inherited.h"

#include <stdlib.h>
#include <string.h>

enum { LOAD_MS = 120000 };

struct gateway_loaded {
	struct conf *conf;
	hst_arena *arena;
	struct table strategies; /* device -> struct policy_strategy */
};

void gateway_forget_loaded(struct gateway *gateway)
{
	struct gateway_loaded *loaded = take(gateway->loaded);

	if (!loaded)
		return;
	TABLE_EACH(&loaded->strategies, entry)
		strategies_close(entry->value);
	table_clear(&loaded->strategies);
	arena_free(loaded->arena);
	conf_free(loaded->conf);
	free(loaded);
}

static int open_strategies(struct gateway_loaded *loaded, hst_error *err)
{
	int rc = HST_OK;

	for (size_t i = 0; rc >= 0 && i < loaded->conf->device_count; i++) {
		const struct conf_device *device = &loaded->conf->devices[i];
		struct policy_strategy *strategy;

		if (device->gateway)
			continue;
		rc = strategies_open(loaded->conf, device, loaded->arena, &strategy, err);
		if (rc >= 0)
			table_set(&loaded->strategies, device->name, strategy);
	}
	return rc;
}

static bool load(struct gateway *gateway)
{
	AUTO(problems) struct problems problems;
	struct conf *conf;
	hst_error err = {{0}, {0}};

	problems_init(&problems);
	conf = conf_load_child(gateway->child->conf_path, gateway->child->for_root, &problems);
	for (size_t i = 0; i < problems.n; i++) {
		AUTO_FREE char *line = problem_line(&problems.at[i]);

		inherited_line("wrong", line);
	}
	if (!conf)
		return false;
	gateway->loaded = mem_alloc(sizeof *gateway->loaded);
	*gateway->loaded = (struct gateway_loaded){.conf = conf, .arena = arena_new()};
	table_init(&gateway->loaded->strategies);
	if (open_strategies(gateway->loaded, &err) >= 0)
		return true;
	inherited_line("wrong", err.text);
	gateway_forget_loaded(gateway);
	return false;
}

/* What is in it goes on; a driver that has changed gets processes of its own. */
static void change_device(struct gateway_device *device, const struct conf_device *conf, struct policy_strategy *strategy)
{
	struct policy_strategy *before = device->strategy;
	struct admission_policy policy = strategies_policy(strategy);
	char *made_of = devices_made_of(device->gateway->conf, conf);
	struct admission_event event = {.kind = ADMISSION_CONFIGURED, .accounts = conf->accounts,
	                                .account_count = conf->account_count, .policy = &policy,
	                                .new_driver = device->leaving || strcmp(made_of, device->driver_made_of) != 0};

	device->conf = conf;
	device->strategy = strategy;
	device->leaving = device->let_go = false;
	free(device->driver_made_of);
	device->driver_made_of = made_of;
	gateway_event(device, &event);
	strategies_close(before);
	if (event.new_driver)
		processes_replace_watch(device);
}

/* It keeps of the configuration its name. */
static void leave_device(struct gateway_device *device)
{
	struct policy_strategy *before = device->strategy;
	struct admission_policy policy = strategies_policy(NULL);
	struct admission_event event = {.kind = ADMISSION_CONFIGURED, .policy = &policy, .leaving = true};

	if (!device->gone.name)
		device->gone.name = mem_text(device->conf->name);
	device->conf = &device->gone;
	device->strategy = NULL;
	device->leaving = true;
	gateway_event(device, &event);
	strategies_close(before);
}

static void add_device(struct gateway *gateway, const struct conf_device *conf, struct policy_strategy *strategy_take)
{
	static const struct admission_event gathered = {.kind = ADMISSION_GATHERED};
	struct gateway_device *device = devices_add(gateway, conf, strategy_take);
	hst_error err = {{0}, {0}};

	if (journal_adopt(gateway, device, &err) < 0)
		log_error("device %s: the journal is damaged: %s", conf->name, err.text);
	gateway_event(device, &gathered);
}

static void take_loaded(struct gateway *gateway)
{
	struct gateway_loaded *loaded = take(gateway->loaded);
	struct conf *before;
	hst_arena *arena;

	if (!loaded)
		return;
	gateway_after(gateway);
	before = gateway->conf;
	arena = gateway->arena;
	gateway->conf = loaded->conf;
	gateway->arena = loaded->arena;
	TABLE_EACH(&gateway->devices, entry) {
		const struct conf_device *conf = conf_device(gateway->conf, entry->key);

		if (conf && !conf->gateway)
			change_device(entry->value, conf, table_remove(&loaded->strategies, conf->name));
		else if (!((struct gateway_device *)entry->value)->leaving)
			leave_device(entry->value);
	}
	for (size_t i = 0; i < gateway->conf->device_count; i++) {
		const struct conf_device *conf = &gateway->conf->devices[i];

		if (!conf->gateway && !table_get(&gateway->devices, conf->name))
			add_device(gateway, conf, table_remove(&loaded->strategies, conf->name));
	}
	table_clear(&loaded->strategies);
	free(loaded);
	arena_free(arena);
	conf_free(before);
	log_info("the new configuration is in force");
}

void gateway_told(void *arg, const char *word)
{
	struct gateway *gateway = arg;

	if (strcmp(word, "load") == 0) {
		gateway_forget_loaded(gateway);
		told_beginning(LOAD_MS);
		inherited_line(load(gateway) ? "loaded" : "refused", NULL);
	} else if (strcmp(word, "take") == 0) {
		take_loaded(gateway);
		inherited_line("taken", NULL);
	} else if (strcmp(word, "drop") == 0) {
		gateway_forget_loaded(gateway);
	}
}
