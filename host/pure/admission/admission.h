/*
 * The gateway's half of the pure core: one device, its sessions, the processes that hold them, and the runs
 * offered to it. Events in, effects out, like host/pure/core; no clock, no system call. The strategy is three
 * function pointers, which the gateway fills from a plugin and a test fills from C.
 *
 * A run goes: offered -> (identity known) -> planned -> a hold opens or reuses a session -> launched ->
 * finished -> files uploaded -> reported -> session kept or closed -> released. Effects are performed in
 * their order; journal records are synced before anything else of the same batch, but for what makes a launch ready
 * without beginning it.
 *
 * A gateway that was started anew gives the journal's records to admission_replay, then ADMISSION_REPLAYED. Runs that
 * were under way are there again, without a hold; the holds that live are handed over and say what they have
 * (ADMISSION_ADOPTED); after ADMISSION_GATHERED a run that no hold has is over: it never ran, or its outcome was left
 * behind, or it is lost.
 */
#ifndef HOST_PURE_ADMISSION_ADMISSION_H
#define HOST_PURE_ADMISSION_ADMISSION_H

#include "base/arena.h"
#include "base/table.h"
#include "base/text.h"
#include "pure/queue/reasons.h"

#include <hostler/session.h>
#include <hostler/strategy.h>

#include <stdbool.h>
#include <stdint.h>

struct admission_policy {
	int (*slots)(void *arg, const hst_device *device, const hst_session *sessions, size_t n,
		     int64_t *ret_max, int64_t *ret_free, hst_error *err);
	int (*plan)(void *arg, const hst_device *device, const hst_session *sessions, size_t n,
		    const hst_demand *demand, hst_plan *ret, hst_error *err);
	int (*retire)(void *arg, const hst_session *session, hst_retirement *ret, hst_error *err);
	const char *(*limit_from)(void *arg, const hst_device *device); /* of slots, half a sentence; may be NULL, and say NULL */
	unsigned systems; /* what the strategy is for (rule R10a) */
	/*
	 * The gateway passes on HOST_UP and HEARD: then an outcome is kept, and said again after every break,
	 * until the host has it. Without it an outcome is forgotten as soon as it was said once.
	 */
	bool acknowledged;
	bool handed_over; /* holds of an earlier gateway may come, until ADMISSION_GATHERED */
	void *arg;
};

enum admission_run_state {
	ADMISSION_OFFERED = 1,	 /* the identity of its user is being asked for */
	ADMISSION_CLOSING_FIRST, /* another session is being closed to make room */
	ADMISSION_WAITING_HOLD,	 /* for a session process */
	ADMISSION_OPENING,	 /* the session is being opened */
	ADMISSION_FETCHING,	 /* the session is there, the package or the files of its inputs are not yet */
	ADMISSION_RUNNING,
	ADMISSION_UPLOADING, /* ended; its files are on their way to the host */
	ADMISSION_REPORTED,  /* the host knows; its session is still being closed */
};

/* What is offered, as admission_run_new makes it. Texts belong to the run. */
struct admission_run {
	int64_t step, token, number, timeout_ms;
	const char *run_id, *name, *user, *package;
	const char *login; /* what its user signs in with, by a name that changes with it; NULL is "" */
	const char *chain; /* what sealed values are bound to; "": the run itself */
	const char *title; /* what the person at the device is told of it; "": nothing */
	bool attended;
	const char *inputs;
	size_t inputs_length;
	const char *sealed; /* items; who can open them is not here */
	size_t sealed_length;

	enum admission_run_state state;
	char *key; /* the driver's identity of the user */
	struct admission_hold *hold; /* NULL while opening or running: it is not known whether one has it */
	struct admission_hold *awaited; /* CLOSING_FIRST: whose session is being closed */
	bool accounts_asked; /* who the device's accounts are, because its user is none of them by name */
	bool taken;	     /* the host was told */
	bool paused;	     /* it waits at a checkpoint */
	char *outcome;	     /* one piece of memory that the three texts of its end are in */
	const char *end, *reason; /* state word and reason code */
	const char *result;	  /* payload of `finished` */
	size_t result_length;
	char *sealed_result; /* items of `finished` */
	size_t sealed_result_length;
	int64_t started_us, ended_us; /* until it is known when it began: when it was offered */
	char *session; /* in which it was launched; of an attended run, in which it shall be */
	char *halt;    /* how it was last told to stop while it had no hold; NULL: it was not */
	bool broken;   /* attended: it was told to stop, because its session is not what it was */
	bool released; /* its session is closed, or kept: the slot is free */
	bool heard;    /* the host has its outcome */
	bool files, files_asked, files_there; /* inputs name files of the run, which are fetched before it is launched */
	bool bare;     /* nothing was touched for it, so it has left nothing */
	bool trial;    /* it only signs in and out again: no journal has it, `number` is for whoever asked, its token is below 0 */
	char texts[];  /* those of the offer */
};

enum admission_hold_state {
	ADMISSION_HOLD_WARM = 1,
	ADMISSION_HOLD_OPENING,
	ADMISSION_HOLD_IDLE, /* its session is kept */
	ADMISSION_HOLD_RUNNING,
	ADMISSION_HOLD_CLOSING,
	ADMISSION_HOLD_CLOSED, /* its session is gone; the process is about to end */
};

/* A session process, and the session it holds once it is open. */
struct admission_hold {
	uint32_t number;
	enum admission_hold_state state;
	char *session, *user, *key;
	char *login;   /* of the run that it was opened for */
	bool unlocked; /* it could not be locked, has ended or was taken over: it is not kept */
	bool taken;    /* it is a person's by now: closing it is letting it go */
	bool attended; /* the session is a person's: it is let go, not closed */
	bool late;     /* it was told to close, and has not */
	struct admission_run *run;
};

enum admission_event_kind {
	ADMISSION_SESSIONS = 1, /* the watch reports: device, sessions */
	ADMISSION_BLIND,	/* text: nothing is known of the sessions now, until the watch reports again */
	ADMISSION_OFFER,	/* `offer` is taken over */
	ADMISSION_IDENTITY,    /* user, key; key NULL: `text` says why; code HST_RETRY: nobody could be asked,
				  else there is no such user */
	ADMISSION_HOLD_READY,  /* number: a session process is warm */
	ADMISSION_HOLD_FAILED, /* none could be started; text */
	ADMISSION_HOLD_ENDED,  /* number; text: how it ended; code other than HST_OK: its session may be left */
	ADMISSION_OPENED,      /* number, session */
	ADMISSION_OPEN_FAILED, /* number, code, reason, text: the session could not be opened, or the run not
				  launched in it */
	ADMISSION_PACKAGE,     /* package; text NULL: it is there; else why it could not be fetched */
	ADMISSION_FILES,       /* step, token; text NULL: what its inputs name is there; else why not */
	ADMISSION_PAUSED,      /* number; paused, or not any more */
	ADMISSION_FINISHED,    /* number, id; end, reason, payload, times */
	ADMISSION_UPLOADED,    /* step, token */
	ADMISSION_LOCK_FAILED, /* number: its session is not to be kept; reason SessionTaken: it is a person's */
	ADMISSION_CLOSED,      /* number */
	ADMISSION_LATE,	       /* number: told to close, it has had its time */
	ADMISSION_STOP,	       /* step, token, how */
	ADMISSION_HOST_UP,     /* a new connection to the host: what it may have missed is said again */
	ADMISSION_HEARD,       /* step, token: the host has the outcome on disk */
	ADMISSION_STATUS,      /* step, token, id: the host asks what became of an offer, and asks it back;
				  quiet: another device answers */
	ADMISSION_REPLAYED,    /* every record of the journal was given */
	ADMISSION_ADOPTED,     /* number, session, user, key; adopted; step, token: a hold of an earlier gateway */
	ADMISSION_GATHERED,    /* all that were handed over have said what they have, or ended */
	ADMISSION_LEFT,	       /* step, token: what a hold left of its end, as in FINISHED; end NULL: nothing, "never": it did not begin */
	ADMISSION_CONFIGURED,  /* accounts, policy, new_driver, leaving: what is configured has changed */
};

/* What an adopted hold says of itself. */
enum admission_adopted {
	ADMISSION_ADOPTED_WARM = 1,
	ADMISSION_ADOPTED_IDLE,	   /* its session is open, and no flow runs in it */
	ADMISSION_ADOPTED_RUNNING, /* step, token; also when it has ended: FINISHED follows */
};

struct admission_event {
	enum admission_event_kind kind;
	/* CONFIGURED: as in admission_new; of the policy only functions, `systems` and `arg` count. */
	char *const *accounts;
	size_t account_count;
	const struct admission_policy *policy;
	bool new_driver; /* who its users are, and spare processes, are asked for anew */
	bool leaving;	 /* it is no longer configured: nothing new begins, sessions are signed out when they are done */
	enum admission_adopted adopted;
	const hst_device *device;
	const hst_session *sessions;
	size_t session_count;
	struct admission_run *offer;
	const char *login; /* ADOPTED: as of the run that it was opened for */
	const char *user, *key, *text, *session, *reason, *package, *end, *payload, *how;
	size_t payload_length;
	const char *sealed; /* FINISHED, LEFT: items */
	size_t sealed_length;
	int code;
	uint32_t number;
	int64_t step, token, started_us, ended_us;
	uint64_t id; /* of the message, to be answered */
	bool quiet, paused;
	bool attended; /* ADOPTED: its session is a person's */
};

enum admission_effect_kind {
	ADMISSION_JOURNAL = 1,	/* text: one record */
	ADMISSION_JOURNAL_SOON, /* the same, which may wait for others: nothing depends on it */
	ADMISSION_ASK_IDENTITY, /* text: user */
	ADMISSION_WANT_HOLD,
	ADMISSION_OPEN,		/* hold, run */
	ADMISSION_LAUNCH,	/* hold, run */
	ADMISSION_HALT,		/* hold, run, text: how; "locked" and "ended" are about its session */
	ADMISSION_LOCK,		/* hold: kept from now on; LOCK_FAILED where that cannot be */
	ADMISSION_CLOSE,	/* hold */
	ADMISSION_FETCH,	/* text: digest */
	ADMISSION_FETCH_FILES,	/* run; FILES is the answer */
	ADMISSION_UPLOAD,	/* run */
	ADMISSION_SAY_TAKEN,	/* run, text: state */
	ADMISSION_SAY_REFUSED,	/* run (freed after the batch), reason, class, text, revision */
	ADMISSION_SAY_STAGE,	/* run, text: state */
	ADMISSION_SAY_FINISHED, /* run */
	ADMISSION_SAY_RELEASED, /* run */
	ADMISSION_SAY_STANDING, /* step, token, id, text: state; id 0: unasked, HEARD is its answer */
	ADMISSION_SAY_TRIED,	/* run: it signed in and out again; or reason, class, text: why not */
	ADMISSION_SAY_HAVE,	/* hold, id: its outcome is on disk */
	ADMISSION_LOOK,		/* step, token: did a hold leave an outcome? LEFT is the answer */
	ADMISSION_DISCARD,	/* step, token: nobody needs the run's files any more */
	ADMISSION_SAY_DEVICE,	/* the device's numbers have changed */
};

struct admission_effect {
	enum admission_effect_kind kind;
	struct admission_run *run;
	struct admission_hold *hold;
	const char *text;   /* in the effects' arena */
	const char *reason; /* constant or in the arena */
	enum reason_class class;
	int64_t revision; /* of the sessions that the refusal was decided by; they may have changed since */
	int64_t step, token;
	uint64_t id; /* of the question that is answered */
};

struct admission_effects {
	hst_arena *arena;
	struct text record; /* where one of the journal is put together */
	struct admission_effect *at;
	size_t n, size;
};

struct admission;

/* `accounts`: the only users runs may have; borrowed. */
struct admission *admission_new(const char *device, char *const *accounts, size_t account_count,
				const struct admission_policy *policy);
void admission_free(struct admission *admission);

/*
 * A batch is any number of events, then its end, where it is found once what they mean for the device's numbers; the end may
 * come after each. admission_step does both.
 */
void admission_event(struct admission *admission, const struct admission_event *event, struct admission_effects *effects);
void admission_batch(struct admission *admission, struct admission_effects *effects);
void admission_step(struct admission *admission, const struct admission_event *event,
		    struct admission_effects *effects);

/* After the effects were performed: frees runs that are done and holds that have ended, and empties the
 * effects. */
void admission_settle(struct admission *admission, struct admission_effects *effects);

void admission_effects_init(struct admission_effects *effects);
void admission_effects_clear(struct admission_effects *effects);

/* An offer; the texts of `from` are copied. */
struct admission_run *admission_run_new(const struct admission_run *from);
void admission_run_free(struct admission_run *run);

/*
 * One record of the journal, as an effect gave it, before any event. HST_INVALID: it is none, or contradicts those
 * before it. admission_records gives the records that lead to the present state and no others.
 */
int admission_replay(struct admission *admission, const char *record, size_t length, hst_error *err);
void admission_records(const struct admission *admission, void (*visit)(void *arg, const char *record), void *arg);

/* Nothing is left to be done: no run, and no process that holds or may hold a session. */
bool admission_is_idle(const struct admission *admission);

/* How the device stands, for the host. */
struct admission_device {
	const char *name;
	bool known;	   /* the watch has reported */
	const char *blind; /* why nothing is known of its sessions now; NULL: it is */
	hst_device facts;
	int64_t slots, revision;
	int64_t limit;		/* sessions that may be there */
	const char *limit_from; /* half a sentence; NULL: the strategy does not say */
	bool unfit;		/* its strategy is not made for such a system (rule R10a) */
};
struct admission_device admission_device(const struct admission *admission);

/* Every run the gateway still knows, trials left out, and every session it sees (its own included); the callback returns false
 * to stop. `stuck`: one of ours that should be closed, and is not. */
void admission_runs(const struct admission *admission,
		    bool (*visit)(void *arg, const struct admission_run *run), void *arg);
void admission_sessions(const struct admission *admission,
			bool (*visit)(void *arg, const hst_session *session, bool stuck), void *arg);
struct admission_run *admission_run_of(const struct admission *admission, int64_t step, int64_t token);
/* What has come over the session of an attended run, by the text of HALT: how its flow fails. NULL: it is told to end, and no more. */
struct admission_breach {
	const char *word, *reason, *text;
};
const struct admission_breach *admission_breach_of(const char *how);

/* What is known here of an offer, for a gateway that has to find the device a question is about. */
enum admission_trace { ADMISSION_TRACE_NONE, ADMISSION_TRACE_TOO_OLD, ADMISSION_TRACE_KNOWN };
enum admission_trace admission_trace(const struct admission *admission, int64_t step, int64_t token);

struct admission_hold *admission_hold_of(const struct admission *admission, uint32_t number);

#endif
