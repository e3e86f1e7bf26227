#include "definitions/secret_uses.h"

#include "base/arena.h"
#include "base/mem.h"
#include "config/secret_files.h"
#include "definitions/secrets.h"
#include "pure/flow/directions.h"

#include <string.h>

enum { MEMBERS_MAX = sizeof((struct secret_use *)0)->members / sizeof(char *) };

struct finding {
	const struct definitions *definitions;
	hst_arena *arena;
	const struct flow *flow; /* whose steps are looked at */
	struct secret_use *uses;
	size_t n, size;
};

static struct secret_use *add(struct finding *finding, const char *secret, const char *sink, const char *file, int line)
{
	finding->uses = mem_grow(finding->uses, &finding->size, finding->n + 1, sizeof *finding->uses);
	finding->uses[finding->n] = (struct secret_use){.secret = secret, .sink = sink, .file = file, .line = line};
	return &finding->uses[finding->n++];
}

static void add_member(struct secret_use *use, const char *member)
{
	for (size_t i = 0; i < use->member_count; i++)
		if (strcmp(use->members[i], member) == 0)
			return;
	if (use->member_count < MEMBERS_MAX)
		use->members[use->member_count++] = member;
}

static void add_device(struct finding *finding, struct secret_use *use, const char *name)
{
	const struct conf *conf = finding->definitions->conf;
	const struct conf_device *device = conf_device(conf, name);
	const char *gateway = device && device->gateway ? device->gateway : conf->gateway_name;

	if (gateway)
		add_member(use, arena_printf(finding->arena, "gateway/%s", gateway));
}

/* Any member of a cluster may be the one that gets the run. */
static void add_target(struct finding *finding, struct secret_use *use, const struct conf_target *target)
{
	const struct conf_cluster *cluster = target->cluster ? conf_cluster(finding->definitions->conf, target->name) : NULL;

	if (!target->cluster && target->name)
		add_device(finding, use, target->name);
	for (size_t i = 0; cluster && i < cluster->member_count; i++)
		add_device(finding, use, cluster->members[i]);
}

static void of_option(struct finding *finding, const struct conf_instance *instance, const struct section_key *key, const char *secret, const char *kind)
{
	struct secret_use *use = add(finding, secret, arena_printf(finding->arena, "%s/%s.%s", kind, instance->name, key->name), instance->section->file, key->line);

	use->instance = instance;
	add_member(use, arena_printf(finding->arena, "%s/%s", kind, instance->name));
}

static void of_instances(struct finding *finding)
{
	const struct conf *conf = finding->definitions->conf;

	for (size_t i = 0; i < conf->instance_count; i++) {
		const struct conf_instance *instance = &conf->instances[i];
		const char *kind = instance->kind == HST_TRIGGER ? "trigger" : "connector";

		if (!instance->section || (instance->kind != HST_TRIGGER && instance->kind != HST_CONNECTOR))
			continue;
		for (size_t k = 0; k < instance->section->key_count; k++) {
			const struct section_key *key = &instance->section->keys[k];
			const char *secret = secret_named(key->value);

			if (secret)
				of_option(finding, instance, key, secret, kind);
		}
	}
}

static void of_connections(struct finding *finding)
{
	const struct conf *conf = finding->definitions->conf;

	for (size_t i = 0; i < conf->connection_count; i++) {
		const struct conf_connection *connection = &conf->connections[i];

		if (connection->password)
			add_target(finding,
			           add(finding, connection->password, arena_printf(finding->arena, "connection/%s.password", connection->name), conf->path,
			               definitions_password_line(finding->definitions, connection)),
			           &connection->target);
	}
}

static void of_input(void *arg, const char *secret, const struct flow_step *step, const struct flow_input *input)
{
	struct finding *finding = arg;
	struct secret_use *use = add(finding, secret, flow_sink(finding->arena, step, input->name), finding->flow->file, input->line);
	const struct conf_connection *connection = step->connection ? conf_connection(finding->definitions->conf, step->connection) : NULL;

	if (step->use == FLOW_USE_CONNECTOR)
		add_member(use, arena_printf(finding->arena, "connector/%s", step->target));
	else if (connection)
		add_target(finding, use, &connection->target);
}

static void keep_uses(void *uses)
{
	free(uses);
}

size_t secret_uses(const struct definitions *definitions, hst_arena *arena, const struct secret_use **ret)
{
	struct finding finding = {.definitions = definitions, .arena = arena};

	of_instances(&finding);
	of_connections(&finding);
	TABLE_EACH(&definitions->flows, entry) {
		finding.flow = entry->value;
		flow_secrets(finding.flow, of_input, &finding);
	}
	arena_at_end(arena, keep_uses, finding.uses);
	*ret = finding.uses;
	return finding.n;
}
