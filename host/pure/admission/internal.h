/* What the files of admission share among themselves. Nobody else includes this. */
#ifndef HOST_PURE_ADMISSION_INTERNAL_H
#define HOST_PURE_ADMISSION_INTERNAL_H

#include "pure/admission/admission.h"

enum { RECORD_MAX = 16 << 20 }; /* bytes of one in the journal */

struct admission {
	char *device;
	char *const *accounts;
	size_t account_count;
	struct admission_policy policy;
	bool known;
	char *blind; /* NULL: its sessions are seen */
	bool gathered; /* every hold that an earlier gateway had is known, or gone */
	hst_device facts;
	hst_session *seen; /* what the watch last reported; texts owned */
	size_t seen_count;
	struct table runs;  /* by token, which the host gives once -> struct admission_run */
	struct table past;  /* the same -> struct past_offer: how it was answered, the latest of them */
	struct past_offer *past_first, *past_last; /* and in the order in which they became it */
	int64_t too_old;    /* tokens up to here are no longer among them */
	int64_t past_newest; /* no token above this is or was among them */
	struct table holds; /* number -> struct admission_hold */
	struct table users; /* user -> its key, owned; as the driver identified it */
	struct table asked; /* users whose identity is being asked for */
	struct table packages; /* digests that are there */
	struct table fetching; /* digests that were asked for */
	bool leaving;	       /* it is no longer configured */
	size_t wanted;	       /* session processes asked for and not yet there */
	size_t deaths;	       /* spares that ended unused since a session was opened */
	int64_t revision, slots, limit;
	bool changed;			  /* the host has not heard of this revision */
	bool refused_since_change;	  /* a run was told to wait at this revision */
	bool stirred;			  /* something has left that another run may have been refused for */
	bool unsettled; /* an event came since the last end of a batch */
	struct admission_run **gone_runs; /* freed by admission_settle */
	size_t gone_run_count, gone_run_size;
	struct admission_hold **gone_holds;
	size_t gone_hold_count, gone_hold_size;
};

/* sessions.c */
void sessions_blind(struct admission *admission, const struct admission_event *event, struct admission_effects *effects);
void sessions_seen(struct admission *admission, const struct admission_event *event,
		   struct admission_effects *effects);
void sessions_clear(struct admission *admission);
/* Its session is closed: what the watch still says of it is a second old, and must not stand in the next
 * run's way. */
void sessions_forget(struct admission *admission, const char *id);
/* It was taken over: it stays there, and is a person's. */
void sessions_theirs(struct admission *admission, const char *id);
/*
 * Everything the strategy may weigh: what the watch saw, what our holds have opened since, and what is
 * promised to runs that wait for a hold. In the arena; texts borrowed.
 */
hst_session *sessions_all(const struct admission *admission, hst_arena *arena, size_t *ret_n);
bool sessions_unfit(const struct admission *admission); /* the strategy is not for such a system (rule R10a) */
bool sessions_stuck(const struct admission *admission, const hst_session *session);
void sessions_changed(struct admission *admission); /* raises the revision, of which the host will be told */
/* The end of every step: what the host was last told about the device is what holds now. */
void sessions_settle(struct admission *admission, struct admission_effects *effects);
const char *sessions_fact_text(hst_fact connected, hst_fact locked);

/* holds.c */
void holds_event(struct admission *admission, const struct admission_event *event,
		 struct admission_effects *effects);
/* Gives the run a session process, now or as soon as one is warm. */
void holds_give(struct admission *admission, struct admission_run *run, struct admission_effects *effects);
void holds_close(struct admission_hold *hold, struct admission_effects *effects);
/* Its session is kept for a later run of its user, if the strategy says so; no flow runs in it. False: it is to be closed. */
bool holds_keep(struct admission *admission, struct admission_hold *hold, struct admission_effects *effects);
void holds_free(struct admission_hold *hold);
/* One that was handed over. */
struct admission_hold *holds_add(struct admission *admission, uint32_t number);
void holds_keep_one_warm(struct admission *admission, struct admission_effects *effects);

/* attended.c: runs in a session of a person, which can change under them */
/* Why it cannot be used: "locked" or "ended"; NULL: it can. A fact that is not known now says neither. */
const char *attended_trouble(const struct admission *admission, const struct admission_run *run);
void attended_watch(struct admission *admission, struct admission_run *run, struct admission_effects *effects);
/* Sessions of people in which an attended run could start now: those take none of the places for new ones. */
int64_t attended_places(const struct admission *admission, const hst_session *sessions, size_t n);
bool attended_uses(const struct admission *admission, const hst_session *session); /* or is about to */

/* configure.c */
void configure_event(struct admission *admission, const struct admission_event *event,
		     struct admission_effects *effects);

/* decide.c */
void admission_decide(struct admission *admission, struct admission_run *run,
		      struct admission_effects *effects);

/* Is the user among the device's accounts, as far as it is known who those are? */
bool admission_allows(const struct admission *admission, const char *user, const char *key);

/* identity.c */
void identity_ask(struct admission *admission, const char *user,
		  struct admission_effects *effects); /* once at a time */
void identity_ask_again(struct admission *admission,
			struct admission_effects *effects); /* all that is open */
void identity_known(struct admission *admission, const struct admission_event *event,
		    struct admission_effects *effects);

/* past.c: offers that are over */
enum past_kind {
	PAST_REFUSED = 1,
	PAST_NEVER, /* it never ran, and the host has it back */
	PAST_LOST,  /* it was launched, and nobody knows how it ended */
	PAST_HEARD, /* it has ended, and the host knows how */
};

struct past_offer {
	struct past_offer *before, *after;
	enum past_kind kind;
	int64_t step, token;
	bool untold; /* the host may not know yet that it is lost, or never began */
	char *reason, *text;
	enum reason_class class;
	int64_t revision;
};

void past_refused(struct admission *admission, int64_t step, int64_t token, const char *reason,
		  enum reason_class class, const char *text, int64_t revision);
void past_put(struct admission *admission, int64_t step, int64_t token, enum past_kind kind, bool untold);
/* NULL: a new one. What is older than all that is remembered is lost. */
struct past_offer *past_of(const struct admission *admission, int64_t step, int64_t token);
bool past_is_too_old(const struct past_offer *past);
bool past_never_ran(const struct past_offer *past);
void past_clear(struct admission *admission);

/* records.c: what is written into the journal */
void records_run(struct admission_effects *effects, const char *word, const struct admission_run *run);
void records_offer(struct admission_effects *effects, const char *word, int64_t step, int64_t token);
void records_refused(struct admission_effects *effects, const struct admission_run *run, const char *reason,
		    enum reason_class class);
void records_ended(struct admission_effects *effects, const struct admission_run *run);
void records_heard(struct admission_effects *effects, int64_t step, int64_t token);
/* Texts in a record have no blanks: those, control characters and '%' are %XX; the empty text is '-'. */
char *records_unquote(hst_arena *arena, const char *word);
/* The same of bytes, in which there may be any. */
char *records_unquote_bytes(hst_arena *arena, const char *word, size_t *ret_length);

/* resume.c: going on after a gateway died */
void resume_event(struct admission *admission, const struct admission_event *event,
		  struct admission_effects *effects);
/* No hold has it any more. What is known of its end is looked for. */
void resume_look(struct admission_run *run, struct admission_effects *effects);

/* standing.c: what became of an offer */
void standing_asked(struct admission *admission, const struct admission_event *event,
		    struct admission_effects *effects);
/* The host is told unasked, until it has heard: `kind` is PAST_LOST or PAST_NEVER. The run is known no more. */
void standing_gone(struct admission *admission, struct admission_run *run, enum past_kind kind,
		   struct admission_effects *effects);
void standing_again(struct admission *admission, struct admission_effects *effects);
void standing_heard(struct past_offer *past, struct admission_effects *effects);

/* run.c: what happens to a run, whoever brings it about */
/* Items that come with its outcome; before it ends. */
void run_keep_sealed(struct admission_run *run, const char *sealed, size_t length);
/* Its outcome is known: the texts are copied. */
void run_ends_as(struct admission_run *run, const char *end, const char *reason, const char *result, size_t length);
void run_leave(struct admission *admission,
	       struct admission_run *run); /* it is known no more; freed after the batch */
void admission_refuse(struct admission *admission, struct admission_run *run, const char *reason,
		      enum reason_class class, const char *text, struct admission_effects *effects);
void admission_prepare(struct admission_run *run,
		       struct admission_effects *effects); /* before anything is touched for it */
void admission_launch(struct admission *admission, struct admission_run *run,
		      struct admission_effects *effects);
void admission_fetch(struct admission *admission, const char *digest, struct admission_effects *effects);
void admission_rehearse(struct admission *admission, struct admission_run *run,
			struct admission_effects *effects); /* it has succeeded, and nothing was touched */
void admission_end(struct admission *admission, struct admission_run *run, const char *end,
		   const char *reason, const char *payload, size_t length, struct admission_effects *effects);
void admission_fail(struct admission *admission, struct admission_run *run, const char *end,
		    const char *reason, const char *text,
		    struct admission_effects *effects); /* the same with a sentence for people */
void admission_report(struct admission *admission, struct admission_run *run,
		      struct admission_effects *effects);
void run_heard(struct admission *admission, struct admission_run *run, struct admission_effects *effects);
void admission_release(struct admission *admission, struct admission_run *run,
		       struct admission_effects *effects);

/* trial.c: a run that only signs in and out again. Its session is closed whatever the strategy would keep. */
bool trial_may(const hst_plan *plan); /* it gets a session of its own, and nothing that is there has to give way */
void trial_refused(struct admission *admission, struct admission_run *run, const char *reason, enum reason_class class, const char *text,
		   struct admission_effects *effects);
void trial_opened(struct admission_run *run, struct admission_effects *effects);
void trial_over(struct admission *admission, struct admission_run *run, struct admission_effects *effects);

/* admission.c */
struct admission_effect *admission_effect(struct admission_effects *effects, enum admission_effect_kind kind);
const char *admission_stage(const struct admission_run *run); /* for the host: "preparing" */
void admission_say(struct admission_run *run, enum admission_effect_kind kind, const char *state,
		   struct admission_effects *effects);

#endif
