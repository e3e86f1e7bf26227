#include "worker/watching.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "desktop/masking.h"
#include "plugin/trigger.h"
#include "wire/link.h"

#include <poll.h>
#include <string.h>

enum { PAUSE_FIRST_MS = 1000, PAUSE_MAX_MS = 60000, READY_MS = 600000, WATCH_MS = 30000, LOOK_AGAIN_MS = 60000 };

void watching_init(struct watching *watching, struct loop *loop, struct services *services,
		   struct plugin_instance *instance)
{
	*watching = (struct watching){
		.loop = loop, .services = services, .instance = instance, .fd = -1, .pause_ms = PAUSE_FIRST_MS};
}

static void rest(struct watching *watching)
{
	if (watching->fd >= 0)
		loop_fd(watching->loop, watching->fd, 0, NULL, NULL);
	watching->fd = -1;
	loop_cancel(watching->loop, &watching->timer);
	watching->at_us = 0;
}

void watching_end(struct watching *watching)
{
	rest(watching);
	watching->due = false;
}

/* The op itself runs at the end of the turn, when nothing else of the plugin does. */
static void woken_by_fd(void *arg, int fd, short ready)
{
	struct watching *watching = arg;

	(void)fd, (void)ready;
	rest(watching);
	watching->due = true;
}

static void arm(struct watching *watching);

static void woken_by_time(void *arg)
{
	struct watching *watching = arg;

	watching->timer = NULL;
	if (watching->at_us > clock_wall_us() && clock_wall_us() >= watching->armed_us) {
		arm(watching);
		return;
	}
	rest(watching);
	watching->due = true;
}

/* The plugin speaks of the wall clock, which may be set: it is looked at again at least once a minute. */
static void arm(struct watching *watching)
{
	int64_t ms = (watching->at_us - clock_wall_us() + 999) / 1000;

	watching->armed_us = clock_wall_us();
	if (ms < 0)
		ms = 0;
	watching->timer =
		loop_in(watching->loop, ms < LOOK_AGAIN_MS ? ms : LOOK_AGAIN_MS, woken_by_time, watching);
}

static void retry_later(struct watching *watching)
{
	rest(watching);
	watching->at_us = clock_wall_us() + watching->pause_ms * 1000;
	watching->pause_ms = watching->pause_ms * 2 < PAUSE_MAX_MS ? watching->pause_ms * 2 : PAUSE_MAX_MS;
	arm(watching);
}

/* `text` NULL: it goes well again. A word that is lost is said again with the next failure. */
static void tell(struct watching *watching, const char *text)
{
	struct message message;

	if (!text && !watching->failing_us)
		return;
	if (!watching->failing_us)
		watching->failing_us = clock_wall_us();
	if (!text)
		watching->failing_us = 0;
	if (!watching->services->link)
		return;
	message_init(&message, WORD_failing, 0);
	message_set_integer(&message, "since_us", watching->failing_us);
	message_set_payload(&message, text, text ? strlen(text) : 0);
	if (link_send(watching->services->link, &message, NULL) != HST_OK)
		log_debug("the host could not be told how the trigger does");
}

/* What is left to do after an op failed. */
static void failed(struct watching *watching, const char *op, int code, const hst_error *err)
{
	if (code == HST_BROKEN) {
		log_error("%s: %s failed for good: %s", watching->services->host.instance, op, err->text);
		watching->broken = true;
		return;
	}
	log_warning("%s: %s failed, trying again in %lld s: %s", watching->services->host.instance, op,
		    (long long)watching->pause_ms / 1000, err->text);
	tell(watching, err->text);
	retry_later(watching);
}

void watching_ask(struct watching *watching)
{
	hst_arena *arena = arena_new_wiping();
	struct service_call call;
	hst_watch watch = {.fd = -1};
	hst_error err = {0};
	int code;

	services_begin(watching->services, &call, arena, WATCH_MS);
	code = trigger_watch(watching->instance, &call.call, &watch, &err);
	masking_text(err.text, sizeof err.text);
	services_done(watching->services);
	arena_free(arena);
	rest(watching);
	if (code != HST_OK) {
		failed(watching, "watch", code, &err);
		return;
	}
	tell(watching, NULL);
	if (watch.fd >= 0) {
		watching->fd = watch.fd;
		loop_fd(watching->loop, watch.fd, POLLIN, woken_by_fd, watching);
	}
	if (watch.at.us > 0) {
		watching->at_us = watch.at.us;
		arm(watching);
	}
}

bool watching_work(struct watching *watching)
{
	struct service_call call;
	hst_error err = {0};
	hst_arena *arena;
	int code;

	if (!watching->due)
		return false;
	watching->due = false;
	arena = arena_new_wiping();
	services_begin(watching->services, &call, arena, READY_MS);
	code = trigger_ready(watching->instance, &call.call, &err);
	masking_text(err.text, sizeof err.text);
	services_done(watching->services);
	arena_free(arena);
	if (code == HST_OK) {
		watching->pause_ms = PAUSE_FIRST_MS;
		watching_ask(watching);
	} else {
		failed(watching, "ready", code, &err);
	}
	return true;
}
