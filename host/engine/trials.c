/*
 * Trials: whether somebody can sign in with a connection on one device, asked by a person. The gateway tries it by the rules of
 * every run. What comes of it counts as any other sign-in does (rule R29): one that fails blocks its connection, one that goes
 * well unblocks it.
 */
#include "engine/trials.h"
#include "engine/envelopes.h"
#include "engine/gateways.h"
#include "engine/secrets.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* The session process has 120 s to open a session, and 60 to close it. */
enum { TRIAL_MS = 200 * 1000 };

struct engine_trial {
	struct engine_trial *next;
	struct engine *engine;
	uint64_t id;        /* of the message */
	uint64_t gateway;   /* number of its link */
	uint64_t client, client_id; /* who asked */
	char *connection, *device;
	int64_t serial; /* of the password */
	struct loop_timer *late;
};

static void trial_free(struct engine_trial *trial)
{
	loop_cancel(trial->engine->loop, &trial->late);
	free(trial->connection);
	free(trial->device);
	free(trial);
}

static void answer(struct engine_trial *trial, const char *reason, const char *text)
{
	struct hub_link *client = engine_link(trial->engine, trial->client);
	struct message *message;

	if (!client)
		return;
	message = engine_reply(trial->engine, client, WORD_tried, trial->client_id);
	message_set_text(message, "reason", reason);
	trial->engine->replies[trial->engine->reply_count - 1].payload = mem_text(text);
	message_set_payload(message, trial->engine->replies[trial->engine->reply_count - 1].payload, strlen(text));
}

/* `worked` false and `reason` "": nobody knows what came of it. */
static void over(struct engine_trial *trial, bool worked, const char *reason, const char *text)
{
	struct engine *engine = trial->engine;
	struct core_event event = {.kind = CORE_TRIED, .connection = trial->connection, .device = trial->device, .serial = trial->serial,
	                           .state = worked ? STATE_SUCCEEDED : STATE_FAILED, .reason = reason, .text = text};

	for (struct engine_trial **at = &engine->trials; *at; at = &(*at)->next)
		if (*at == trial) {
			*at = trial->next;
			break;
		}
	engine_event(engine, &event);
	answer(trial, reason, text);
	trial_free(trial);
	secrets_look(engine);
}

static void is_late(void *arg)
{
	struct engine_trial *trial = arg;

	trial->late = NULL;
	over(trial, false, "ConnectionTimeout", "the gateway has not said in time what came of it: look at its log");
}

static bool leads_to(const struct conf *conf, const struct conf_connection *connection, const char *device)
{
	const struct conf_cluster *cluster = connection->target.cluster ? conf_cluster(conf, connection->target.name) : NULL;

	if (!connection->target.cluster)
		return strcmp(connection->target.name, device) == 0;
	for (size_t i = 0; cluster && i < cluster->member_count; i++)
		if (strcmp(cluster->members[i], device) == 0)
			return true;
	return false;
}

/* Refusals that are no answer to whether it works. */
static int check(struct engine *engine, const struct conf_connection *connection, const char *name, const char *device, hst_error *err)
{
	if (!connection)
		return hst_fail(err, HST_NOT_FOUND, "there is no connection \"%.80s\"; `hostler connection list` has them", name);
	if (!leads_to(engine->definitions->conf, connection, device))
		return hst_fail(err, HST_NOT_FOUND, "connection %s does not lead to a device \"%.80s\"", name, device);
	if (!core_proven(engine->core, name) && core_signing_in(engine->core, name))
		return hst_fail_as(err, HST_RETRY, "ConnectionBlocked", "a sign-in with connection %s is under way: look how it goes, and try again", name);
	return HST_OK;
}

static void send_trial(struct engine_trial *trial, struct hub_link *gateway, const char *user)
{
	struct engine *engine = trial->engine;
	struct core_event trying = {.kind = CORE_TRYING, .connection = trial->connection};
	struct message message;

	message_init(&message, WORD_trial, trial->id);
	message_set_text(&message, "connection", trial->connection);
	message_set_text(&message, "device", trial->device);
	message_set_text(&message, "user", user);
	message_set_sealed(&message, engine->sealed.s, engine->sealed.length);
	hub_send(engine->hub, gateway, &message);
	trial->late = loop_in(engine->loop, TRIAL_MS, is_late, trial);
	engine_event(engine, &trying);
}

static struct engine_trial *trial_new(struct engine *engine, const struct hub_link *client, const struct message *message)
{
	struct engine_trial *trial = mem_alloc(sizeof *trial);

	trial->engine = engine;
	trial->id = ++engine->next_request;
	trial->client = client->number;
	trial->client_id = message->id;
	trial->connection = mem_text(message_text(message, "connection"));
	trial->device = mem_text(message_text(message, "device"));
	return trial;
}

void on_trial(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *name = message_text(message, "connection"), *device = message_text(message, "device");
	const struct conf_connection *connection = conf_connection(engine->definitions->conf, name);
	struct hub_link *gateway = gateway_of(engine, device);
	struct engine_trial *trial;
	hst_error err = {{0}, {0}};
	int rc;

	if (rest_refuses(engine, from, message->id))
		return;
	rc = check(engine, connection, name, device, &err);
	if (rc < 0) {
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
		return;
	}
	trial = trial_new(engine, from, message);
	if (!gateway) {
		answer(trial, "DeviceOffline", arena_printf(engine->scratch, "the gateway of %s is not there: `hostler devices` says why", device));
		trial_free(trial);
		return;
	}
	if (envelopes_of_connection(engine, name, &trial->serial, &err) < 0) {
		answer(trial, err.reason, err.text);
		trial_free(trial);
		return;
	}
	log_info("%s has connection %s tried on %s", engine_operator(from), name, device);
	trial->gateway = gateway->number;
	trial->next = engine->trials;
	engine->trials = trial;
	send_trial(trial, gateway, connection->user);
}

void on_tried(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	AUTO_FREE char *text = message_payload_text(message);
	const char *reason = message_text(message, "reason");

	for (struct engine_trial *trial = engine->trials; trial; trial = trial->next)
		if (trial->id == message->id && trial->gateway == from->number) {
			over(trial, !*reason, reason, text);
			return;
		}
}

void trials_left(struct engine *engine, const struct hub_link *link)
{
	struct engine_trial *next;

	for (struct engine_trial *trial = engine->trials; trial; trial = next) {
		next = trial->next;
		if (trial->gateway == link->number)
			over(trial, false, "DeviceOffline", "the gateway went away while it was tried");
	}
}

void trials_clear(struct engine *engine)
{
	while (engine->trials) {
		struct engine_trial *trial = engine->trials;

		engine->trials = trial->next;
		trial_free(trial);
	}
}
