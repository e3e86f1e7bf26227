/*
 * Workers after a reload: those of instances that are new are started; those of instances that have gone, or have another
 * section or plugin now, finish what they are at and end.
 */
#include "supervise/internal.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "supervise/keys.h"

#include <string.h>

/* Its section may be as it was, and its plugin another. */
static void add_worker_change(struct supervisor *supervisor, const struct plan_child *worker)
{
	const char *instance = worker->name + strlen("worker/"), *slash = strchr(instance, '/');
	AUTO_FREE char *line = mem_printf("changed %.*s %.*s\n", (int)(slash - instance), instance,
					  (int)strcspn(slash + 1, "#"), slash + 1);

	if (!strstr(supervisor->reload.said.s, line))
		text_add(&supervisor->reload.said, line);
}

/* Two triggers of one name would both move its state on; a connector's calls need not wait for the last one's end. */
static void replace_worker(struct supervisor *supervisor, struct role_child *old, struct plan_child *wanted, struct text *engine)
{
	bool one_at_a_time = strncmp(wanted->name, "worker/trigger/", 15) == 0;
	struct role_child *new;

	add_worker_change(supervisor, wanted);
	text_addf(engine, "retire %s\n", wanted->name);
	old->leaving = true;
	new = children_add(supervisor, wanted);
	new->fresh = true;
	if (one_at_a_time)
		new->after = old->after ? old->after : old;
}

static const struct plan_child *planned(const struct plan *plan, const char *name)
{
	for (size_t i = 0; i < plan->n; i++)
		if (strcmp(plan->children[i].name, name) == 0)
			return &plan->children[i];
	return NULL;
}

static void retire_workers(struct supervisor *supervisor, const struct plan *plan, struct text *engine)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		if (child->plan.part != PLAN_WORKER || child->leaving || planned(plan, child->plan.name))
			continue;
		child->leaving = true;
		text_addf(engine, "retire %s\n", child->plan.name);
	}
}

/*
 * Who goes, who comes, who is replaced: marked and added here; begun once the engine knows. `engine` becomes what it is
 * told before it takes the configuration.
 */
void workers_plan(struct supervisor *supervisor, struct text *engine)
{
	struct plan plan;

	plan_make(&plan, supervisor->conf, supervisor->arguments->file, supervisor->arguments->root);
	retire_workers(supervisor, &plan, engine);
	for (size_t i = 0; i < plan.n; i++) {
		struct plan_child *wanted = &plan.children[i];
		struct role_child *child = children_named(supervisor, wanted->name);

		if (wanted->part != PLAN_WORKER)
			continue;
		if (!child) {
			AUTO_FREE char *peer = keys_peer(supervisor->arguments->seed, wanted->name);

			text_add(engine, peer);
			children_add(supervisor, wanted)->fresh = true;
		} else if (strcmp(child->plan.made_of, wanted->made_of) != 0) {
			replace_worker(supervisor, child, wanted, engine);
		}
	}
	plan_clear(&plan);
}

void workers_have_come(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++)
		supervisor->children[i]->fresh = false;
}

/* Who had given up is worth another try. */
void workers_begin(struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		struct role_child *child = supervisor->children[i];

		/* One that was given up is waited for like a new one. */
		child->fresh |= child->child.state == CHILD_DEGRADED;
		if (child->leaving)
			children_event(child, CHILD_DRAIN);
		else if (!child->after && child->fresh)
			children_event(child, CHILD_START);
	}
}

bool workers_are_coming(const struct supervisor *supervisor)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		const struct role_child *child = supervisor->children[i];

		if (child->fresh && !child->leaving && !child_is_settled(&child->child))
			return true;
	}
	return false;
}
