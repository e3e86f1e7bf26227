/* How the children stand, across an exec: what they are follows from the configuration, what they do is carried. */
#include "supervise/internal.h"

#include "base/auto.h"
#include "base/mem.h"
#include "supervise/carried.h"

#include <stdio.h>
#include <string.h>

static int64_t position_of(const struct supervisor *supervisor, const struct role_child *child)
{
	for (size_t i = 0; child && i < supervisor->n; i++)
		if (supervisor->children[i] == child)
			return (int64_t)i;
	return -1;
}

void children_carry(const struct supervisor *supervisor, struct carried *to)
{
	for (size_t i = 0; i < supervisor->n; i++) {
		const struct role_child *child = supervisor->children[i];
		struct carried_child *carried = carried_add_child(to);

		*carried = (struct carried_child){.pid = child->process ? process_pid(child->process) : 0,
						  .part = child->plan.part,
						  .state = child->child.state,
						  .stop_ms = child->plan.stop_ms,
						  .ready_us = child->child.ready_us,
						  .failures = child->child.failures,
						  .death_count = (int64_t)child->child.death_count,
						  .launches = (int64_t)child->child.launches,
						  .since_us = child->since_us,
						  .allowed_ms = child->allowed_ms,
						  .leaving = child->leaving,
						  .after = position_of(supervisor, child->after),
						  .name = mem_text(child->plan.name),
						  .bad = mem_text(child->bad),
						  .last_words = mem_text(child->last_words),
						  .hung = mem_text(child->hung)};
		memcpy(carried->deaths_us, child->child.deaths_us, sizeof carried->deaths_us);
	}
}

/* One that is to end is no longer in the plan, or not as what it was. */
static struct role_child *counterpart(struct supervisor *supervisor, const struct carried_child *carried)
{
	struct role_child *child = carried->leaving ? NULL : children_named(supervisor, carried->name);
	struct plan_child plan = {.part = (enum plan_part)carried->part, .stop_ms = carried->stop_ms};

	if (child)
		return child;
	plan.name = mem_text(carried->name);
	child = children_add(supervisor, &plan);
	child->leaving = true;
	return child;
}

static void go_on(struct role_child *child, const struct carried *carried, const struct carried_child *found)
{
	const struct process_role role = children_role(child);
	struct child *machine = &child->child;

	machine->state = (enum child_state)found->state;
	machine->ready_us = found->ready_us;
	machine->failures = (unsigned)found->failures;
	machine->death_count = (uint64_t)found->death_count;
	machine->launches = (uint64_t)found->launches;
	memcpy(machine->deaths_us, found->deaths_us, sizeof machine->deaths_us);
	child->since_us = found->since_us;
	child->bad = mem_text(found->bad);
	child->last_words = mem_text(found->last_words);
	snprintf(child->hung, sizeof child->hung, "%s", found->hung ? found->hung : "");
	child->old = true;
	if (found->pid) {
		machine->alive = true;
		child->process = process_resume(child->of->processes, carried, found->pid, &role);
		silence_resume(child, found->allowed_ms);
	}
	if (machine->state == CHILD_BACKOFF)
		machine->role->timer(machine, CHILD_PAUSE_FIRST_MS);
	else if (machine->state == CHILD_STOPPING || (machine->state == CHILD_DEGRADED && machine->alive))
		machine->role->timer(machine, machine->stop_ms);
}

void children_resume(struct supervisor *supervisor, const struct carried *carried)
{
	AUTO_FREE struct role_child **children = mem_array(carried->child_count + 1, sizeof(struct role_child *));

	for (size_t i = 0; i < carried->child_count; i++) {
		children[i] = counterpart(supervisor, &carried->children[i]);
		go_on(children[i], carried, &carried->children[i]);
	}
	for (size_t i = 0; i < carried->child_count; i++)
		if (carried->children[i].after >= 0)
			children[i]->after = children[carried->children[i].after];
}
