/* The device's sessions: what the watch reports and what our own holds know, as one list for the strategy. */
#include "pure/admission/internal.h"

#include "base/auto.h"
#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void session_clear(hst_session *session)
{
	free((char *)session->id);
	free((char *)session->user);
	free((char *)session->key);
	free((char *)session->doubt);
}

void sessions_clear(struct admission *admission)
{
	for (size_t i = 0; i < admission->seen_count; i++)
		session_clear(&admission->seen[i]);
	free(admission->seen);
	admission->seen = NULL;
	admission->seen_count = 0;
}

void sessions_forget(struct admission *admission, const char *id)
{
	for (size_t i = 0; id && i < admission->seen_count; i++) {
		hst_session gone = admission->seen[i];

		if (strcmp(gone.id, id) != 0)
			continue;
		memmove(&admission->seen[i], &admission->seen[i + 1],
			(--admission->seen_count - i) * sizeof *admission->seen);
		session_clear(&gone);
		return;
	}
}

void sessions_theirs(struct admission *admission, const char *id)
{
	for (size_t i = 0; id && i < admission->seen_count; i++)
		if (strcmp(admission->seen[i].id, id) == 0)
			admission->seen[i].ours = false;
}

/*
 * True when one of our holds has the session, or is opening it: then the hold knows better than the watch,
 * which may be a second behind, or ahead of the hold's word that it is open.
 */
static bool is_of_hold(const struct admission *admission, const hst_session *session)
{
	TABLE_EACH(&admission->holds, entry) {
		const struct admission_hold *hold = entry->value;

		if (hold->state == ADMISSION_HOLD_CLOSED || hold->attended)
			continue;
		if (hold->session ? strcmp(hold->session, session->id) == 0
				  : session->ours && hold->key && strcmp(hold->key, session->key) == 0)
			return true;
	}
	return false;
}

/* From the journal: a hold may have its session, and has not said so. A person's session is seen in any case. */
static bool awaits_hold(const struct admission_run *run)
{
	return !run->hold && !run->attended && (run->state == ADMISSION_WAITING_HOLD || run->state == ADMISSION_OPENING ||
			      run->state == ADMISSION_RUNNING);
}

static bool is_of_run(const struct admission *admission, const hst_session *session)
{
	TABLE_EACH(&admission->runs, entry) {
		const struct admission_run *run = entry->value;

		if (awaits_hold(run) && session->ours && strcmp(run->key, session->key) == 0)
			return true;
	}
	return false;
}

bool sessions_stuck(const struct admission *admission, const hst_session *session)
{
	if (!session->ours || !*session->id || !admission->gathered)
		return false;
	TABLE_EACH(&admission->holds, entry) {
		const struct admission_hold *hold = entry->value;

		if (hold->session && strcmp(hold->session, session->id) == 0)
			return hold->late;
	}
	return true;
}

static hst_session hold_session(const struct admission_hold *hold)
{
	return (hst_session){.id = hold->session ? hold->session : "",
			     .user = hold->user,
			     .key = hold->key,
			     .connected = HST_YES,
			     .locked = HST_NO,
			     .ours = true,
			     .running = hold->state != ADMISSION_HOLD_IDLE,
			     .kept = hold->state == ADMISSION_HOLD_IDLE};
}

static bool has_session(const struct admission_hold *hold)
{
	return hold->key && !hold->attended && hold->state != ADMISSION_HOLD_WARM && hold->state != ADMISSION_HOLD_CLOSED;
}

hst_session *sessions_all(const struct admission *admission, hst_arena *arena, size_t *ret_n)
{
	hst_session *all;
	size_t awaiting = 0, n = 0;

	TABLE_EACH(&admission->runs, entry)
		awaiting += awaits_hold(entry->value);
	all = arena_array(arena, admission->seen_count + admission->holds.n + awaiting + 1, sizeof *all);
	for (size_t i = 0; i < admission->seen_count; i++) {
		if (is_of_hold(admission, &admission->seen[i]) || is_of_run(admission, &admission->seen[i]))
			continue;
		all[n] = admission->seen[i];
		all[n].running = attended_uses(admission, &all[n]);
		n++;
	}
	TABLE_EACH(&admission->holds, entry)
		if (has_session(entry->value))
			all[n++] = hold_session(entry->value);
	*ret_n = n;
	if (!awaiting)
		return all;
	TABLE_EACH(&admission->runs, entry) {
		const struct admission_run *run = entry->value;

		if (awaits_hold(run))
			all[n++] = (hst_session){.id = "",
						 .user = run->user,
						 .key = run->key,
						 .connected = HST_YES,
						 .locked = HST_NO,
						 .ours = true,
						 .running = true};
	}
	*ret_n = n;
	return all;
}

static bool same_doubt(const char *a, const char *b)
{
	return a && b ? strcmp(a, b) == 0 : a == b;
}

static bool same_fact(const hst_session *a, const hst_session *b)
{
	return strcmp(a->id, b->id) == 0 && strcmp(a->key, b->key) == 0 && a->connected == b->connected &&
	       a->locked == b->locked && a->ours == b->ours && same_doubt(a->doubt, b->doubt);
}

static bool same_sessions(const struct admission *admission, const struct admission_event *event)
{
	if (!admission->known || admission->seen_count != event->session_count ||
	    admission->facts.system != event->device->system ||
	    admission->facts.processors != event->device->processors || admission->facts.rehearses != event->device->rehearses ||
	    admission->facts.rds != event->device->rds || admission->facts.containment != event->device->containment)
		return false;
	for (size_t i = 0; i < event->session_count; i++)
		if (!same_fact(&admission->seen[i], &event->sessions[i]))
			return false;
	return true;
}

/* Runs that have a session, or were promised one. One that only waits to be decided about has no claim yet.
 */
static int64_t runs_with_place(const struct admission *admission)
{
	int64_t n = 0;

	TABLE_EACH(&admission->runs, entry) {
		const struct admission_run *run = entry->value;

		n += run->state != ADMISSION_OFFERED && !run->released && !run->trial;
	}
	return n;
}

bool sessions_unfit(const struct admission *admission)
{
	return admission->known && !(admission->policy.systems & (unsigned)admission->facts.system);
}

static int64_t slots_now(struct admission *admission, int64_t *ret_limit, struct admission_effects *effects)
{
	int64_t most = 0, free_slots = 0, slots;
	size_t n;
	hst_session *all = sessions_all(admission, effects->arena, &n);

	if (sessions_unfit(admission) ||
	    admission->policy.slots(admission->policy.arg, &admission->facts, all, n, &most, &free_slots,
				    NULL) < 0 ||
	    free_slots < 0)
		free_slots = 0;
	*ret_limit = most;
	slots = runs_with_place(admission) + free_slots + attended_places(admission, all, n);
	/* A device with no room still takes offers one at a time, so that a refusal can say which session is
	 * in the way. */
	return slots > 0 ? slots : 1;
}

void sessions_changed(struct admission *admission)
{
	admission->revision++;
	admission->refused_since_change = admission->stirred = false;
	admission->changed = true;
}

void sessions_settle(struct admission *admission, struct admission_effects *effects)
{
	int64_t slots, limit;

	if (!admission->known)
		return;
	slots = slots_now(admission, &limit, effects);
	/* Whoever was refused because of what has left, or for want of room, is worth asking again. */
	if ((admission->stirred || slots > admission->slots) && admission->refused_since_change)
		sessions_changed(admission);
	if (admission->changed || slots != admission->slots || limit != admission->limit)
		admission_effect(effects, ADMISSION_SAY_DEVICE);
	admission->slots = slots;
	admission->limit = limit;
	admission->changed = admission->stirred = false;
}

/* What was seen last may have changed since; rule R11: unknown means do not start. */
void sessions_blind(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	if (admission->blind && strcmp(admission->blind, event->text) == 0)
		return;
	free(admission->blind);
	admission->blind = mem_text(event->text);
	admission_effect(effects, ADMISSION_SAY_DEVICE);
}

void sessions_seen(struct admission *admission, const struct admission_event *event,
		   struct admission_effects *effects)
{
	bool same = same_sessions(admission, event), first = !admission->known;

	admission->facts = *event->device;
	admission->facts.name = admission->device;
	identity_ask_again(admission, effects);
	if (admission->blind) {
		free(take(admission->blind));
		admission->changed = true;
	}
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
		admission->seen[i].doubt = event->sessions[i].doubt ? mem_text(event->sessions[i].doubt) : NULL;
	}
	admission->known = true;
	sessions_changed(admission);
	TABLE_EACH(&admission->runs, entry)
		attended_watch(admission, entry->value, effects);
	if (first)
		holds_keep_one_warm(admission, effects);
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
