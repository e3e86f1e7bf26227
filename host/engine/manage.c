/* What administrators do to the house: one table of words. Each answers once what it did is on disk. */
#include "engine/answers.h"
#include "engine/backups.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/addresses.h"
#include "pure/core/standing.h"
#include "schema/types.h"
#include "schema/value.h"
#include "seal/roster.h"
#include "wire/admitted.h"
#include "wire/invitation.h"

#include <stdio.h>
#include <string.h>

/* One word under way. */
struct managing {
	struct engine *engine;
	const char *who;
	const hst_value *given;
	hst_value *answer;
	bool ring_changed; /* whoever may connect no more is dropped once it is answered: that may be the one who asked */
};

static const char *given_text(const struct managing *managing, const char *name)
{
	const hst_value *value = value_get(managing->given, name);

	return value_kind(value) == HST_VALUE_TEXT ? value_text(value) : "";
}

static struct admitted_word word_of(const struct managing *managing)
{
	return (struct admitted_word){.path = managing->engine->admitted_path, .who = managing->who, .now_us = clock_wall_us()};
}

/* A gateway whose device would be called like one of this house's own would never get a run. */
static int check_device(const struct managing *managing, const char *name, hst_error *err)
{
	const struct conf_device *device = conf_device(managing->engine->definitions->conf, name);

	if (device && !device->gateway)
		return hst_fail_as(err, HST_INVALID, "NameTaken",
		                   "\"%s\" is a device of this house's own gateway; choose another name", name);
	return HST_OK;
}

static void changed(const struct managing *managing, const char *name)
{
	serving_changed(managing->engine, name);
	hub_ring_changed(managing->engine->hub);
}

static void note(const struct managing *managing, const char *what, const char *name)
{
	core_note(managing->engine->core, clock_wall_us(), what, name, managing->who, &managing->engine->effects);
}

static int gateway_add(struct managing *managing, hst_error *err)
{
	const char *name = given_text(managing, "name");
	struct admitted_word word = word_of(managing);
	uint8_t key[KEY_BYTES];
	int rc = keys_read_text(given_text(managing, "key"), key, err);

	if (rc >= 0)
		rc = check_device(managing, name, err);
	if (rc >= 0)
		rc = admitted_add(managing->engine->ring, &word, name, key, err);
	if (rc < 0)
		return rc;
	log_info("%s let the gateway %s in", managing->who, name);
	note(managing, "gateway_added", name);
	changed(managing, name);
	value_set_text(managing->answer, "name", name);
	return HST_OK;
}

static int gateway_remove(struct managing *managing, hst_error *err)
{
	const char *name = given_text(managing, "name");
	bool was_in = admitted_of(managing->engine->ring, name, KEY_IN) != NULL;
	struct admitted_word word = word_of(managing);
	int rc = admitted_remove(managing->engine->ring, &word, name, err);

	if (rc < 0)
		return rc;
	note(managing, "gateway_removed", name);
	log_info("%s removed the %s %s", managing->who, was_in ? "gateway" : "invitation of", name);
	changed(managing, name);
	value_set_text(managing->answer, "name", name);
	value_set_text(managing->answer, "was", was_in ? "gateway" : "invitation");
	return HST_OK;
}

/* Every address of this machine, and so none that could be told. */
static bool is_wildcard(const char *listen)
{
	static const char *const wild[] = {"tcp://*:", "tcp://0.0.0.0:", "tcp://[::]:"};

	for (size_t i = 0; i < sizeof wild / sizeof wild[0]; i++)
		if (strncmp(listen, wild[i], strlen(wild[i])) == 0)
			return true;
	return false;
}

/* Where the invited are to connect: what was said, else where this host listens, if that is one place. */
static int choose_address(const struct managing *managing, const char **ret, hst_error *err)
{
	const char *given = given_text(managing, "address"), *listen = managing->engine->definitions->conf->listen;
	char own[ADDRESSES_MAX][ADDRESS_TEXT];
	size_t n = 0;

	if (!listen)
		return hst_fail_as(err, HST_INVALID, "NotListening",
		                   "this host listens for no other machine: say `listen = tcp://ADDRESS:8421` in [host], and restart it");
	if (*given && !conf_endpoint_is_fit(given))
		return hst_fail_as(err, HST_INVALID, "Usage", "\"%.100s\": an address is written tcp://HOST:PORT", given);
	if (strlen(*given ? given : listen) > INVITATION_PART_MAX)
		return hst_fail_as(err, HST_INVALID, "Usage", "an address has at most %d characters", INVITATION_PART_MAX);
	if (*given || !is_wildcard(listen)) {
		*ret = *given ? given : listen;
		return HST_OK;
	}
	n = addresses_own(own);
	if (n != 1)
		return hst_fail_as(err, HST_INVALID, "AddressUnclear",
		                   "this host listens at %s and has %zu addresses%s%s%s%s: say which one the machine reaches, with --address "
		                   "tcp://HOST%s",
		                   listen, n, n ? ", " : "", n ? own[0] : "", n > 1 ? ", " : "", n > 1 ? own[1] : "", strrchr(listen, ':'));
	*ret = arena_printf(managing->engine->scratch, strchr(own[0], ':') ? "tcp://[%s]%s" : "tcp://%s%s", own[0],
	                    strrchr(listen, ':'));
	return HST_OK;
}

static int gateway_invite(struct managing *managing, hst_error *err)
{
	struct engine *engine = managing->engine;
	struct admitted_word word = word_of(managing);
	const char *name = given_text(managing, "name"), *address = "";
	struct invitation invitation = {.until_us = 0};
	int64_t lasts_ms = invitation_ms, until_us = 0;
	char at[40], *line;
	int rc = choose_address(managing, &address, err);

	value_integer(value_get(managing->given, "expires_ms"), &lasts_ms);
	if (rc >= 0)
		rc = check_device(managing, name, err);
	if (rc >= 0)
		rc = admitted_invite(engine->ring, &word, name, lasts_ms, &invitation.pair, &until_us, err);
	if (rc < 0)
		return rc;
	log_info("%s invited the gateway %s", managing->who, name);
	changed(managing, name);
	snprintf(invitation.address, sizeof invitation.address, "%s", address);
	snprintf(invitation.name, sizeof invitation.name, "%s", name);
	memcpy(invitation.host, engine->ring->self.public_key, KEY_BYTES);
	invitation.until_us = until_us;
	line = invitation_write(&invitation);
	type_write_date((hst_time){until_us - until_us % 1000000}, at, sizeof at);
	value_set_text(managing->answer, "name", name);
	value_set_text(managing->answer, "line", line);
	value_set_text(managing->answer, "address", address);
	value_set_text(managing->answer, "expires", at);
	invitation_forget(line);
	invitation_clear(&invitation);
	return HST_OK;
}

static int roster(struct managing *managing, hst_error *err)
{
	struct engine *engine = managing->engine;
	AUTO_FREE char *epoch = NULL;
	int rc = engine_roster_take(engine, given_text(managing, "roster"), err);

	if (rc < 0)
		return rc;
	epoch = mem_printf("%lld", (long long)engine->roster->epoch);
	log_info("%s changed the roster, which is of epoch %s now", managing->who, epoch);
	note(managing, "roster_changed", epoch);
	managing->ring_changed = true;
	value_set_integer(managing->answer, "epoch", engine->roster->epoch);
	return HST_OK;
}

static int backup_begin(struct managing *managing, hst_error *err)
{
	int rc = backups_begin(managing->engine, managing->answer, err);

	if (rc >= 0)
		log_info("%s makes a backup", managing->who);
	return rc;
}

static int backup_state(struct managing *managing, hst_error *err)
{
	return backups_state(managing->engine, managing->answer, err);
}

static int backup_end(struct managing *managing, hst_error *err)
{
	return backups_end(managing->engine, managing->answer, err);
}

static const struct {
	const char *what;
	int (*act)(struct managing *managing, hst_error *err);
} acts[] = {
	{"backup_begin", backup_begin},
	{"backup_end", backup_end},
	{"backup_state", backup_state},
	{"gateway_add", gateway_add},
	{"gateway_invite", gateway_invite},
	{"gateway_remove", gateway_remove},
	{"roster", roster},
};

void on_manage(void *arg, struct hub_link *from, const struct message *message)
{
	struct engine *engine = arg;
	const char *what = message_text(message, "what");
	struct managing managing = {.engine = engine, .answer = value_make_record(engine->scratch),
	                            .who = strncmp(from->name, "operator/", 9) == 0 ? from->name + 9 : from->name};
	hst_error err = {{0}, {0}};
	AUTO(text) struct text json;
	struct message answer;
	int rc = HST_NOT_FOUND;

	text_init(&json, PAYLOAD_BYTES_MAX);
	hst_fail(&err, rc, "\"%s\" is nothing to manage in this version", what);
	if (message->payload_length &&
	    value_parse_json(engine->scratch, message->payload, message->payload_length, &managing.given, &err) < 0) {
		engine_refuse(engine, from, message->id, HST_INVALID, "", "%s", err.text);
		return;
	}
	for (size_t i = 0; i < sizeof acts / sizeof acts[0]; i++)
		if (strcmp(acts[i].what, what) == 0)
			rc = acts[i].act(&managing, &err);
	if (rc < 0) {
		engine_refuse(engine, from, message->id, rc, err.reason, "%s", err.text);
		return;
	}
	value_write_json(&json, managing.answer);
	message_init(&answer, WORD_answer, message->id);
	message_set_payload(&answer, json.s, json.length);
	hub_send(engine->hub, from, &answer);
	if (managing.ring_changed)
		hub_ring_changed(engine->hub);
}
