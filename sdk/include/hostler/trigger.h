/*
 * Triggers: they make events. A trigger has a worker process of its own and may block there.
 *
 * Mandatory: nothing. A trigger without `watch` is never woken; one without `press` cannot be pressed.
 */
#ifndef HOSTLER_TRIGGER_H
#define HOSTLER_TRIGGER_H

#include <hostler/plugin.h>

/* When to call `ready`: when `fd` is readable (-1: none) or at `at` (us 0: none), whichever comes first. */
typedef struct hst_watch {
	int fd;
	hst_time at;
} hst_watch;

/* A time at which the trigger will fire by itself. */
typedef struct hst_coming {
	hst_time at;
	const char *local; /* the same as people read it where the trigger counts: "2026-03-29T03:00:00+02:00"; or NULL */
} hst_coming;

typedef struct hst_trigger_ops {
	size_t size;

	/* Asked once after open and again after every `ready`, which also comes when the wall clock was set back. */
	int (*watch)(void *state, hst_call *call, hst_watch *ret, hst_error *err);

	/* Looks for what has happened and emits it with hst_emit. HST_RETRY: asked again after a pause. */
	int (*ready)(void *state, hst_call *call, hst_error *err);

	/*
	 * Turns a press into one event. `inputs` is a record that was checked against the event's fields, defaults filled
	 * in. The host stores the event; do not emit it. Memory of *ret_event lives in the call's arena.
	 */
	int (*press)(void *state, hst_call *call, const hst_value *inputs, hst_event *ret_event, hst_error *err);

	/*
	 * For triggers that fire by the clock: the first `n` times after `after`, in order, as `ready` will find them; fewer
	 * where no more come. From the options alone, without an engine. Memory lives in the call's arena.
	 */
	int (*next)(void *state, hst_call *call, hst_time after, size_t n, hst_coming *ret, size_t *ret_n, hst_error *err);
} hst_trigger_ops;

#endif
