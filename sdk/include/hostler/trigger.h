/*
 * Triggers: they make events. A trigger has a worker process of its own, with one thread, and may block there: watch and
 * press for 30 s, ready for 10 min; 5 s later it loses its process.
 *
 * Mandatory: nothing. A trigger without `watch` is never woken; one without `press` cannot be pressed.
 */
#ifndef HOSTLER_TRIGGER_H
#define HOSTLER_TRIGGER_H

#include <hostler/plugin.h>

/*
 * A state (hst_state_put) under this name is for people: what a trigger has looked at lately and what came of it, which `hostler why TRIGGER`
 * shows. UTF-8, a line for each, the oldest first, of three parts with a tab between them: when, in us since 1970; what it was; what came of
 * it. Neither may be longer than 400 bytes. It should say of whatever was looked at and started nothing why.
 */
#define HST_STATE_LOOKED "looked"

/* When to call `ready`: when `fd` is readable (-1: none) or at `at` (us 0: none), whichever comes first. */
typedef struct hst_watch {
	int fd;      /* the plugin's, and open until the next `watch` or close */
	hst_time at; /* by the wall clock; a time that has passed means at once */
} hst_watch;

/* A time at which the trigger will fire by itself. */
typedef struct hst_coming {
	hst_time at;
	const char *local; /* the same as people read it where the trigger counts: "2026-03-29T03:00:00+02:00"; or NULL */
} hst_coming;

typedef struct hst_trigger_ops {
	size_t size; /* sizeof(hst_trigger_ops); a member beyond it is absent */

	/*
	 * Asked once after open and again after every `ready`, which also comes when the wall clock was set back. *ret is
	 * zeroed but for fd -1. A failure is asked again after a pause.
	 */
	int (*watch)(void *state, hst_call *call, hst_watch *ret, hst_error *err);

	/*
	 * Looks for what has happened and emits it with hst_emit; it may also find nothing. After a failure it is called again
	 * after a pause of 1 s, doubling to 60 s; after HST_BROKEN its process is replaced.
	 */
	int (*ready)(void *state, hst_call *call, hst_error *err);

	/*
	 * Turns a press into one event. `inputs` is a record that was checked against the event's fields, defaults filled
	 * in. The host stores the event; do not emit it. Memory of *ret_event lives in the call's arena. A failure is told to
	 * whoever pressed.
	 */
	int (*press)(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err);

	/*
	 * For triggers that fire by the clock: the first `n` times after `after`, in order, as `ready` will find them; fewer
	 * where no more come. From the options alone, without an engine. Memory lives in the call's arena.
	 */
	int (*next)(void *state, hst_call *call, hst_time after, size_t n, hst_coming *ret, size_t *ret_n, hst_error *err);
} hst_trigger_ops;

#endif
