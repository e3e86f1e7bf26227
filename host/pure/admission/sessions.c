/* The device's sessions: what the watch reports and what our own holds know, as one list for the strategy. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void sessions_clear(struct admission *admission)
{
	for (size_t i = 0; i < admission->seen_count; i++) {
		free((char *)admission->seen[i].id);
		free((char *)admission->seen[i].user);
		free((char *)admission->seen[i].key);
	}
	free(admission->seen);
	admission->seen = NULL;
	admission->seen_count = 0;
}

void sessions_forget(struct admission *admission, const char *id)
{
	for (size_t i = 0; id && i < admission->seen_count; i++) {
		if (strcmp(admission->seen[i].id, id) != 0)
			continue;
		free((char *)admission->seen[i].id);
		free((char *)admission->seen[i].user);
		free((char *)admission->seen[i].key);
		admission->seen[i--] = admission->seen[--admission->seen_count];
	}
}

static const struct admission_hold *hold_of_session(const struct admission *admission, const char *id)
{
	TABLE_EACH(&admission->holds, entry) {
		const struct admission_hold *hold = entry->value;

		if (hold->session && strcmp(hold->session, id) == 0)
			return hold;
	}
	return NULL;
}

static hst_session hold_session(const struct admission_hold *hold)
{
	return (hst_session){.id = hold->session ? hold->session : "", .user = hold->user, .key = hold->key, .connected = HST_YES,
	                     .locked = HST_NO, .ours = true,
	                     .running = hold->state == ADMISSION_HOLD_RUNNING || hold->state == ADMISSION_HOLD_OPENING ||
	                                hold->state == ADMISSION_HOLD_CLOSING,
	                     .kept = hold->state == ADMISSION_HOLD_IDLE};
}

hst_session *sessions_all(const struct admission *admission, hst_arena *arena, size_t *ret_n)
{
	hst_session *all = arena_array(arena, admission->seen_count + admission->holds.n + 1, sizeof *all);
	size_t n = 0;

	/* Of a session that one of our holds has, the hold knows better than the watch, which may be a second behind. */
	for (size_t i = 0; i < admission->seen_count; i++) {
		const struct admission_hold *hold = hold_of_session(admission, admission->seen[i].id);

		if (!hold) {
			all[n++] = admission->seen[i];
		} else if (hold->attended) {
			all[n] = admission->seen[i];
			all[n++].running = hold->run != NULL;
		}
	}
	TABLE_EACH(&admission->holds, entry) {
		const struct admission_hold *hold = entry->value;

		if (hold->state != ADMISSION_HOLD_WARM && !hold->attended)
			all[n++] = hold_session(hold);
	}
	*ret_n = n;
	return all;
}

static bool same_fact(const hst_session *a, const hst_session *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->key, b->key) == 0 && a->connected == b->connected && a->locked == b->locked &&
	       a->ours == b->ours;
}

static bool same_sessions(const struct admission *admission, const struct admission_event *event)
{
	if (!admission->known || admission->seen_count != event->session_count || admission->facts.system != event->device->system)
		return false;
	for (size_t i = 0; i < event->session_count; i++)
		if (!same_fact(&admission->seen[i], &event->sessions[i]))
			return false;
	return true;
}

/* Runs that the device has taken and that hold a place. */
static int64_t active_runs(const struct admission *admission)
{
	int64_t n = 0;

	TABLE_EACH(&admission->runs, entry)
		n += !((struct admission_run *)entry->value)->released;
	return n;
}

void sessions_changed(struct admission *admission, struct admission_effects *effects)
{
	hst_session *all;
	int64_t most = 0, free_slots = 0;
	size_t n;

	all = sessions_all(admission, effects->arena, &n);
	if (!admission->known || !(admission->policy.systems & (unsigned)admission->facts.system) ||
	    admission->policy.slots(admission->policy.arg, &admission->facts, all, n, &most, &free_slots, NULL) < 0)
		free_slots = 0;
	admission->revision++;
	admission->refused_since_change = false;
	admission->slots = active_runs(admission) + (free_slots > 0 ? free_slots : 0);
	/* A device with no room still takes offers one at a time, so that a refusal can say which session is in the way. */
	if (admission->slots == 0 && admission->known)
		admission->slots = 1;
	admission_effect(effects, ADMISSION_SAY_DEVICE);
}

void sessions_seen(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	bool same = same_sessions(admission, event);

	admission->facts = *event->device;
	admission->facts.name = admission->device;
	if (same)
		return;
	sessions_clear(admission);
	admission->seen = mem_array(event->session_count + 1, sizeof *admission->seen);
	admission->seen_count = event->session_count;
	for (size_t i = 0; i < event->session_count; i++) {
		admission->seen[i] = event->sessions[i];
		admission->seen[i].id = mem_text(event->sessions[i].id);
		admission->seen[i].user = mem_text(event->sessions[i].user);
		admission->seen[i].key = mem_text(event->sessions[i].key);
	}
	admission->known = true;
	sessions_changed(admission, effects);
}

const char *sessions_fact_text(hst_fact connected, hst_fact locked)
{
	if (connected == HST_NO)
		return "disconnected";
	if (connected == HST_UNKNOWN)
		return "connected or not: unknown";
	if (locked == HST_YES)
		return "locked";
	return locked == HST_NO ? "active" : "lock state unknown";
}
