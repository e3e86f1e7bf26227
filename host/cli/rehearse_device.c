#include "cli/rehearse_run.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "plugin/driver.h"
#include "schema/fields.h"
#include "schema/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LATE_US = 60 * 1000 * 1000, NAME_SIZE = 65 };

static struct rehearse_device *device_of(hst_host *host)
{
	return (struct rehearse_device *)((char *)host - offsetof(struct rehearse_device, host));
}

/* The host of the driver: time passes on the rehearsal's clock, and what would have to be undone is nothing. */
static int64_t host_now_us(hst_host *host)
{
	return device_of(host)->rehearsal->now_us + device_of(host)->spent_us;
}

static bool host_wait(hst_call *call, int64_t ms)
{
	device_of(call->host)->spent_us += ms * 1000;
	return true;
}

static bool host_cancelled(hst_call *call)
{
	(void)call;
	return false;
}

static int host_note(hst_call *call, const char *note, hst_error *err)
{
	(void)call, (void)note, (void)err;
	return HST_OK;
}

/* What a driver that only tests and rehearses claims to be, its stand-in claims as well; everything else is Linux. */
static const char *system_of(const struct rehearse_device *device)
{
	const struct definitions *definitions = device->rehearsal->rehearsing->definitions;
	const struct definition *driver = device->conf->driver ? definitions_instance(definitions, HST_DRIVER, device->conf->driver) : NULL;
	const char *system = driver ? value_text(value_get(driver->options, "system")) : "";

	return *system ? system : "linux";
}

static int open_driver(struct rehearse_device *device, hst_error *err)
{
	const struct rehearsing *rehearsing = device->rehearsal->rehearsing;
	hst_arena *arena = device->rehearsal->arena;
	hst_value *given = value_make_record(arena);
	const hst_value *options = NULL;
	char begins[32];
	int code;

	clock_iso(device->rehearsal->began_us, begins, sizeof begins);
	value_set_text(given, "begins", begins);
	value_set_text(given, "device", device->conf->name);
	value_set_text(given, "system", system_of(device));
	if (rehearsing->people)
		value_set_text(given, "people_file", rehearsing->people);
	code = fields_check(arena, rehearsing->sim->options, "option", given, false, &options, err);
	if (code != HST_OK)
		return code;
	plugin_plain_host(&device->host, device->conf->name, arena);
	device->host.now_us = host_now_us;
	device->host.wait = host_wait;
	device->host.cancelled = host_cancelled;
	device->host.note = host_note;
	device->scratch = arena_new();
	plugin_plain_call(&device->call, &device->host, device->scratch);
	return plugin_open(rehearsing->sim, options, &device->host, &device->driver, err);
}

/* The accounts of a device of another machine are that machine's business: whoever a connection names is one. */
static void gather_accounts(struct rehearse_device *device)
{
	const struct conf *conf = device->rehearsal->rehearsing->definitions->conf;

	if (!device->conf->gateway) {
		device->accounts = device->conf->accounts;
		device->account_count = device->conf->account_count;
		return;
	}
	device->accounts = arena_array(device->rehearsal->arena, conf->connection_count + 1, sizeof *device->accounts);
	for (size_t i = 0; i < conf->connection_count; i++)
		device->accounts[device->account_count++] = conf->connections[i].user;
}

int rehearse_device_open(struct rehearse_device *device, struct rehearsal *rehearsal, const struct conf_device *conf, hst_error *err)
{
	const struct admission_event up = {.kind = ADMISSION_HOST_UP};
	struct admission_policy policy;
	int code;

	*device = (struct rehearse_device){.rehearsal = rehearsal, .conf = conf};
	admission_effects_init(&device->effects);
	code = strategies_open(rehearsal->rehearsing->definitions->conf, conf, rehearsal->arena, &device->strategy, err);
	if (code == HST_OK)
		code = open_driver(device, err);
	if (code != HST_OK)
		return code;
	policy = strategies_policy(device->strategy);
	gather_accounts(device);
	device->admission = admission_new(conf->name, device->accounts, device->account_count, &policy);
	rehearse_device_event(device, &up);
	return rehearse_device_look(device, err);
}

void rehearse_device_close(struct rehearse_device *device)
{
	if (device->admission)
		admission_free(device->admission);
	admission_effects_clear(&device->effects);
	plugin_close(device->driver);
	strategies_close(device->strategy);
	if (device->scratch)
		arena_free(device->scratch);
}

/* The user as driver sim takes one: the last part of the name, without its machine or domain. */
static const char *plain_user(const char *user, char to[NAME_SIZE])
{
	const char *back = strrchr(user, '\\');
	size_t n = 0;

	for (const char *c = back ? back + 1 : user; *c && *c != '@' && n + 1 < NAME_SIZE; c++)
		to[n++] = *c == ' ' ? '_' : *c;
	to[n] = '\0';
	return to;
}

static int64_t take_spent(struct rehearse_device *device)
{
	const int64_t spent_us = device->spent_us;

	device->spent_us = 0;
	return spent_us;
}

/* What the device does of what the gateway would have it do */

static void identify(struct rehearse_device *device, const char *user)
{
	struct admission_event event = {.kind = ADMISSION_IDENTITY, .user = user};
	char name[NAME_SIZE];
	hst_identity identity;
	hst_error err = {0};

	event.code = driver_identify(device->driver, &device->call, plain_user(user, name), &identity, &err);
	if (event.code == HST_OK)
		event.key = identity.key;
	else
		event.text = err.text;
	rehearsal_later(device->rehearsal, take_spent(device), device, &event);
}

static void open_session(struct rehearse_device *device, const struct admission_effect *effect)
{
	const struct admission_run *run = effect->run;
	struct seen_step *seen = rehearsal_step(device->rehearsal, run->step);
	struct admission_event event = {.kind = ADMISSION_OPENED, .number = effect->hold->number};
	char name[NAME_SIZE];
	const hst_open what = {.user = plain_user(run->user, name), .run_dir = ""};
	hst_error err = {0};

	event.session = run->session;
	event.code = run->attended ? driver_attach(device->driver, &device->call, run->session, &err)
				   : driver_open(device->driver, &device->call, &what, &event.session, &err);
	if (event.code != HST_OK) {
		event.kind = ADMISSION_OPEN_FAILED;
		event.reason = err.reason[0] ? err.reason : "SessionCreationError";
		event.text = err.text;
	}
	if (seen)
		seen->session = run->attended ? "the user's own session" : "a new session";
	rehearsal_later(device->rehearsal, take_spent(device), device, &event);
}

static struct rehearse_play *play_of(struct rehearse_device *device, uint32_t number)
{
	for (size_t i = 0; i < REHEARSE_PLAYS_MAX; i++)
		if (device->plays[i].number == number)
			return &device->plays[i];
	return NULL;
}

/* The end of a flow, and why where it did not go well. */
static void end_play(struct rehearse_device *device, struct rehearse_play *play, const char *end, const char *reason, const char *text)
{
	struct rehearsal *rehearsal = device->rehearsal;
	struct admission_event event = {.kind = ADMISSION_FINISHED, .number = play->number, .id = 1, .end = end, .reason = reason ? reason : "",
					.started_us = play->started_us, .ended_us = rehearsal->now_us};
	AUTO(text) struct text json;

	text_init(&json, 64 << 10);
	text_add(&json, "{");
	if (text) {
		text_add(&json, "\"text\":");
		json_quote(&json, text, strlen(text));
	}
	text_add(&json, "}");
	event.payload = json.s;
	event.payload_length = json.length;
	play->number = 0;
	rehearsal_later(rehearsal, 0, device, &event);
}

static void launch(struct rehearse_device *device, const struct admission_effect *effect)
{
	struct rehearsal *rehearsal = device->rehearsal;
	const struct admission_run *run = effect->run;
	struct seen_step *seen = rehearsal_step(rehearsal, run->step);
	struct rehearse_play *play = play_of(device, 0);

	if (!play)
		return;
	*play = (struct rehearse_play){.number = effect->hold->number, .step = run->step, .token = run->token, .started_us = rehearsal->now_us,
				       .session = arena_text(rehearsal->arena, run->attended ? run->session : effect->hold->session)};
	if (seen && !seen->session)
		seen->session = "a session that was kept";
	if (seen && seen->misfit)
		end_play(device, play, "failed", "InputInvalid", seen->misfit);
	else
		rehearsal_ends_later(rehearsal, REHEARSE_FLOW_MS * 1000, device, play->number);
}

void rehearse_device_flow_ends(struct rehearse_device *device, uint32_t number)
{
	struct rehearse_play *play = number ? play_of(device, number) : NULL;

	if (play)
		end_play(device, play, "succeeded", NULL, NULL);
}

static void halt(struct rehearse_device *device, const struct admission_effect *effect)
{
	struct rehearse_play *play = play_of(device, effect->hold->number);
	const struct admission_breach *breach = admission_breach_of(effect->text);

	if (!play || play->step != effect->run->step)
		return;
	if (breach)
		end_play(device, play, "failed", breach->reason, breach->text);
	else
		end_play(device, play, "cancelled", "Cancelled", "the flow was told to stop");
}

static void lock_session(struct rehearse_device *device, const struct admission_effect *effect)
{
	const struct admission_event failed = {.kind = ADMISSION_LOCK_FAILED, .number = effect->hold->number};

	if (driver_lock(device->driver, &device->call, effect->hold->session, NULL) != HST_OK)
		rehearsal_later(device->rehearsal, take_spent(device), device, &failed);
}

static void close_session(struct rehearse_device *device, const struct admission_effect *effect)
{
	struct admission_event event = {.kind = ADMISSION_CLOSED, .number = effect->hold->number};
	struct admission_event ended = {.kind = ADMISSION_HOLD_ENDED, .number = effect->hold->number, .text = "its session was closed"};
	hst_error err = {0};
	int code = effect->hold->session ? driver_close(device->driver, &device->call, effect->hold->session, &err) : HST_OK;
	int64_t spent_us = take_spent(device);

	if (code != HST_OK) {
		event.kind = ADMISSION_LATE;
		ended.code = code;
		ended.text = err.text;
		spent_us += LATE_US;
	}
	rehearsal_later(device->rehearsal, spent_us, device, &event);
	rehearsal_later(device->rehearsal, spent_us, device, &ended);
}

/* What the core hears of it */

void rehearse_device_beat(struct rehearse_device *device)
{
	const struct admission_device now = admission_device(device->admission);
	struct core_event event = {.kind = CORE_DEVICE, .device = device->conf->name, .online = true, .system = now.facts.system,
				   .slots = now.slots, .revision = now.revision, .load_milli = -1, .memory_milli = -1, .journal = 1,
				   .fresh = !device->said};

	if (!now.known)
		return;
	device->said = true;
	rehearsal_core(device->rehearsal, &event);
}

/* Whoever made them would have sealed those that are secure; what the flow looks for is in the others. */
static void give_outputs(struct rehearse_device *device, const struct admission_run *run, struct core_event *event, struct text *json)
{
	struct rehearsal *rehearsal = device->rehearsal;
	struct seen_step *seen = rehearsal_step(rehearsal, run->step);
	const hst_value *said = NULL;

	if (event->state != STATE_SUCCEEDED) {
		event->payload_length = 0;
		if (value_parse_json(rehearsal->arena, run->result, run->result_length, &said, NULL) == HST_OK)
			event->text = value_text(value_get(said, "text"));
	} else if (seen) {
		rehearsal_outputs(rehearsal, seen, event, json);
	}
}

static void say_run(struct rehearse_device *device, const struct admission_effect *effect)
{
	const struct admission_run *run = effect->run;
	struct core_event event = {.kind = CORE_RELEASED, .step = run->step, .token = run->token};
	const struct admission_event heard = {.kind = ADMISSION_HEARD, .step = run->step, .token = run->token};
	AUTO(text) struct text json;

	text_init(&json, VALUE_BYTES_MAX);
	if (effect->kind == ADMISSION_SAY_TAKEN || effect->kind == ADMISSION_SAY_STAGE) {
		event.kind = effect->kind == ADMISSION_SAY_TAKEN ? CORE_TAKEN : CORE_STAGE;
		event.state = state_named(effect->text);
	} else if (effect->kind == ADMISSION_SAY_REFUSED) {
		event.kind = CORE_REFUSED;
		event.class = effect->class;
		event.revision = effect->revision;
		event.reason = effect->reason;
		event.text = effect->text;
	} else if (effect->kind == ADMISSION_SAY_FINISHED) {
		event.kind = CORE_FINISHED;
		event.state = state_named(run->end);
		event.reason = run->reason && *run->reason ? run->reason : NULL;
		event.released = run->released;
		event.started_us = run->started_us;
		event.ended_us = run->ended_us;
		give_outputs(device, run, &event, &json);
		rehearsal_later(device->rehearsal, 0, device, &heard);
	}
	rehearsal_core(device->rehearsal, &event);
}

static void say_standing(struct rehearse_device *device, const struct admission_effect *effect)
{
	struct core_event event = {.kind = CORE_STANDING, .step = effect->step, .token = effect->token,
				   .standing = offer_standing_named(effect->text)};
	const struct admission_event heard = {.kind = ADMISSION_HEARD, .step = effect->step, .token = effect->token};

	rehearsal_core(device->rehearsal, &event);
	if (!effect->id)
		rehearsal_later(device->rehearsal, 0, device, &heard);
}

static void perform(struct rehearse_device *device, const struct admission_effect *effect)
{
	const struct admission_run *run = effect->run;
	struct admission_event at_once = {.step = run ? run->step : effect->step, .token = run ? run->token : effect->token};

	switch (effect->kind) {
	case ADMISSION_JOURNAL:
	case ADMISSION_JOURNAL_SOON:
	case ADMISSION_SAY_HAVE:
	case ADMISSION_SAY_TRIED:
	case ADMISSION_DISCARD:
		return;
	case ADMISSION_ASK_IDENTITY:
		identify(device, effect->text);
		return;
	case ADMISSION_OPEN:
		open_session(device, effect);
		return;
	case ADMISSION_LAUNCH:
		launch(device, effect);
		return;
	case ADMISSION_HALT:
		halt(device, effect);
		return;
	case ADMISSION_LOCK:
		lock_session(device, effect);
		return;
	case ADMISSION_CLOSE:
		close_session(device, effect);
		return;
	case ADMISSION_SAY_DEVICE:
		rehearse_device_beat(device);
		return;
	case ADMISSION_SAY_STANDING:
		say_standing(device, effect);
		return;
	case ADMISSION_WANT_HOLD:
		at_once = (struct admission_event){.kind = ADMISSION_HOLD_READY, .number = ++device->numbers};
		break;
	case ADMISSION_FETCH:
		at_once = (struct admission_event){.kind = ADMISSION_PACKAGE, .package = effect->text};
		break;
	case ADMISSION_FETCH_FILES:
		at_once.kind = ADMISSION_FILES;
		break;
	case ADMISSION_UPLOAD:
		at_once.kind = ADMISSION_UPLOADED;
		break;
	case ADMISSION_LOOK:
		at_once.kind = ADMISSION_LEFT;
		break;
	case ADMISSION_SAY_TAKEN:
	case ADMISSION_SAY_REFUSED:
	case ADMISSION_SAY_STAGE:
	case ADMISSION_SAY_FINISHED:
	case ADMISSION_SAY_RELEASED:
		say_run(device, effect);
		return;
	}
	rehearsal_later(device->rehearsal, 0, device, &at_once);
}

void rehearse_device_event(struct rehearse_device *device, const struct admission_event *event)
{
	admission_step(device->admission, event, &device->effects);
	for (size_t i = 0; i < device->effects.n; i++) {
		const struct admission_effect effect = device->effects.at[i];

		perform(device, &effect);
	}
	admission_settle(device->admission, &device->effects);
}

static void look_at_plays(struct rehearse_device *device)
{
	for (size_t i = 0; i < REHEARSE_PLAYS_MAX; i++) {
		struct rehearse_play *play = &device->plays[i];
		struct admission_event lost = {.kind = ADMISSION_LOCK_FAILED, .number = play->number};
		hst_error err = {0};

		if (!play->number || driver_standing(device->driver, &device->call, play->session, &err) >= 0)
			continue;
		if (strcmp(err.reason, "SessionTaken") == 0)
			lost.reason = "SessionTaken";
		/* It is not kept either. */
		if (!err.reason[0] || lost.reason || strcmp(err.reason, "SessionEnded") == 0)
			rehearsal_later(device->rehearsal, 0, device, &lost);
		end_play(device, play, "failed", err.reason[0] ? err.reason : "SessionEnded", err.text);
	}
}

int rehearse_device_look(struct rehearse_device *device, hst_error *err)
{
	struct admission_event event = {.kind = ADMISSION_SESSIONS};
	hst_session *sessions = NULL;
	hst_device facts;
	int code;

	arena_reset(device->scratch);
	code = driver_list(device->driver, &device->call, &facts, &sessions, &event.session_count, err);

	if (code != HST_OK)
		return code;
	event.device = &facts;
	event.sessions = sessions;
	/* As in a house the session process finds out first. */
	look_at_plays(device);
	rehearse_device_event(device, &event);
	return HST_OK;
}
