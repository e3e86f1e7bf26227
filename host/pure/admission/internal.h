/* What the files of admission share among themselves. Nobody else includes this. */
#ifndef HOST_PURE_ADMISSION_INTERNAL_H
#define HOST_PURE_ADMISSION_INTERNAL_H

#include "pure/admission/admission.h"

struct admission {
	char *device;
	char *const *accounts;
	size_t account_count;
	struct admission_policy policy;
	bool known;
	hst_device facts;
	hst_session *seen; /* what the watch last reported; texts owned */
	size_t seen_count;
	struct table runs;     /* "step/token" -> struct admission_run */
	struct table holds;    /* number -> struct admission_hold */
	struct table users;    /* user -> its key, owned; as the driver identified it */
	struct table asked;    /* users whose identity is being asked for */
	struct table packages; /* digests that are there */
	size_t wanted;         /* session processes asked for and not yet there */
	int64_t revision, slots;
	bool refused_since_change; /* a run was told to wait at this revision */
	struct table gone_runs;  /* freed by admission_settle */
	struct table gone_holds;
};

/* sessions.c */
void sessions_seen(struct admission *admission, const struct admission_event *event, struct admission_effects *effects);
void sessions_clear(struct admission *admission);
/* Its session is closed: what the watch still says of it is a second old, and must not stand in the next run's way. */
void sessions_forget(struct admission *admission, const char *id);
/* Everything the strategy may weigh: what the watch saw and what our holds have opened since. In the arena; texts borrowed. */
hst_session *sessions_all(const struct admission *admission, hst_arena *arena, size_t *ret_n);
/* Something about the device's sessions has changed: raises the revision and tells the host its slots. */
void sessions_changed(struct admission *admission, struct admission_effects *effects);
const char *sessions_fact_text(hst_fact connected, hst_fact locked);

/* holds.c */
void holds_event(struct admission *admission, const struct admission_event *event, struct admission_effects *effects);
/* Gives the run a session process, now or as soon as one is warm. */
void holds_give(struct admission *admission, struct admission_run *run, struct admission_effects *effects);
void holds_close(struct admission_hold *hold, struct admission_effects *effects);
void holds_free(struct admission_hold *hold);
void holds_keep_one_warm(struct admission *admission, struct admission_effects *effects);

/* admission.c */
struct admission_effect *admission_effect(struct admission_effects *effects, enum admission_effect_kind kind);
void admission_refuse(struct admission *admission, struct admission_run *run, const char *reason, enum reason_class class,
                      const char *text, struct admission_effects *effects);
void admission_say_taken(struct admission_run *run, const char *state, struct admission_effects *effects);
void admission_journal(struct admission_effects *effects, const char *word, const struct admission_run *run);

/* decide.c */
void admission_decide(struct admission *admission, struct admission_run *run, struct admission_effects *effects);

/* admission.c again: the way on */
void admission_launch(struct admission *admission, struct admission_run *run, struct admission_effects *effects);
void admission_end(struct admission *admission, struct admission_run *run, const char *end, const char *reason,
                   const char *payload, size_t length, struct admission_effects *effects);
void admission_release(struct admission *admission, struct admission_run *run, struct admission_effects *effects);

#endif
