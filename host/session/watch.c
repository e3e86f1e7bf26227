#include "session/watch.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/crash.h"
#include "os/inherited.h"
#include "person/place.h"
#include "schema/facts.h"
#include "schema/value.h"
#include "session/ending.h"
#include "session/leftovers.h"
#include "session/taken.h"
#include "session/work.h"
#include "wire/stream.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>

/* A driver that says by itself when sessions come and go is listed seldom; after a word of it never sooner than the last one has settled. */
enum { LOOK_EACH_MS = 1000, LIST_EACH_LOOKS = 5, SETTLE_MS = 50, LIST_MS = 10000, IDENTIFY_MS = 10000 };

/* Of a load that changes all the time only what matters is told, and not at each look. */
enum { SWEEP_EACH_LOOKS = 60 }; /* of what people who have left had in /tmp */
enum { LOAD_STEP = 100, MEMORY_STEP = 20, LOAD_LOOKS = 5 };

struct watch {
	struct loop *loop;
	struct session_device device;
	struct leftovers leftovers;
	struct stream *stream;
	struct loop_timer *next;
	char *said; /* the last list, as it was sent; NULL: none yet, or the driver could not tell since */
	int64_t said_load, said_memory, said_processors;
	unsigned looks; /* since then */
	unsigned swept; /* looks since what people had was swept */
	hst_system said_system;
	hst_rds said_rds;
	bool failing;
	unsigned unlisted; /* looks since the last list */
	bool seldom;	   /* the driver says when they are to be listed */
	int events;	   /* its descriptor for that, while it is watched; -1 */
};

static char *write_sessions(hst_arena *arena, const hst_session *sessions, size_t n)
{
	hst_value *list = value_make_list(arena);
	struct text json;

	for (size_t i = 0; i < n; i++) {
		hst_value *record = value_make_record(arena);

		value_set_text(record, "id", sessions[i].id);
		value_set_text(record, "user", sessions[i].user);
		value_set_text(record, "key", sessions[i].key);
		value_set_text(record, "connected", fact_name(sessions[i].connected));
		value_set_text(record, "locked", fact_name(sessions[i].locked));
		value_set_boolean(record, "ours", sessions[i].ours);
		if (sessions[i].doubt)
			value_set_text(record, "doubt", sessions[i].doubt);
		value_append(list, record);
	}
	text_init(&json, PAYLOAD_BYTES_MAX);
	value_write_json(&json, list);
	return text_take(&json);
}

static void say(struct watch *watch, const struct message *message)
{
	hst_error err = {0};

	if (stream_send(watch->stream, message, &err) != HST_OK)
		log_warning("device %s: the gateway was not told: %s", watch->device.device->name, err.text);
}

static void say_sessions(struct watch *watch, const hst_device *device, char *json_take)
{
	struct message message;

	message_init(&message, WORD_sessions, 0);
	message_set_text(&message, "system", system_name(device->system));
	message_set_integer(&message, "processors", device->processors);
	message_set_integer(&message, "load", device->load_milli);
	message_set_integer(&message, "memory", device->memory_milli);
	if (device->rehearses)
		message_set_boolean(&message, "rehearses", true);
	if (rds_name(device->rds))
		message_set_text(&message, "rds", rds_name(device->rds));
	if (containment_name(device->containment))
		message_set_text(&message, "containment", containment_name(device->containment));
	message_set_payload(&message, json_take, strlen(json_take));
	say(watch, &message);
	crash_point(CRASH_watch_told);
	free(watch->said);
	watch->said = json_take;
	watch->said_load = device->load_milli;
	watch->said_memory = device->memory_milli;
	watch->looks = 0;
	watch->said_processors = device->processors;
	watch->said_system = device->system;
	watch->said_rds = device->rds;
	watch->failing = false;
}

static bool moved(int64_t said, int64_t now, int64_t step)
{
	return said != now && (said < 0 || now < 0 || llabs((long long)(said - now)) >= step);
}

/* The load is never the same twice: it is worth a message when it has moved by a tenth of a processor or a fiftieth of
 * the memory, every few seconds at most. */
static bool is_news(const struct watch *watch, const hst_device *device, const char *json)
{
	return !watch->said || strcmp(watch->said, json) != 0 || watch->said_system != device->system || watch->said_rds != device->rds ||
	       watch->said_processors != device->processors ||
	       (watch->looks >= LOAD_LOOKS && (moved(watch->said_load, device->load_milli, LOAD_STEP) ||
					       moved(watch->said_memory, device->memory_milli, MEMORY_STEP)));
}

static void say_failure(struct watch *watch, int code, hst_error *err)
{
	struct message message;

	if (watch->failing)
		return;
	watch->failing = true;
	free(take(watch->said));
	log_error("device %s: its sessions cannot be listed: %s", watch->device.device->name, err->text);
	if (!err->reason[0])
		snprintf(err->reason, sizeof err->reason, "SessionFactUnknown");
	message_init_error(&message, 0, code, err);
	say(watch, &message);
}

static void look(void *arg);

static void list_in(struct watch *watch, int64_t ms)
{
	watch->unlisted = LIST_EACH_LOOKS;
	loop_cancel(watch->loop, &watch->next);
	watch->next = loop_in(watch->loop, ms, look, watch);
}

static void on_events(void *arg, int fd, short ready)
{
	struct watch *watch = arg;

	(void)ready;
	loop_fd(watch->loop, fd, 0, NULL, NULL);
	watch->events = -1;
	list_in(watch, SETTLE_MS);
}

/* The list has taken from it what was there. */
static void await_events(struct watch *watch)
{
	bool often = false;
	int fd = -1;

	if (watch->events >= 0)
		loop_fd(watch->loop, watch->events, 0, NULL, NULL);
	watch->seldom = driver_events(watch->device.driver, &fd, &often) && !often;
	watch->events = fd;
	if (fd >= 0)
		loop_fd(watch->loop, fd, POLLIN, on_events, watch);
}

static void list(struct watch *watch)
{
	hst_call call = session_device_call(&watch->device, LIST_MS);
	hst_device device;
	hst_session *sessions;
	hst_error err = {0};
	size_t n;
	int code;

	crash_point(CRASH_watch_before_list);
	code = driver_list(watch->device.driver, &call, &device, &sessions, &n, &err);
	crash_point(CRASH_watch_listed);
	if (code) {
		say_failure(watch, code, &err);
	} else {
		char *json;

		taken_apply(&watch->device, sessions, n);
		json = write_sessions(call.arena, sessions, n);
		if (is_news(watch, &device, json))
			say_sessions(watch, &device, json);
		else
			free(json);
	}
	watch->unlisted = 0;
	await_events(watch);
}

static void look(void *arg)
{
	struct watch *watch = arg;

	leftovers_undo(&watch->leftovers, &watch->device);
	work_sweep(watch->device.conf->state_dir);
	if (watch->swept++ % SWEEP_EACH_LOOKS == 0)
		place_sweep("/tmp");
	watch->looks++;
	if (!watch->seldom || watch->failing || !watch->said || ++watch->unlisted >= LIST_EACH_LOOKS)
		list(watch);
	watch->next = loop_in(watch->loop, LOOK_EACH_MS, look, watch);
}

static void identify(struct watch *watch, const struct message *asked)
{
	hst_call call = session_device_call(&watch->device, IDENTIFY_MS);
	struct message answer;
	hst_identity identity;
	hst_error err = {0};
	int code = driver_identify(watch->device.driver, &call, message_text(asked, "user"), &identity, &err);

	crash_point(CRASH_watch_identified);
	if (code) {
		message_init_error(&answer, asked->id, code, &err);
	} else {
		message_init(&answer, WORD_identity, asked->id);
		message_set_text(&answer, "key", identity.key);
		message_set_text(&answer, "name", identity.name);
		message_set_integer(&answer, "uid", identity.uid);
		message_set_integer(&answer, "gid", identity.gid);
	}
	say(watch, &answer);
}

static void on_message(void *arg, struct stream *stream, const struct message *message)
{
	struct watch *watch = arg;
	struct message answer;
	hst_error err;

	(void)stream;
	if (message->word != WORD_identify) {
		hst_fail(&err, HST_INVALID, "a watch does not know the word %s",
			 message_row(message->word)->word);
		message_init_error(&answer, message->id, HST_INVALID, &err);
		say(watch, &answer);
		return;
	}
	identify(watch, message);
	/* Whoever asks is about to decide on the sessions. */
	list_in(watch, 0);
}

static void on_stream_ended(void *arg, struct stream *stream, const hst_error *why)
{
	struct watch *watch = arg;

	(void)stream;
	log_info("device %s: the gateway is gone: %s", watch->device.device->name, why->text);
	loop_stop(watch->loop, 0);
}

static void on_end(void *arg)
{
	loop_stop(((struct watch *)arg)->loop, 0);
}

int session_watch(const struct session_settings *settings)
{
	struct watch watch = {.loop = loop_new(loop_wait_poll), .events = -1};
	const struct stream_role role = {SPEAKER_GATEWAY, on_message, on_stream_ended, &watch};
	hst_error err = {0};
	int status;

	if (session_device_open(&watch.device, settings, &err) != HST_OK) {
		log_error("%s", err.text);
		inherited_say(err.text);
		loop_free(watch.loop);
		return 1;
	}
	leftovers_init(&watch.leftovers);
	watch.stream = stream_new(watch.loop, inherited_fd(INHERITED_PEER), &role);
	ending_watch(watch.loop, on_end, NULL, &watch);
	inherited_say(NULL);
	crash_point(CRASH_watch_ready);
	watch.next = loop_in(watch.loop, 0, look, &watch);
	status = loop_run(watch.loop);
	stream_free(watch.stream);
	leftovers_clear(&watch.leftovers);
	free(watch.said);
	session_device_close(&watch.device);
	loop_free(watch.loop);
	return status;
}
