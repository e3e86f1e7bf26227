#include "supervise/plan.h"

#include "base/mem.h"
#include "config/conf.h"
#include "config/conf_changes.h"
#include "schema/manifest.h"
#include "supervise/accounts.h"

#include <string.h>

enum { STOP_MS = 10000, STOP_GATEWAY_MS = 40000 };

static struct plan_child *add(struct plan *plan, enum plan_part part, const char *program, char *name_take)
{
	struct plan_child *child;

	plan->children = mem_grow(plan->children, &(size_t){plan->n}, plan->n + 1, sizeof *plan->children);
	child = &plan->children[plan->n++];
	memset(child, 0, sizeof *child);
	child->part = part;
	child->name = name_take;
	child->program = mem_text(program);
	child->argv[0] = mem_text(program);
	child->stop_ms = part == PLAN_GATEWAY ? STOP_GATEWAY_MS : STOP_MS;
	return child;
}

static void argue(struct plan_child *child, const char *option, const char *value)
{
	size_t n = 0;

	while (child->argv[n])
		n++;
	if (n + 2 > PLAN_ARGUMENTS_MAX)
		abort();
	child->argv[n] = mem_text(option);
	child->argv[n + 1] = mem_text(value);
}

static void add_role(struct plan *plan, enum plan_part part, const char *program, char *name_take, const char *file,
		     const char *user)
{
	struct plan_child *child = add(plan, part, program, name_take);

	argue(child, "-c", file);
	if (user)
		argue(child, "--as", user);
}

static void add_worker(struct plan *plan, const struct conf *conf, const struct conf_instance *instance, int64_t number,
		       const char *file, const char *user)
{
	const char *kind = manifest_kind_name(instance->kind);
	char *name = number == 1 ? mem_printf("worker/%s/%s", kind, instance->name)
				 : mem_printf("worker/%s/%s#%d", kind, instance->name, (int)number);
	struct plan_child *child = add(plan, PLAN_WORKER, "hostler-worker", name);
	char text[128];

	child->made_of = conf_made_of(conf, instance->kind, instance->name);
	snprintf(text, sizeof text, "%s/%s", kind, instance->name);
	argue(child, "--instance", text);
	argue(child, "-c", file);
	snprintf(text, sizeof text, "%d", (int)number);
	argue(child, "--number", text);
	if (user)
		argue(child, "--as", user);
}

static void add_workers(struct plan *plan, const struct conf *conf, const char *file, const char *user)
{
	for (size_t i = 0; i < conf->instance_count; i++) {
		const struct conf_instance *instance = &conf->instances[i];
		int64_t workers = instance->kind == HST_CONNECTOR && instance->workers > 1 ? instance->workers : 1;

		if (instance->kind != HST_TRIGGER && instance->kind != HST_CONNECTOR)
			continue;
		for (int64_t number = 1; number <= workers; number++)
			add_worker(plan, conf, instance, number, file, user);
	}
}

void plan_make(struct plan *plan, const struct conf *conf, const char *file, bool root)
{
	memset(plan, 0, sizeof *plan);
	if (conf->has_host) {
		add_role(plan, PLAN_ENGINE, "hostler-engine", mem_text("engine"), file, root ? ACCOUNT_ENGINE : NULL);
		add_workers(plan, conf, file, root ? ACCOUNT_WORKER : NULL);
	}
	if (conf->has_gateway)
		add_role(plan, PLAN_GATEWAY, "hostler-gateway", mem_printf("gateway/%s", conf->gateway_name), file,
			 root ? ACCOUNT_GATEWAY : NULL);
}

void plan_child_clear(struct plan_child *child)
{
	free(child->name);
	free(child->program);
	free(child->made_of);
	for (size_t a = 0; child->argv[a]; a++)
		free(child->argv[a]);
	*child = (struct plan_child){0};
}

void plan_clear(struct plan *plan)
{
	for (size_t i = 0; i < plan->n; i++)
		plan_child_clear(&plan->children[i]);
	free(plan->children);
	*plan = (struct plan){0};
}
