/* What the host says. */
#include "gateway/gateway.h"

#include "base/clock.h"
#include "base/log.h"
#include "os/crash.h"
#include "seal/items.h"

#include <stdlib.h>
#include <string.h>

void on_host_up(void *arg)
{
	static const struct admission_event up = {.kind = ADMISSION_HOST_UP};
	struct gateway *gateway = arg;

	crash_point(CRASH_gateway_host_up);
	gateway->up = true;
	/* A device whose sessions are not known yet says so as soon as they are. */
	TABLE_EACH(&gateway->devices, entry) {
		struct gateway_device *device = entry->value;

		device->fresh = true;
		device->shown = false;
		devices_say(device);
		gateway_event(device, &up);
	}
	log_info("the host answers");
}

void on_host_down(void *arg)
{
	struct gateway *gateway = arg;
	hst_error why = {{0}, {0}};

	link_why(gateway->link, &why);
	if (gateway->joining && strcmp(gateway->joining, "joining") == 0)
		return; /* its key is not known yet */
	if (strcmp(why.reason, "KeyDenied") == 0)
		log_warning("the host does not know this gateway's key: let it in there, with `hostler gateway invite %s` and "
		            "`hostler gateway join` here; it is tried again",
		            gateway->conf->gateway_name);
	else if (*why.reason)
		log_warning("the host refuses this gateway: %s: %s; it is tried again", why.reason, why.text);
	else
		log_warning("%s; runs go on, and it is asked again", why.text);
	gateway->up = false;
	now_write(gateway);
}

static void refuse_at_once(struct gateway *gateway, const struct message *offer, const char *reason, const char *class,
                           const char *text)
{
	struct message message;

	message_init(&message, WORD_refused, offer->id);
	message_set_integer(&message, "step", message_integer(offer, "step"));
	message_set_integer(&message, "token", message_integer(offer, "token"));
	message_set_text(&message, "reason", reason);
	message_set_text(&message, "class", class);
	message_set_integer(&message, "revision", 0);
	message_set_payload(&message, text, strlen(text));
	link_send(gateway->link, &message, NULL);
}

static void on_offer(struct gateway *gateway, const struct message *message)
{
	struct gateway_device *device = table_get(&gateway->devices, message_text(message, "device"));
	struct admission_event event = {.kind = ADMISSION_OFFER};
	hst_error err = {{0}, {0}};
	char login[SUM_SIZE];

	crash_point(CRASH_gateway_heard_offer);
	if (!device) {
		refuse_at_once(gateway, message, "DefinitionGone", "fatal", "this gateway does not serve the device");
		return;
	}
	/* Offered before the host knew that it is leaving; one that is known here already is answered as ever. */
	if (device->leaving &&
	    !admission_run_of(device->admission, message_integer(message, "step"), message_integer(message, "token"))) {
		refuse_at_once(gateway, message, "DeviceDraining", "wait", "the device is no longer configured");
		return;
	}
	if (message->sealed_length && items_check(message->sealed, message->sealed_length, &err) < 0) {
		refuse_at_once(gateway, message, "SecretUnusable", "fatal", "what is sealed of the offer cannot be read");
		return;
	}
	offer_login(message, login);
	event.offer = admission_run_new(
		&(struct admission_run){.login = login,
					.step = message_integer(message, "step"),
					.token = message_integer(message, "token"),
					.number = message_integer(message, "number"),
					.timeout_ms = message_integer(message, "timeout_ms"),
					.run_id = message_text(message, "run"),
					.name = message_text(message, "name"),
					.user = message_text(message, "user"),
					.package = message_text(message, "package"),
					.started_us = clock_wall_us(),
					.attended = strcmp(message_text(message, "mode"), "attended") == 0,
					.files = message_boolean(message, "files"),
					.inputs = message->payload,
					.inputs_length = message->payload_length,
					.chain = message_text(message, "chain"),
					.title = message_text(message, "title"),
					.sealed = message->sealed,
					.sealed_length = message->sealed_length});
	gateway_event(device, &event);
}

/* Whether the user of a connection can sign in. It has no offer: its token is one that no offer has. */
static void on_trial(struct gateway *gateway, const struct message *message)
{
	struct gateway_device *device = table_get(&gateway->devices, message_text(message, "device"));
	struct admission_event event = {.kind = ADMISSION_OFFER};
	hst_error err = {{0}, {0}};

	if (!device || device->leaving) {
		batch_say_tried(gateway, message->id, "DefinitionGone", "this gateway does not serve the device");
		return;
	}
	if (message->sealed_length && items_check(message->sealed, message->sealed_length, &err) < 0) {
		batch_say_tried(gateway, message->id, "SecretUnusable", "what is sealed of the trial cannot be read");
		return;
	}
	event.offer = admission_run_new(&(struct admission_run){.token = -++gateway->trials,
								.number = (int64_t)message->id,
								.run_id = "",
								.name = message_text(message, "connection"),
								.user = message_text(message, "user"),
								.package = "",
								.trial = true,
								.bare = true,
								.sealed = message->sealed,
								.sealed_length = message->sealed_length});
	gateway_event(device, &event);
}

/* The gateway has no keys: a session process that waits for its first session answers in its place, under the same id. */
static void on_probe(struct gateway *gateway, const struct message *message)
{
	static const char nobody[] = "no session process waits there that could be asked";
	struct message answer;

	TABLE_EACH(&gateway->processes, entry) {
		struct gateway_process *process = entry->value;
		const struct admission_hold *hold = process->watch ? NULL : admission_hold_of(process->device->admission, process->number);

		if (hold && hold->state == ADMISSION_HOLD_WARM && process->stream && stream_send(process->stream, message, NULL) == HST_OK)
			return;
	}
	message_init(&answer, WORD_probed, message->id);
	message_set_text(&answer, "reason", "NotAsked");
	message_set_payload(&answer, nobody, sizeof nobody - 1);
	link_send(gateway->link, &answer, NULL);
}

static void on_stop(struct gateway *gateway, const struct message *message)
{
	struct admission_event event = {.kind = ADMISSION_STOP, .step = message_integer(message, "step"),
	                                .token = message_integer(message, "token"), .how = message_text(message, "how")};
	struct message done;

	crash_point(CRASH_gateway_heard_stop);
	TABLE_EACH(&gateway->devices, entry)
		gateway_event(entry->value, &event);
	if (!message->id)
		return;
	message_init(&done, WORD_done, message->id);
	link_send(gateway->link, &done, NULL);
}

/*
 * The question names no device: the one that knows the offer answers. When none does, all of them will refuse it from
 * now on, and one of them says so; but one that has forgotten so old an offer cannot say that it never ran.
 */
static void on_status(struct gateway *gateway, const struct message *message)
{
	struct admission_event event = {.kind = ADMISSION_STATUS, .step = message_integer(message, "step"),
	                                .token = message_integer(message, "token"), .id = message->id};
	struct gateway_device *answers = NULL;
	enum admission_trace best = ADMISSION_TRACE_NONE;

	crash_point(CRASH_gateway_heard_status);
	TABLE_EACH(&gateway->devices, entry) {
		struct gateway_device *device = entry->value;
		enum admission_trace trace = admission_trace(device->admission, event.step, event.token);

		if (!answers || trace > best) {
			answers = device;
			best = trace;
		}
	}
	TABLE_EACH(&gateway->devices, entry) {
		event.quiet = entry->value != answers;
		if (!event.quiet || best == ADMISSION_TRACE_NONE)
			gateway_event(entry->value, &event);
	}
}

void on_host_message(void *arg, const struct message *message)
{
	struct gateway *gateway = arg;

	if (message->word == WORD_offer)
		on_offer(gateway, message);
	else if (message->word == WORD_probe)
		on_probe(gateway, message);
	else if (message->word == WORD_trial)
		on_trial(gateway, message);
	else if (message->word == WORD_stop)
		on_stop(gateway, message);
	else if (message->word == WORD_status)
		on_status(gateway, message);
	else if (message->word == WORD_roster)
		rosters_heard(gateway, message);
	else if (message->word == WORD_error)
		log_warning("the host refused a message: %.*s", (int)message->payload_length, (const char *)message->payload);
}
