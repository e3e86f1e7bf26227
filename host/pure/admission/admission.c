/* Runs offered to the device: decided, launched, ended, released. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct admission *admission_new(const char *device, char *const *accounts, size_t account_count,
                                const struct admission_policy *policy)
{
	struct admission *admission = mem_alloc(sizeof *admission);

	admission->device = mem_text(device);
	admission->accounts = accounts;
	admission->account_count = account_count;
	admission->policy = *policy;
	table_init(&admission->runs);
	table_init(&admission->holds);
	table_init(&admission->users);
	table_init(&admission->asked);
	table_init(&admission->packages);
	table_init(&admission->gone_runs);
	table_init(&admission->gone_holds);
	return admission;
}

void admission_run_free(struct admission_run *run)
{
	if (!run)
		return;
	free(run->run_id);
	free(run->name);
	free(run->user);
	free(run->package);
	free(run->inputs);
	free(run->key);
	free(run->end);
	free(run->reason);
	free(run->result);
	free(run);
}

void admission_effects_init(struct admission_effects *effects)
{
	*effects = (struct admission_effects){.arena = arena_new()};
}

void admission_effects_clear(struct admission_effects *effects)
{
	free(effects->at);
	arena_free(effects->arena);
	*effects = (struct admission_effects){0};
}

struct admission_effect *admission_effect(struct admission_effects *effects, enum admission_effect_kind kind)
{
	effects->at = mem_grow(effects->at, &effects->size, effects->n + 1, sizeof *effects->at);
	effects->at[effects->n] = (struct admission_effect){.kind = kind};
	return &effects->at[effects->n++];
}

void admission_settle(struct admission *admission, struct admission_effects *effects)
{
	TABLE_EACH(&admission->gone_runs, entry)
		admission_run_free(entry->value);
	TABLE_EACH(&admission->gone_holds, entry)
		holds_free(entry->value);
	table_clear(&admission->gone_runs);
	table_clear(&admission->gone_holds);
	effects->n = 0;
	arena_reset(effects->arena);
}

void admission_free(struct admission *admission)
{
	if (!admission)
		return;
	TABLE_EACH(&admission->runs, entry)
		admission_run_free(entry->value);
	TABLE_EACH(&admission->holds, entry)
		holds_free(entry->value);
	TABLE_EACH(&admission->users, entry)
		free(entry->value);
	TABLE_EACH(&admission->gone_runs, entry)
		admission_run_free(entry->value);
	TABLE_EACH(&admission->gone_holds, entry)
		holds_free(entry->value);
	sessions_clear(admission);
	table_clear(&admission->runs);
	table_clear(&admission->holds);
	table_clear(&admission->users);
	table_clear(&admission->asked);
	table_clear(&admission->packages);
	table_clear(&admission->gone_runs);
	table_clear(&admission->gone_holds);
	free(admission->device);
	free(admission);
}

static void run_key(int64_t step, int64_t token, char to[48])
{
	snprintf(to, 48, "%lld/%lld", (long long)step, (long long)token);
}

struct admission_run *admission_run_of(const struct admission *admission, int64_t step, int64_t token)
{
	char key[48];

	run_key(step, token, key);
	return table_get(&admission->runs, key);
}

static void run_gone(struct admission *admission, struct admission_run *run)
{
	char key[48];

	run_key(run->step, run->token, key);
	table_remove(&admission->runs, key);
	table_set(&admission->gone_runs, key, run);
}

void admission_journal(struct admission_effects *effects, const char *word, const struct admission_run *run)
{
	admission_effect(effects, ADMISSION_JOURNAL)->text =
		arena_printf(effects->arena, "%s %lld %lld", word, (long long)run->step, (long long)run->token);
}

void admission_refuse(struct admission *admission, struct admission_run *run, const char *reason, enum reason_class class,
                      const char *text, struct admission_effects *effects)
{
	struct admission_effect *effect = admission_effect(effects, ADMISSION_SAY_REFUSED);

	effect->run = run;
	effect->reason = arena_text(effects->arena, reason);
	effect->class = class;
	effect->text = arena_text(effects->arena, text ? text : "");
	admission->refused_since_change |= class == REASON_WAIT;
	admission_journal(effects, "refused", run);
	run_gone(admission, run);
}

void admission_say_taken(struct admission_run *run, const char *state, struct admission_effects *effects)
{
	struct admission_effect *effect = admission_effect(effects, run->taken ? ADMISSION_SAY_STAGE : ADMISSION_SAY_TAKEN);

	effect->run = run;
	effect->text = state;
	run->taken = true;
}

void admission_launch(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	struct admission_effect *effect;

	run->hold->state = ADMISSION_HOLD_RUNNING;
	if (!table_get(&admission->packages, run->package)) {
		if (!run->taken)
			admission_say_taken(run, "preparing", effects);
		run->state = ADMISSION_FETCHING;
		return;
	}
	admission_journal(effects, "launched", run);
	run->state = ADMISSION_RUNNING;
	effect = admission_effect(effects, ADMISSION_LAUNCH);
	effect->hold = run->hold;
	effect->run = run;
	admission_say_taken(run, "running", effects);
}

static void run_offered(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	struct admission_run *known = admission_run_of(admission, run->step, run->token);
	const char *key = table_get(&admission->users, run->user);
	char name[48];

	if (known) {
		/* The same offer again: the answer was lost on the way. */
		if (known->taken)
			admission_say_taken(known, known->state >= ADMISSION_RUNNING ? "running" : "preparing", effects);
		admission_run_free(run);
		return;
	}
	run_key(run->step, run->token, name);
	table_set(&admission->runs, name, run);
	run->state = ADMISSION_OFFERED;
	admission_journal(effects, "offer", run);
	if (!table_get(&admission->packages, run->package))
		admission_effect(effects, ADMISSION_FETCH)->text = arena_text(effects->arena, run->package);
	if (key) {
		run->key = mem_text(key);
		admission_decide(admission, run, effects);
	} else if (!table_get(&admission->asked, run->user)) {
		table_set(&admission->asked, run->user, admission);
		admission_effect(effects, ADMISSION_ASK_IDENTITY)->text = arena_text(effects->arena, run->user);
	}
}

static void identity_known(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	table_remove(&admission->asked, event->user);
	if (event->key) {
		free(table_remove(&admission->users, event->user));
		table_set(&admission->users, event->user, mem_text(event->key));
	}
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->state != ADMISSION_OFFERED || run->key || strcmp(run->user, event->user) != 0)
			continue;
		if (event->key) {
			run->key = mem_text(event->key);
			admission_decide(admission, run, effects);
		} else {
			admission_refuse(admission, run, "WindowsIdentityIncorrect", REASON_FATAL, event->text, effects);
		}
	}
}

static void package_known(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	if (!event->text)
		table_set(&admission->packages, event->package, admission);
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (strcmp(run->package, event->package) != 0)
			continue;
		if (!event->text && run->state == ADMISSION_FETCHING) {
			admission_launch(admission, run, effects);
		} else if (event->text && run->state == ADMISSION_FETCHING) {
			char *payload = mem_printf("{\"text\":\"the desktop flow could not be fetched from the host\"}");

			admission_end(admission, run, "failed", "FlowNotInstalled", payload, strlen(payload), effects);
			free(payload);
		}
	}
}

/* The flow is over. Its session is dealt with while its files are on their way to the host. */
void admission_end(struct admission *admission, struct admission_run *run, const char *end, const char *reason, const char *payload,
                   size_t length, struct admission_effects *effects)
{
	struct admission_hold *hold = run->hold;
	hst_retirement retirement = HST_SIGN_OUT;
	hst_session session;

	run->end = mem_text(end);
	run->reason = mem_text(reason ? reason : "");
	run->result = mem_copy(payload ? payload : "", length);
	run->result_length = length;
	run->state = ADMISSION_UPLOADING;
	admission_journal(effects, "ended", run);
	admission_effect(effects, ADMISSION_UPLOAD)->run = run;
	if (!hold || hold->state != ADMISSION_HOLD_RUNNING)
		return;
	session = (hst_session){.id = hold->session, .user = hold->user, .key = hold->key, .connected = HST_YES, .locked = HST_NO, .ours = true};
	if (admission->policy.retire(admission->policy.arg, &session, &retirement, NULL) >= 0 && retirement == HST_KEEP) {
		hold->state = ADMISSION_HOLD_IDLE;
		hold->run = NULL;
		run->hold = NULL;
		run->released = true;
		/* Whoever was refused because of this run is worth asking again. */
		if (admission->refused_since_change)
			sessions_changed(admission, effects);
		return;
	}
	holds_close(hold, effects);
}

void admission_release(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	run->released = true;
	if (run->state != ADMISSION_REPORTED)
		return; /* `finished` will say it */
	admission_effect(effects, ADMISSION_SAY_RELEASED)->run = run;
	run_gone(admission, run);
}

static void run_uploaded(struct admission *admission, struct admission_run *run, struct admission_effects *effects)
{
	if (run->state != ADMISSION_UPLOADING)
		return;
	run->state = ADMISSION_REPORTED;
	admission_effect(effects, ADMISSION_SAY_FINISHED)->run = run;
	if (run->released)
		run_gone(admission, run);
}

static void run_stop(struct admission *admission, struct admission_run *run, const char *how, struct admission_effects *effects)
{
	struct admission_effect *effect;

	(void)admission;
	if (run->state != ADMISSION_RUNNING || !run->hold)
		return;
	effect = admission_effect(effects, ADMISSION_HALT);
	effect->run = run;
	effect->hold = run->hold;
	effect->text = arena_text(effects->arena, how);
}

static void run_finished(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	struct admission_hold *hold = admission_hold_of(admission, event->number);
	struct admission_run *run = hold ? hold->run : NULL;

	if (!run || run->state != ADMISSION_RUNNING)
		return;
	run->started_us = event->started_us;
	run->ended_us = event->ended_us;
	admission_end(admission, run, event->end, event->reason, event->payload, event->payload_length, effects);
}

void admission_step(struct admission *admission, const struct admission_event *event, struct admission_effects *effects)
{
	struct admission_run *run;

	switch (event->kind) {
	case ADMISSION_SESSIONS:
		sessions_seen(admission, event, effects);
		break;
	case ADMISSION_OFFER:
		run_offered(admission, event->offer, effects);
		break;
	case ADMISSION_IDENTITY:
		identity_known(admission, event, effects);
		break;
	case ADMISSION_PACKAGE:
		package_known(admission, event, effects);
		break;
	case ADMISSION_FINISHED:
		run_finished(admission, event, effects);
		break;
	case ADMISSION_UPLOADED:
	case ADMISSION_STOP:
		run = admission_run_of(admission, event->step, event->token);
		if (run && event->kind == ADMISSION_UPLOADED)
			run_uploaded(admission, run, effects);
		else if (run)
			run_stop(admission, run, event->how, effects);
		break;
	case ADMISSION_HOLD_READY:
	case ADMISSION_HOLD_FAILED:
	case ADMISSION_HOLD_ENDED:
	case ADMISSION_OPENED:
	case ADMISSION_OPEN_FAILED:
	case ADMISSION_CLOSED:
		holds_event(admission, event, effects);
		break;
	}
}

struct admission_device admission_device(const struct admission *admission)
{
	return (struct admission_device){.name = admission->device, .known = admission->known, .facts = admission->facts,
	                                 .slots = admission->slots, .revision = admission->revision};
}

void admission_runs(const struct admission *admission, bool (*visit)(void *, const struct admission_run *), void *arg)
{
	TABLE_EACH(&admission->runs, entry)
		if (!visit(arg, entry->value))
			return;
}

void admission_sessions(const struct admission *admission, bool (*visit)(void *, const hst_session *), void *arg)
{
	hst_arena *arena = arena_new();
	size_t n;
	hst_session *all = sessions_all(admission, arena, &n);

	for (size_t i = 0; i < n; i++)
		if (!visit(arg, &all[i]))
			break;
	arena_free(arena);
}
