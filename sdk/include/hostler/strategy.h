/*
 * Strategies: may this run start now, in which session, and what happens to the session afterwards. In the gateway's
 * process, on its only thread; an op that takes 5 s ends that process. Pure, no state: the same arguments give the same
 * answer, in whatever order sessions are listed. Arguments are the host's and valid during the call. The rules are R4 to
 * R11 of docs/sessions.md. After a failure of plan the device is asked again after a pause, after one of retire the session
 * is signed out.
 *
 * Mandatory: slots, plan, retire. `systems` says what it is for (rule R10a).
 */
#ifndef HOSTLER_STRATEGY_H
#define HOSTLER_STRATEGY_H

#include <hostler/plugin.h>
#include <hostler/session.h>

/* What is wanted: a session for this user in this mode. */
typedef struct hst_demand {
	const char *user; /* as the connection writes it */
	const char *key;  /* the driver's identity of the user */
	bool attended;    /* in a session of that person's; else in one that hostler opens */
} hst_demand;

typedef enum hst_verdict {
	HST_PLAN_OPEN = 1,    /* open a new session */
	HST_PLAN_USE,         /* attach to `session`, which belongs to a person */
	HST_PLAN_REUSE,       /* run in `session`, which hostler kept */
	HST_PLAN_CLOSE_FIRST, /* sign out `session` (kept, idle, of another user), then ask again */
	HST_PLAN_REFUSE,      /* not now: `reason`, and `blocker` where one session is in the way */
} hst_verdict;

#define HST_NO_SESSION ((size_t)-1)

/* What a strategy says to a demand. */
typedef struct hst_plan {
	hst_verdict verdict;
	size_t session;     /* index into the sessions given; HST_NO_SESSION where the verdict needs none */
	const char *reason; /* a code of docs/reasons.md; constant text; only with HST_PLAN_REFUSE */
	size_t blocker;     /* index of the session in the way, or HST_NO_SESSION */
} hst_plan;

/* What becomes of a session: kept as it is, kept and locked where the driver can lock, or ended. */
typedef enum hst_retirement { HST_KEEP = 1, HST_LOCK, HST_SIGN_OUT } hst_retirement;

typedef struct hst_strategy_ops {
	size_t size;      /* sizeof(hst_strategy_ops); a member beyond it is absent */
	unsigned systems; /* a set of hst_system */

	/*
	 * *ret_max: how many sessions the device may have at once; *ret_free: how many runs could start now in sessions
	 * that are new or kept. People's own sessions count (rule R8); an idle kept session counts as free.
	 */
	int (*slots)(void *state, hst_call *call, const hst_device *device, const hst_session *sessions, size_t n,
	             int64_t *ret_max, int64_t *ret_free, hst_error *err);

	/* The truth table of docs/sessions.md. A refusal is a verdict, not an error. */
	int (*plan)(void *state, hst_call *call, const hst_device *device, const hst_session *sessions, size_t n,
	            const hst_demand *demand, hst_plan *ret, hst_error *err);

	/* What becomes of a session once its run has ended. People's sessions are never asked about. */
	int (*retire)(void *state, hst_call *call, const hst_session *session, hst_retirement *ret, hst_error *err);

	/*
	 * Where the limit of `slots` comes from, for people: constant text that goes on "the limit of 2 sessions is", such as
	 * "max_sessions". May be absent. Since 1.4.
	 */
	const char *(*limit_from)(void *state, const hst_device *device);
} hst_strategy_ops;

#endif
