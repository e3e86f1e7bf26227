/*
 * Probes: somebody asks whether a process that needs a named secret can open it where it needs it. The process opens it, forgets
 * it, and says whether that went well; nothing else comes back.
 */
#include "engine/probes.h"
#include "engine/secrets.h"

#include "base/auto.h"
#include "base/mem.h"
#include "definitions/secrets.h"
#include "seal/items.h"

#include <stdlib.h>
#include <string.h>

/* A worker in the middle of a call answers when that is over. */
enum { PROBE_MS = 5000 };

struct engine_probe {
	struct engine_probe *next;
	struct engine *engine;
	uint64_t id, link;          /* of the message, and of whom was asked */
	uint64_t client, client_id; /* who asked */
	struct loop_timer *late;
};

static void probe_free(struct engine_probe *probe)
{
	loop_cancel(probe->engine->loop, &probe->late);
	free(probe);
}

static void answer(struct engine *engine, struct hub_link *client, uint64_t id, const char *reason, const char *text)
{
	struct message message;

	message_init(&message, WORD_probed, id);
	message_set_text(&message, "reason", reason);
	message_set_payload(&message, text, strlen(text));
	hub_send(engine->hub, client, &message);
}

static void over(struct engine_probe *probe, const char *reason, const char *text)
{
	struct engine *engine = probe->engine;
	struct hub_link *client = engine_link(engine, probe->client);

	for (struct engine_probe **at = &engine->probes; *at; at = &(*at)->next)
		if (*at == probe) {
			*at = probe->next;
			break;
		}
	if (client)
		answer(engine, client, probe->client_id, reason, text);
	probe_free(probe);
}

static void is_late(void *arg)
{
	struct engine_probe *probe = arg;

	probe->late = NULL;
	over(probe, "NotAsked", "its process is busy and has not answered");
}

/* The process that has the keys of "connector/post" or "gateway/ts-01"; NULL: it is not there. */
static struct hub_link *process_of(struct engine *engine, const char *member)
{
	const char *name = strncmp(member, "gateway/", 8) == 0 ? member : arena_printf(engine->scratch, "worker/%s", member);

	return hub_next(engine->hub, name, NULL);
}

static void send_probe(struct engine *engine, struct hub_link *from, const struct message *message, struct hub_link *process,
		       const struct text *sealed)
{
	struct engine_probe *probe = mem_alloc(sizeof *probe);
	struct message question;

	*probe = (struct engine_probe){.next = engine->probes, .engine = engine, .id = ++engine->next_request, .link = process->number,
				       .client = from->number, .client_id = message->id};
	engine->probes = probe;
	probe->late = loop_in(engine->loop, PROBE_MS, is_late, probe);
	message_init(&question, WORD_probe, probe->id);
	message_set_sealed(&question, sealed->s, sealed->length);
	hub_send(engine->hub, process, &question);
}

void on_probe(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	struct hub_link *process;
	struct item item = {.name = message_text(message, "sink")};
	struct secret_envelope secret = {0};
	AUTO(text) struct text sealed;
	hst_error err = {{0}, {0}};
	int rc;

	text_init(&sealed, SEALED_BYTES_MAX);
	if (from->speaker != SPEAKER_CLIENT) {
		engine_refuse(engine, from, message->id, HST_DENIED, "SenderDenied", "only operators ask who can open what");
		return;
	}
	if (!definitions_use_secret(engine->definitions, message_text(message, "secret"))) {
		engine_refuse(engine, from, message->id, HST_NOT_FOUND, "", "nothing in the configuration that the host works by names this secret");
		return;
	}
	process = process_of(engine, message_text(message, "member"));
	rc = secrets_get(engine, message_text(message, "secret"), &secret, &err);
	item.bytes = secret.bytes;
	item.length = secret.length;
	if (rc >= 0)
		rc = items_write(&sealed, &item, 1, &err);
	if (rc < 0)
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
	else if (!process)
		answer(engine, from, message->id, "NotAsked", "its process is not there");
	else
		send_probe(engine, from, message, process, &sealed);
}

void on_probed(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	AUTO_FREE char *text = message_payload_text(message);

	for (struct engine_probe *probe = engine->probes; probe; probe = probe->next)
		if (probe->id == message->id && probe->link == from->number) {
			over(probe, message_text(message, "reason"), text);
			return;
		}
}

void probes_clear(struct engine *engine)
{
	while (engine->probes) {
		struct engine_probe *probe = engine->probes;

		engine->probes = probe->next;
		probe_free(probe);
	}
}
