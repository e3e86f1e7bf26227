/* Who a user is on this device, which only its driver can say: asked once, remembered, never guessed from the
 * name. */
#include "pure/admission/internal.h"

#include "base/mem.h"

#include <hostler/error.h>

#include <stdlib.h>
#include <string.h>

void identity_ask(struct admission *admission, const char *user, struct admission_effects *effects)
{
	if (table_get(&admission->asked, user))
		return;
	table_set(&admission->asked, user, admission);
	admission_effect(effects, ADMISSION_ASK_IDENTITY)->text = arena_text(effects->arena, user);
}

/* A watch that was started anew does not know what the one before was asked. Two answers to one question are
 * harmless. */
void identity_ask_again(struct admission *admission, struct admission_effects *effects)
{
	TABLE_EACH(&admission->asked, entry)
		admission_effect(effects, ADMISSION_ASK_IDENTITY)->text =
			arena_text(effects->arena, entry->key);
}

static void identity_unknown(struct admission *admission, struct admission_run *run,
			     const struct admission_event *event, struct admission_effects *effects)
{
	if (event->code == HST_RETRY)
		admission_refuse(admission, run, "UIFlowAgentNotAvailable", REASON_RETRY, event->text,
				 effects);
	else
		admission_refuse(admission, run, "WindowsIdentityIncorrect", REASON_FATAL, event->text,
				 effects);
}

/* Runs of that user go on, and so do those that wait to know who the device's accounts are. */
void identity_known(struct admission *admission, const struct admission_event *event,
		    struct admission_effects *effects)
{
	table_remove(&admission->asked, event->user);
	if (event->key) {
		free(table_remove(&admission->users, event->user));
		table_set(&admission->users, event->user, mem_text(event->key));
	}
	TABLE_EACH(&admission->runs, entry) {
		struct admission_run *run = entry->value;

		if (run->state != ADMISSION_OFFERED)
			continue;
		if (!run->key && strcmp(run->user, event->user) == 0) {
			if (!event->key) {
				identity_unknown(admission, run, event, effects);
				continue;
			}
			run->key = mem_text(event->key);
		}
		if (run->key)
			admission_decide(admission, run, effects);
	}
}
