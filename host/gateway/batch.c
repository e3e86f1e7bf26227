/* Events in; then the journal, synced once, while flows are made ready that it is about; then everything else. */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "schema/value.h"

#include <stdlib.h>
#include <string.h>

/* Rule R17: a session is closed within 60 s. */
enum { HEARD_MS = 30 * 1000, AGAIN_MS = 5000, CLOSE_MS = 60 * 1000 };

enum { LAUNCH_ID = 2 };

void gateway_event(struct gateway_device *device, const struct admission_event *event)
{
	admission_event(device->admission, event, &device->effects);
}

static void tell_host(struct gateway *gateway, struct message *message)
{
	hst_error err = {{0}, {0}};

	if (link_send(gateway->link, message, &err) < 0)
		log_warning("the host could not be told: %s", err.text);
}

/*
 * How far a run is. While a session process starts what runs, everything else would only be in its way, and a run that ends
 * at once has said both in one: nobody waits for this, so it may take a moment.
 */
static void say_stage(struct gateway *gateway, enum word word, uint64_t id, const struct admission_run *run, const char *state)
{
	struct message message;
	hst_error err = {{0}, {0}};

	message_init(&message, word, id);
	message_set_integer(&message, "step", run->step);
	message_set_integer(&message, "token", run->token);
	message_set_text(&message, "state", state);
	if (link_send_soon(gateway->link, &message, &err) < 0)
		log_warning("the host could not be told: %s", err.text);
}

static void say_released(struct gateway *gateway, const struct admission_run *run)
{
	struct message message;

	message_init(&message, WORD_released, 0);
	message_set_integer(&message, "step", run->step);
	message_set_integer(&message, "token", run->token);
	tell_host(gateway, &message);
}

static void say_refused(struct gateway_device *device, const struct admission_effect *effect)
{
	struct message message;

	message_init(&message, WORD_refused, (uint64_t)effect->run->token);
	message_set_integer(&message, "step", effect->run->step);
	message_set_integer(&message, "token", effect->run->token);
	message_set_text(&message, "reason", effect->reason);
	message_set_text(&message, "class", reason_class_name(effect->class));
	message_set_integer(&message, "revision", effect->revision);
	message_set_payload(&message, effect->text, strlen(effect->text));
	tell_host(device->gateway, &message);
}

void batch_say_tried(struct gateway *gateway, uint64_t id, const char *reason, const char *text)
{
	struct message message;

	message_init(&message, WORD_tried, id);
	message_set_text(&message, "reason", reason ? reason : "");
	message_set_payload(&message, text, text ? strlen(text) : 0);
	tell_host(gateway, &message);
}

/* A run of which the host was told that it is over, until it has heard. */
struct telling {
	struct gateway_device *device;
	int64_t step, token;
};

static void say_outcomes_again(void *arg)
{
	static const struct admission_event up = {.kind = ADMISSION_HOST_UP};
	struct gateway_device *device = arg;

	if (device->gateway->up)
		gateway_event(device, &up);
}

static void on_heard(void *arg, const struct message *reply)
{
	struct telling *telling = arg;
	struct admission_event event = {.kind = ADMISSION_HEARD, .step = telling->step, .token = telling->token};

	/* Without an answer it is said again: as soon as the host is back, or after a while if it never went. */
	if (reply && reply->word == WORD_done) {
		crash_point(CRASH_gateway_heard_kept);
		gateway_event(telling->device, &event);
	} else if (telling->device->gateway->up) {
		loop_in(telling->device->gateway->loop, AGAIN_MS, say_outcomes_again, telling->device);
	}
	free(telling);
}

static void ask_host_to_hear(struct gateway_device *device, struct message *message, int64_t step, int64_t token)
{
	struct telling *telling = mem_alloc(sizeof *telling);
	hst_error err = {{0}, {0}};

	*telling = (struct telling){.device = device, .step = step, .token = token};
	if (link_request(device->gateway->link, message, HEARD_MS, on_heard, telling, &err) < 0) {
		log_warning("the host could not be told of the end of step %lld: %s", (long long)step, err.text);
		on_heard(telling, NULL);
	}
}

static void say_finished(struct gateway_device *device, const struct admission_run *run)
{
	struct message message;

	message_init(&message, WORD_finished, 0);
	message_set_integer(&message, "step", run->step);
	message_set_integer(&message, "token", run->token);
	message_set_text(&message, "state", run->end);
	message_set_text(&message, "reason", run->reason);
	message_set_boolean(&message, "released", run->released);
	message_set_integer(&message, "started_us", run->started_us);
	message_set_integer(&message, "ended_us", run->ended_us);
	message_set_payload(&message, run->result, run->result_length);
	message_set_sealed(&message, run->sealed_result, run->sealed_result_length);
	ask_host_to_hear(device, &message, run->step, run->token);
}

/* Asked, it is an answer. Unasked it is said until the host has heard. */
static void say_standing(struct gateway_device *device, const struct admission_effect *effect)
{
	struct message message;

	message_init(&message, WORD_standing, effect->id);
	message_set_integer(&message, "step", effect->step);
	message_set_integer(&message, "token", effect->token);
	message_set_text(&message, "state", effect->text);
	if (effect->id)
		tell_host(device->gateway, &message);
	else
		ask_host_to_hear(device, &message, effect->step, effect->token);
}

/* To a session process. One that is gone has been, or is about to be, reported as ended. */
static void tell_session(struct gateway *gateway, uint32_t number, struct message *message)
{
	struct gateway_process *process = processes_of(gateway, number);
	hst_error err = {{0}, {0}};

	if (process && process->stream && stream_send(process->stream, message, &err) < 0)
		log_warning("session process %u: %s", number, err.text);
}

static void do_open(const struct gateway_device *device, const struct admission_effect *effect)
{
	AUTO(text) struct text sealed;
	struct message message;

	text_init(&sealed, SEALED_BYTES_MAX);
	offer_items(effect->run, true, &sealed);
	message_init(&message, WORD_open, 1);
	message_set_sealed(&message, sealed.s, sealed.length);
	message_set_text(&message, "user", effect->run->user);
	if (effect->run->attended) {
		message_set_text(&message, "session", effect->run->session);
		message_set_text(&message, "notify", conf_notify_name(device->conf->notify));
	}
	if (*effect->run->login)
		message_set_text(&message, "login", effect->run->login);
	tell_session(device->gateway, effect->hold->number, &message);
}

/* Names, not paths: the session process knows the folders, and a name is never too long for a head. */
static bool say_launch(struct gateway_process *process, const struct admission_run *run, bool wait)
{
	char *results = results_name(run->step, run->token);
	AUTO(text) struct text sealed;
	struct message message;
	hst_error err = {{0}, {0}};
	bool said;

	text_init(&sealed, SEALED_BYTES_MAX);
	offer_items(run, false, &sealed);
	message_init(&message, WORD_launch, LAUNCH_ID);
	message_set_integer(&message, "step", run->step);
	message_set_integer(&message, "token", run->token);
	message_set_text(&message, "run", run->run_id);
	message_set_integer(&message, "number", run->number);
	message_set_text(&message, "name", run->name);
	message_set_integer(&message, "timeout_ms", run->timeout_ms);
	message_set_text(&message, "package", run->package);
	message_set_text(&message, "results", results);
	if (*run->chain)
		message_set_text(&message, "chain", run->chain);
	if (*run->title)
		message_set_text(&message, "title", run->title);
	if (wait)
		message_set_boolean(&message, "wait", true);
	message_set_sealed(&message, sealed.s, sealed.length);
	message_set_payload(&message, run->inputs, run->inputs_length);
	said = stream_send(process->stream, &message, &err) == HST_OK;
	if (!said)
		log_warning("session process %u: %s", process->number, err.text);
	free(results);
	return said;
}

static void do_launch(struct gateway *gateway, const struct admission_effect *effect)
{
	struct gateway_process *process = processes_of(gateway, effect->hold->number);
	struct message message;

	crash_point(CRASH_gateway_before_launch);
	if (!process || !process->stream)
		return; /* it is gone: that is known already, or about to be */
	if (!process->ready) {
		say_launch(process, effect->run, false);
		return;
	}
	process->ready = false;
	message_init(&message, WORD_begin, LAUNCH_ID);
	message_set_integer(&message, "step", effect->run->step);
	message_set_integer(&message, "token", effect->run->token);
	tell_session(gateway, effect->hold->number, &message);
}

static void do_halt(struct gateway *gateway, const struct admission_effect *effect)
{
	struct message message;

	message_init(&message, WORD_stop, 0);
	message_set_integer(&message, "step", effect->run->step);
	message_set_integer(&message, "token", effect->run->token);
	message_set_text(&message, "how", effect->text);
	tell_session(gateway, effect->hold->number, &message);
}

/* The outcome is in the journal: the hold need not keep it. */
static void say_have(struct gateway *gateway, const struct admission_effect *effect)
{
	struct message message;

	message_init(&message, WORD_done, effect->id);
	tell_session(gateway, effect->hold->number, &message);
}

static void hold_is_late(void *arg)
{
	struct gateway_process *process = arg;
	struct admission_event event = {.kind = ADMISSION_LATE, .number = process->number};

	process->late = NULL;
	log_error("device %s: the session process %u has not closed its session within %d s; it is ended, and what is left of the "
	          "session is the watch's to clear away", process->device->conf->name, process->number, CLOSE_MS / 1000);
	gateway_event(process->device, &event);
	processes_kill(process);
}

static void do_lock(struct gateway *gateway, const struct admission_effect *effect)
{
	struct message message;

	message_init(&message, WORD_lock, LOCK_ID);
	tell_session(gateway, effect->hold->number, &message);
}

static void do_close(struct gateway *gateway, const struct admission_effect *effect)
{
	struct gateway_process *process = processes_of(gateway, effect->hold->number);
	struct message message;

	message_init(&message, WORD_close, 3);
	tell_session(gateway, effect->hold->number, &message);
	if (process && !process->late)
		process->late = loop_in(gateway->loop, CLOSE_MS, hold_is_late, process);
}

static void perform(struct gateway_device *device, const struct admission_effect *effect)
{
	struct gateway *gateway = device->gateway;

	switch (effect->kind) {
	case ADMISSION_JOURNAL:
	case ADMISSION_JOURNAL_SOON:
		break; /* done for the whole batch, before anything else */
	case ADMISSION_ASK_IDENTITY:
		ask_identity(device, effect->text);
		break;
	case ADMISSION_WANT_HOLD:
		processes_want(device, false);
		break;
	case ADMISSION_OPEN:
		do_open(device, effect);
		crash_point(CRASH_gateway_told_open);
		break;
	case ADMISSION_LAUNCH:
		do_launch(gateway, effect);
		crash_point(CRASH_gateway_told_launch);
		break;
	case ADMISSION_HALT:
		do_halt(gateway, effect);
		break;
	case ADMISSION_LOCK:
		do_lock(gateway, effect);
		break;
	case ADMISSION_CLOSE:
		do_close(gateway, effect);
		crash_point(CRASH_gateway_told_close);
		break;
	case ADMISSION_FETCH:
		packages_fetch(device, effect->text);
		break;
	case ADMISSION_FETCH_FILES:
		inputs_fetch(device, effect->run);
		break;
	case ADMISSION_UPLOAD:
		results_upload(device, effect->run);
		break;
	case ADMISSION_SAY_TAKEN:
		say_stage(gateway, WORD_taken, (uint64_t)effect->run->token, effect->run, effect->text);
		crash_point(CRASH_gateway_told_taken);
		break;
	case ADMISSION_SAY_REFUSED:
		say_refused(device, effect);
		break;
	case ADMISSION_SAY_STAGE:
		say_stage(gateway, WORD_stage, 0, effect->run, effect->text);
		crash_point(CRASH_gateway_told_stage);
		break;
	case ADMISSION_SAY_FINISHED:
		say_finished(device, effect->run);
		crash_point(CRASH_gateway_told_finished);
		break;
	case ADMISSION_SAY_RELEASED:
		say_released(gateway, effect->run);
		crash_point(CRASH_gateway_told_released);
		break;
	case ADMISSION_SAY_STANDING:
		say_standing(device, effect);
		crash_point(CRASH_gateway_told_standing);
		break;
	case ADMISSION_SAY_TRIED:
		batch_say_tried(gateway, (uint64_t)effect->run->number, effect->reason, effect->text);
		break;
	case ADMISSION_SAY_HAVE:
		say_have(gateway, effect);
		break;
	case ADMISSION_LOOK:
		looks_begin(device, effect->step, effect->token);
		break;
	case ADMISSION_DISCARD:
		results_discard(gateway, effect->step, effect->token);
		inputs_discard(gateway, effect->step, effect->token);
		break;
	case ADMISSION_SAY_DEVICE:
		device->changed = true;
		break;
	}
}

/* Performing may bring new events of the device itself (nobody there to ask, nothing to upload): they are the next round. */
static bool device_after(struct gateway_device *device)
{
	struct admission_effects *effects = &device->effects;
	size_t n = device->due;

	for (size_t i = 0; i < n; i++) {
		struct admission_effect effect = effects->at[i];

		perform(device, &effect);
	}
	if (effects->n > n) {
		memmove(effects->at, effects->at + n, (effects->n - n) * sizeof *effects->at);
		effects->n -= n;
		return true;
	}
	admission_settle(device->admission, effects);
	return false;
}

/* What performing one device's effects brings about on another waits for the next round, and with it for the journal. */
static void journal_device(struct gateway_device *device)
{
	admission_batch(device->admission, &device->effects);
	device->due = device->effects.n;
	for (size_t i = 0; i < device->due; i++) {
		const struct admission_effect *effect = &device->effects.at[i];

		if (effect->kind == ADMISSION_JOURNAL || effect->kind == ADMISSION_JOURNAL_SOON)
			journal_add(device->gateway, device->conf->name, effect->text, effect->kind == ADMISSION_JOURNAL_SOON);
	}
}

/*
 * While the disk has the journal, a session process makes ready what is about to be launched, and does not begin it; one of an
 * earlier version does not know how to wait. Where several are launched at once all the processors have work as it is, and a
 * second word for each would only be more of it.
 */
static void make_ready(struct gateway *gateway)
{
	const struct admission_effect *launch = NULL;
	struct gateway_process *process;
	size_t n = 0;

	TABLE_EACH(&gateway->devices, entry) {
		const struct gateway_device *device = entry->value;

		for (size_t i = 0; i < device->due; i++) {
			if (device->effects.at[i].kind != ADMISSION_LAUNCH)
				continue;
			launch = &device->effects.at[i];
			n++;
		}
	}
	process = n == 1 ? processes_of(gateway, launch->hold->number) : NULL;
	if (!process || !process->stream || process->old)
		return;
	process->ready = say_launch(process, launch->run, true);
	crash_point(CRASH_gateway_told_ready);
}

void gateway_after(void *arg)
{
	struct gateway *gateway = arg;
	hst_error err = {{0}, {0}};
	bool more = true;

	while (more) {
		more = false;
		TABLE_EACH(&gateway->devices, entry)
			journal_device(entry->value);
		make_ready(gateway);
		if (journal_sync(gateway, &err) < 0) {
			/* Without it nothing may start; the supervisor starts a new gateway. */
			log_error("%s", err.text);
			abort();
		}
		TABLE_EACH(&gateway->devices, entry)
			more |= device_after(entry->value);
	}
	TABLE_EACH(&gateway->devices, entry) {
		struct gateway_device *device = entry->value;

		if (device->changed && gateway->up)
			devices_say(device);
		devices_let_go(device);
	}
	arena_reset(gateway->scratch);
}
