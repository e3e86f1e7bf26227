#include "definitions/alerts.h"
#include "definitions/definitions.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "config/ini.h"
#include "definitions/fit.h"
#include "definitions/manifests.h"
#include "definitions/options.h"
#include "definitions/secrets.h"
#include "definitions/signatures.h"
#include "definitions/world.h"
#include "desktop/pushed.h"
#include "os/files.h"
#include "schema/fields.h"

#include <sodium.h>
#include <string.h>

/* One load: what is being made, and what it is made with. */
struct load {
	struct definitions *made;
	struct manifests *manifests;
	struct problems *problems;
	struct table flow_places; /* name -> "FILE:LINE" of the flow that has it */
};

static const char *instance_file(const struct load *load, const struct conf_instance *instance)
{
	return instance->section ? instance->section->file : load->made->conf->path;
}

/* Nothing but the process that has the plugin dies of it; a cluster without its balancer waits. */
static void add_fault(struct load *load, struct definition *definition, const char *text)
{
	const hst_plugin_kind kind = definition->instance->kind;

	problems_add(load->problems, instance_file(load, definition->instance), definition->instance->line, "%s", text);
	if (kind == HST_STRATEGY)
		return;
	definition->fault = arena_text(load->made->arena, text);
	load->made->faults++;
}

/* Fills in what the plugin says; false when the instance cannot be used, which is then said. */
static bool define(struct load *load, const struct conf_instance *instance, struct definition *definition)
{
	hst_arena *arena = load->made->arena;
	const struct manifest *manifest = NULL;
	hst_shape shape = {0};
	hst_error why = {0};
	int code;

	if (!instance->plugin)
		return false; /* said when the configuration was read */
	if (manifests_get(load->manifests, instance->kind, instance->plugin, &manifest, &why) != HST_OK) {
		add_fault(load, definition, why.text);
		return false;
	}
	definition->manifest = *manifest;
	definition->event = manifest->event;
	definition->options = definitions_options(arena, instance, manifest->options, load->problems);
	if (!definition->options)
		return false;
	if (!manifest->shaped)
		return true;
	code = manifests_shape(load->manifests, instance->kind, instance->plugin, definition->options, &shape, &why);
	if (code == HST_BROKEN || code == HST_TIMEOUT)
		add_fault(load, definition, why.text);
	else if (code != HST_OK)
		problems_add(load->problems, instance_file(load, instance), definitions_line(instance, why.text), "%s", why.text);
	if (code != HST_OK)
		return false;
	definition->event = shape.event;
	definition->inputs = shape.inputs;
	definition->outputs = shape.outputs;
	definition->deadline = shape.deadline;
	return true;
}

static void add_instance(struct load *load, const struct conf_instance *instance)
{
	struct table *table = &load->made->instances[instance->kind];
	struct definition *definition;

	if (table_get(table, instance->name))
		return;
	definition = arena_alloc(load->made->arena, sizeof *definition);
	definition->instance = instance;
	definition->bad = !define(load, instance, definition);
	table_set(table, instance->name, definition);
}

/* A bare plugin name where an instance is named stands for itself with its defaults. */
static void add_named(struct load *load, hst_plugin_kind kind, const char *name, int line)
{
	struct conf_instance *bare;

	if (!name || table_get(&load->made->instances[kind], name))
		return;
	bare = arena_alloc(load->made->arena, sizeof *bare);
	bare->kind = kind;
	bare->name = arena_text(load->made->arena, name);
	bare->plugin = bare->name;
	bare->workers = 1;
	bare->line = line;
	add_instance(load, bare);
}

/* All processes that will be asked begin at once, so that together they take little longer than one. */
static void foresee(struct load *load)
{
	const struct conf *conf = load->made->conf;

	for (size_t i = 0; i < conf->instance_count; i++)
		if (conf->instances[i].plugin)
			manifests_foresee(load->manifests, conf->instances[i].kind, conf->instances[i].plugin);
	for (size_t i = 0; i < conf->cluster_count; i++)
		if (conf->clusters[i].balancer && !conf_instance(conf, HST_BALANCER, conf->clusters[i].balancer))
			manifests_foresee(load->manifests, HST_BALANCER, conf->clusters[i].balancer);
	for (size_t i = 0; i < conf->device_count; i++)
		if (conf->devices[i].driver && !conf_instance(conf, HST_DRIVER, conf->devices[i].driver))
			manifests_foresee(load->manifests, HST_DRIVER, conf->devices[i].driver);
}

static void add_instances(struct load *load)
{
	const struct conf *conf = load->made->conf;

	foresee(load);
	for (size_t i = 0; i < conf->instance_count; i++)
		add_instance(load, &conf->instances[i]);
	for (size_t i = 0; i < conf->cluster_count; i++)
		add_named(load, HST_BALANCER, conf->clusters[i].balancer, conf->clusters[i].line);
	for (size_t i = 0; i < conf->device_count; i++) {
		add_named(load, HST_DRIVER, conf->devices[i].driver, conf->devices[i].line);
		add_named(load, HST_STRATEGY, conf->devices[i].strategy, conf->devices[i].line);
	}
}

/* "enter-invoice" of ".../enter-invoice/desktop-flow.ini": by custom a package is called like its folder. */
static char *folder_name(const char *path)
{
	const char *end = strrchr(path, '/');
	const char *start = end;

	while (start && start > path && start[-1] != '/')
		start--;
	return mem_copy(start ? start : "", start ? (size_t)(end - start) : 0);
}

/*
 * The copy that the house was told to keep to, whatever is in the folder by now: that may be just being changed, and not even
 * be readable. NULL, with problems added: it is not what it was.
 */
static struct package *read_pinned(struct load *load, const char *manifest_path, const char *name, const char *digest)
{
	const char *conf = load->made->conf->path;
	AUTO_FREE char *folder = pushed_copy(conf, name, digest), *pin = pushed_pin(conf, name);
	AUTO_FREE char *manifest = files_join(folder, "desktop-flow.ini");
	struct problems wrong;
	struct package *package;
	bool right;

	problems_init(&wrong);
	package = digest[0] ? package_read(manifest, &wrong) : NULL;
	right = package && strcmp(package->digest, digest) == 0 && strcmp(package->name, name) == 0;
	if (!right)
		problems_add(load->problems, pin, 1,
			     "the desktop flow \"%s\" is pinned to %.12s, and %s is not that; `hostler desktop pin %s --off` takes the folder again", name,
			     digest[0] ? digest : "nothing", folder, name);
	else
		table_set(&load->made->pinned, name, arena_text(load->made->arena, manifest_path));
	problems_clear(&wrong);
	if (right)
		return package;
	package_free(package);
	return NULL;
}

static void say_all(struct load *load, const struct problems *problems)
{
	for (size_t i = 0; i < problems->n; i++)
		problems_add(load->problems, problems->at[i].file, problems->at[i].line, "%s", problems->at[i].text);
}

/* What the house runs of the package with this manifest; NULL: nothing, which is said. */
static struct package *choose_package(struct load *load, const char *manifest_path)
{
	AUTO_FREE char *folder = folder_name(manifest_path);
	struct problems wrong;
	struct package *package;
	const char *name;
	char digest[65];

	problems_init(&wrong);
	package = package_read(manifest_path, &wrong);
	name = package ? package->name : folder;
	if (pushed_is_pinned(load->made->conf->path, name, digest)) {
		struct package *pinned = read_pinned(load, manifest_path, name, digest);

		package_free(package);
		package = pinned;
	} else {
		say_all(load, &wrong);
	}
	problems_clear(&wrong);
	if (!package)
		table_set(&load->made->bad_packages, folder, load->made);
	return package;
}

static void add_package(struct load *load, const char *manifest_path)
{
	struct package *package = choose_package(load, manifest_path);
	const struct package *first;

	if (!package)
		return;
	first = table_get(&load->made->packages, package->name);
	if (first) {
		problems_add(load->problems, package->manifest, package->line,
			     "there is a desktop flow \"%s\" already, in %s:%d", package->name, first->manifest,
			     first->line);
		package_free(package);
		return;
	}
	table_set(&load->made->packages, package->name, package);
}

/* The text's digest is what a run keeps of its flow. */
static void digest_text(const char *text, size_t length, char to[65])
{
	unsigned char hash[32];

	crypto_generichash(hash, sizeof hash, (const unsigned char *)text, length, NULL, 0);
	sodium_bin2hex(to, 65, hash, sizeof hash);
}

/* Two files that give the same name are both named, whatever else is wrong with either. */
static void claim_name(struct load *load, const struct flow *flow)
{
	const char *first;

	if (!flow->name)
		return;
	first = table_get(&load->flow_places, flow->name);
	if (first)
		problems_add(load->problems, flow->file, flow->line, "there is a flow \"%s\" already, in %s", flow->name,
			     first);
	else
		table_set(&load->flow_places, flow->name,
			  arena_printf(load->made->arena, "%s:%d", flow->file, flow->line));
}

static void add_flow(struct load *load, const char *path)
{
	size_t before = load->problems->n + load->problems->dropped;
	struct document *document = ini_read(path, load->problems);
	struct flow *flow;

	if (!document)
		return;
	flow = flow_parse_for_check(document, load->problems);
	document_free(document);
	world_check_flow(load->made, flow, load->problems);
	claim_name(load, flow);
	if (load->problems->n + load->problems->dropped != before) {
		flow_free(flow);
		return;
	}
	digest_text(flow->text, flow->text_length, flow->digest);
	table_set(&load->made->flows, flow->name, flow);
}

struct definitions *definitions_load(struct conf *conf_take, struct problems *problems)
{
	struct definitions *made = mem_alloc(sizeof *made);
	struct load load = {.made = made, .problems = problems};

	made->conf = conf_take;
	made->arena = arena_new();
	for (size_t kind = 0; kind < HST_KIND_COUNT; kind++)
		table_init(&made->instances[kind]);
	table_init(&made->packages);
	table_init(&made->flows);
	table_init(&made->bad_packages);
	table_init(&made->pinned);
	table_init(&load.flow_places);

	load.manifests =
		manifests_new(made->arena, conf_take->plugins ? conf_take->plugins : files_plugin_directory());
	/* Flows come last: they are held against all the rest. */
	add_instances(&load);
	for (size_t i = 0; i < conf_take->package_file_count; i++)
		add_package(&load, conf_take->package_files[i]);
	for (size_t i = 0; i < conf_take->flow_file_count; i++)
		add_flow(&load, conf_take->flow_files[i]);
	manifests_free(load.manifests);
	definitions_add_alerts(made, &load.flow_places, problems);
	table_clear(&load.flow_places);
	definitions_check_addresses(made, problems);
	definitions_check_secrets(made, problems);
	definitions_check_signatures(made, problems);
	problems_sort(problems);
	return made;
}

void definitions_free(struct definitions *definitions)
{
	if (!definitions)
		return;
	definitions_free_alerts(definitions);
	TABLE_EACH(&definitions->packages, entry)
		package_free(entry->value);
	TABLE_EACH(&definitions->flows, entry)
		flow_free(entry->value);
	for (size_t kind = 0; kind < HST_KIND_COUNT; kind++)
		table_clear(&definitions->instances[kind]);
	table_clear(&definitions->packages);
	table_clear(&definitions->flows);
	table_clear(&definitions->bad_packages);
	table_clear(&definitions->pinned);
	arena_free(definitions->arena);
	conf_free(definitions->conf);
	free(definitions);
}

const struct definition *definitions_instance(const struct definitions *definitions, hst_plugin_kind kind,
					      const char *name)
{
	return table_get(&definitions->instances[kind], name);
}

bool definitions_action(const struct definition *connector, const char *action, hst_fields *ret_inputs,
			hst_fields *ret_outputs, hst_duration *ret_deadline)
{
	const struct manifest_action *found = manifest_action(&connector->manifest, action);
	bool shaped = connector->manifest.shaped;

	if (!found)
		return false;
	*ret_inputs = shaped ? connector->inputs : found->inputs;
	*ret_outputs = shaped ? connector->outputs : found->outputs;
	*ret_deadline = shaped ? connector->deadline : found->deadline;
	return true;
}
