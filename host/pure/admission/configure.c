/* What is configured of the device changes while it is in use: from the next decision on, what is under way goes on. */
#include "pure/admission/internal.h"

#include <stdlib.h>

static void forget_users(struct admission *admission)
{
	TABLE_EACH(&admission->users, entry)
		free(entry->value);
	table_clear(&admission->users);
	table_init(&admission->users);
}

static void close_warm(struct admission *admission, struct admission_effects *effects)
{
	TABLE_EACH(&admission->holds, entry) {
		struct admission_hold *hold = entry->value;

		if (hold->state == ADMISSION_HOLD_WARM)
			holds_close(hold, effects);
	}
}

/* What was kept by rules that are no longer in force, for a user who may have no runs here any more, or by another driver. */
static void close_kept(struct admission *admission, bool all, struct admission_effects *effects)
{
	TABLE_EACH(&admission->holds, entry) {
		struct admission_hold *hold = entry->value;

		if (hold->state == ADMISSION_HOLD_IDLE && (all || !holds_keep(admission, hold, effects)))
			holds_close(hold, effects);
	}
}

/* Nothing was touched for them yet: they may start elsewhere. */
static void refuse_offered(struct admission *admission, struct admission_effects *effects)
{
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->state == ADMISSION_OFFERED)
			admission_refuse(admission, run, "DeviceDraining", REASON_WAIT,
					 "the device is no longer configured", effects);
	}
}

static void take_policy(struct admission *admission, const struct admission_policy *policy)
{
	bool acknowledged = admission->policy.acknowledged, handed_over = admission->policy.handed_over;

	admission->policy = *policy;
	admission->policy.acknowledged = acknowledged;
	admission->policy.handed_over = handed_over;
}

void configure_event(struct admission *admission, const struct admission_event *event,
		     struct admission_effects *effects)
{
	take_policy(admission, event->policy);
	admission->accounts = event->accounts;
	admission->account_count = event->account_count;
	admission->leaving = event->leaving;
	close_kept(admission, event->new_driver, effects);
	if (event->new_driver)
		forget_users(admission);
	if (event->new_driver || event->leaving)
		close_warm(admission, effects);
	if (event->leaving)
		refuse_offered(admission, effects);
	holds_keep_one_warm(admission, effects);
	/* What was refused may be allowed now, and the other way round: the host asks anew. */
	sessions_changed(admission);
}

bool admission_is_idle(const struct admission *admission)
{
	return admission->runs.n == 0 && admission->holds.n == 0 && admission->wanted == 0;
}
