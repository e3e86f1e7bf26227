/* try watch: a trigger at work, its events on the terminal. */
#include "worker/attempt.h"

#include "plugin/present.h"
#include "worker/watching.h"

#include <hostler/trigger.h>

#include <signal.h>

struct watch {
	struct attempt *attempt;
	int64_t seen;
	bool ended;
};

static int on_event(void *arg, const hst_value *event, hst_error *err)
{
	struct watch *watch = arg;

	(void)err;
	try_print(event);
	watch->ended = watch->ended || ++watch->seen == watch->attempt->events;
	return HST_OK;
}

static void on_signal(void *arg, int signal)
{
	struct watch *watch = arg;

	(void)signal;
	watch->ended = true;
	watch->attempt->alone.services.ending = true;
}

int try_watch(struct attempt *attempt, hst_error *err)
{
	static const int signals[] = {SIGINT, SIGTERM, 0};
	const hst_trigger_ops *ops = attempt->plugin->ops;
	struct watch watch = {.attempt = attempt};
	struct services *services = &attempt->alone.services;
	struct watching watching;
	int code = HST_OK;

	if (!PRESENT(ops, watch))
		return hst_fail(err, HST_INVALID, "trigger plugin \"%s\" has nothing to watch; say press", attempt->plugin->name);
	attempt->alone.event = on_event;
	attempt->alone.arg = &watch;
	services->loop = loop_new(loop_wait_poll);
	loop_signals(services->loop, signals, on_signal, &watch);
	watching_init(&watching, services->loop, services, attempt->instance);
	watching_ask(&watching);
	while (!watch.ended && !watching.broken) {
		if (watching.fd < 0 && !watching.at_us && !watching.due) {
			code = hst_fail(err, HST_INVALID, "with these options it waits for nothing and would never be woken");
			break;
		}
		loop_turn(services->loop, -1);
		while (!watch.ended && watching_work(&watching))
			continue;
	}
	if (watching.broken)
		code = hst_fail(err, HST_BROKEN, "it can do no further work");
	watching_end(&watching);
	loop_free(services->loop);
	services->loop = NULL;
	return code;
}
