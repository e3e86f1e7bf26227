/*
 * The roster in the engine: who may connect as an operator, and the way of a newer one. The supervisor's file is the one this house
 * believes; one that an operator hands over is proved against it, kept beside the gateways that were let in (a file for each epoch), and
 * used at once. From there the supervisor takes it over, having proved it again.
 */
#include "engine/answers.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/files.h"
#include "os/inherited.h"
#include "schema/value.h"
#include "seal/roster.h"
#include "wire/believed.h"

#include <string.h>

enum { ANSWER_BYTES = 640 << 10, TOLD_MAX = 16 };

#define OPERATOR "operator/"
#define FIRST_LINE "hostler-roster "

static bool is_operator(const struct key_peer *peer)
{
	return strncmp(peer->name, OPERATOR, strlen(OPERATOR)) == 0;
}

static void drop_operators(struct key_ring *ring)
{
	size_t kept = 0;

	for (size_t i = 0; i < ring->peer_count; i++) {
		if (!is_operator(&ring->peers[i])) {
			ring->peers[kept++] = ring->peers[i];
			continue;
		}
		free(ring->peers[i].name);
		free(ring->peers[i].who);
	}
	ring->peer_count = kept;
}

static void add_operator(struct key_ring *ring, const struct roster_member *operator)
{
	struct key_peer peer = {.name = mem_text(operator->name), .rights = operator->rights, .standing = KEY_IN};

	memcpy(peer.public_key, operator->wire, KEY_BYTES);
	ring->peers = mem_grow(ring->peers, &ring->peer_size, ring->peer_count + 1, sizeof *ring->peers);
	ring->peers[ring->peer_count++] = peer;
}

/* The key of a process or gateway cannot be an operator's, too. */
static int check_keys(const struct key_ring *ring, const struct roster *roster, hst_error *err)
{
	for (size_t i = 0; i < roster->member_count; i++)
		for (size_t j = 0; j < ring->peer_count && roster->members[i].kind == ROSTER_OPERATOR; j++)
			if (!is_operator(&ring->peers[j]) && memcmp(ring->peers[j].public_key, roster->members[i].wire, KEY_BYTES) == 0)
				return hst_fail_as(err, HST_INVALID, "KeyTaken", "the key of %s already belongs to %s", roster->members[i].name,
				                   ring->peers[j].name);
	return HST_OK;
}

/* Takes `roster` over. */
static void use(struct engine *engine, struct key_ring *ring, struct roster *roster)
{
	roster_free(engine->roster);
	engine->roster = roster;
	drop_operators(ring);
	for (size_t i = 0; i < roster->member_count; i++)
		if (roster->members[i].kind == ROSTER_OPERATOR)
			add_operator(ring, &roster->members[i]);
}

/* ---- On to whoever seals and opens. ---- */

struct telling {
	struct engine *engine;
	struct hub_link *link;
};

static bool tell(void *arg, const struct roster *roster)
{
	const struct telling *telling = arg;
	AUTO_FREE char *text = NULL;
	struct message message;

	believed_message(roster, &message, &text);
	return hub_send(telling->engine->hub, telling->link, &message);
}

/* A worker began with what the supervisor believes. A gateway may have missed some, and follows from one to the next. */
void engine_roster_tell(struct engine *engine, struct hub_link *link)
{
	struct telling telling = {engine, link};

	if (engine->roster && strncmp(link->name, "worker/", 7) == 0)
		tell(&telling, engine->roster);
	else if (engine->roster && strncmp(link->name, "gateway/", 8) == 0)
		engine_roster_each(engine, engine->roster->epoch > TOLD_MAX ? engine->roster->epoch - TOLD_MAX : 0, tell, &telling);
}

static void tell_all(struct engine *engine)
{
	TABLE_EACH(&engine->links, entry) {
		struct hub_link *link = entry->value;

		if (strncmp(link->name, "operator/", 9) != 0)
			tell(&(struct telling){engine, link}, engine->roster);
	}
}

/* ---- Which one it is. ---- */

/* The one that was kept of an epoch; the caller frees it. */
static int read_kept(const struct engine *engine, int64_t epoch, struct roster **ret, hst_error *err)
{
	AUTO_FREE char *path = mem_printf("%s/%lld", engine->rosters_dir, (long long)epoch);

	return roster_read_file(path, ret, err);
}

/* Who has joined since the supervisor was told. */
static void adopt_kept(const struct engine *engine, struct roster *roster)
{
	struct roster *kept = NULL;

	if (read_kept(engine, roster->epoch, &kept, NULL) >= 0 && roster_verify_next(roster, kept, NULL) >= 0)
		roster_adopt(roster, kept);
	roster_free(kept);
}

/* Those that were kept here and that the supervisor has not taken over yet: each is held against the one before it. */
static void follow_kept(const struct engine *engine, struct roster **roster)
{
	struct roster *next = NULL;
	hst_error err = {{0}, {0}};
	int rc;

	while ((rc = read_kept(engine, (*roster)->epoch + 1, &next, &err)) >= 0 && (rc = roster_verify_next(*roster, next, &err)) >= 0) {
		roster_free(*roster);
		*roster = take(next);
	}
	roster_free(next);
	if (rc != HST_NOT_FOUND)
		log_warning("%s is not used: %s", engine->rosters_dir, err.text);
}

int engine_roster_open(struct engine *engine, struct key_ring *ring, hst_error *err)
{
	AUTO_FREE char *path = files_join(engine->definitions->conf->state_dir, "roster");
	AUTO_FREE char *bytes = NULL;
	struct roster *roster = NULL;
	size_t length = 0;
	int rc = files_read(path, ROSTER_BYTES_MAX, &bytes, &length, err);

	engine->rosters_dir = files_join(engine->definitions->conf->state_dir, "admitted/rosters");
	if (rc < 0)
		return rc;
	/* What a version before rosters has left: it lets operators in, and nothing can be sealed. */
	if (strncmp(bytes, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return keys_parse(ring, path, bytes, length, err);
	rc = roster_read(bytes, length, path, &roster, err);
	if (rc < 0)
		return rc;
	adopt_kept(engine, roster);
	follow_kept(engine, &roster);
	rc = check_keys(ring, roster, err);
	if (rc < 0)
		roster_free(roster);
	else
		use(engine, ring, roster);
	return rc;
}

void engine_roster_again(struct engine *engine)
{
	AUTO_FREE char *path = files_join(engine->definitions->conf->state_dir, "roster");
	struct roster *roster = NULL;
	hst_error err = {{0}, {0}};
	int rc = engine->roster ? roster_read_file(path, &roster, &err) : HST_NOT_FOUND;

	if (rc >= 0 && roster->epoch >= engine->roster->epoch && roster_verify_next(engine->roster, roster, &err) >= 0) {
		roster_adopt(roster, engine->roster);
		use(engine, engine->ring, take(roster));
		hub_ring_changed(engine->hub);
		tell_all(engine);
	}
	if (rc < 0 && rc != HST_NOT_FOUND)
		log_warning("%s", err.text);
	roster_free(roster);
}

/* On disk before anybody is told; the supervisor takes it from there. */
static int keep(const struct engine *engine, const struct roster *roster, hst_error *err)
{
	AUTO_FREE char *path = mem_printf("%s/%lld", engine->rosters_dir, (long long)roster->epoch);
	AUTO_FREE char *text = roster_write(roster);
	int rc = files_make_directory(engine->rosters_dir, 0750, err);

	if (rc >= 0)
		rc = files_replace(path, text, strlen(text), 0640, true, err);
	if (rc >= 0)
		inherited_line("roster", NULL);
	return rc;
}

int engine_roster_take(struct engine *engine, const char *text, hst_error *err)
{
	struct roster *roster = NULL;
	int rc = engine->roster ? roster_read(text, strlen(text), "the new roster", &roster, err)
	                        : hst_fail_as(err, HST_INVALID, "NoRoster",
	                                      "this house still has the list of operators of an older version; `hostler down` and `hostler up` "
	                                      "make a roster of it");

	/* None is left out, so that whoever has missed some can follow from one to the next. */
	if (rc >= 0 && roster->epoch != engine->roster->epoch + 1)
		rc = hst_fail_as(err, HST_INVALID, "RosterEpoch", "somebody else has changed the roster meanwhile (it is of epoch %lld); say it again",
		                 (long long)engine->roster->epoch);
	if (rc >= 0)
		rc = roster_verify_next(engine->roster, roster, err);
	if (rc >= 0)
		rc = check_keys(engine->ring, roster, err);
	if (rc >= 0) {
		roster_adopt(roster, engine->roster);
		rc = keep(engine, roster, err);
	}
	if (rc < 0) {
		roster_free(roster);
		return rc;
	}
	use(engine, engine->ring, roster);
	tell_all(engine);
	return HST_OK;
}

int engine_roster_may_join(const struct engine *engine, const struct message *enrol, struct roster_member *ret, hst_error *err)
{
	AUTO_FREE char *name = mem_printf("gateway/%s", message_text(enrol, "name"));
	AUTO_FREE char *line = mem_copy(enrol->payload, enrol->payload_length);
	char wire[KEY_TEXT];
	int rc;

	*ret = (struct roster_member){.name = NULL};
	/* A gateway of an older version, or an older invitation: it is let in, and nothing can be sealed to it. */
	if (!engine->roster || !enrol->payload_length)
		return HST_OK;
	rc = roster_read_join(engine->roster, line, name, clock_wall_us(), ret, err);
	if (rc < 0)
		return rc;
	keys_text(ret->wire, wire);
	if (strcmp(wire, message_text(enrol, "key")) == 0)
		return HST_OK;
	roster_member_clear(ret);
	return hst_fail_as(err, HST_DENIED, "RosterSignature", "the key with which %s is to connect is not the one that its invitation has signed",
	                   name);
}

void engine_roster_join(struct engine *engine, const struct roster_member *line)
{
	hst_error err = {{0}, {0}};

	if (!line->name)
		return;
	roster_put(engine->roster, line);
	if (keep(engine, engine->roster, &err) < 0)
		log_error("%s has joined, and the roster that says so cannot be kept: %s", line->name, err.text);
	tell_all(engine);
}

void engine_roster_each(const struct engine *engine, int64_t since, bool (*each)(void *arg, const struct roster *roster), void *arg)
{
	bool more = true;

	for (int64_t epoch = since + 1; more && engine->roster && epoch < engine->roster->epoch; epoch++) {
		struct roster *kept = NULL;

		/* What was before this house began to keep them nobody can follow. */
		if (read_kept(engine, epoch, &kept, NULL) >= 0)
			more = each(arg, kept);
		roster_free(kept);
	}
	if (more && engine->roster)
		each(arg, engine->roster);
}

/* Of those that fit into one answer. */
struct answering {
	hst_arena *arena;
	hst_value *list;
	size_t bytes;
};

static bool add_text(void *arg, const struct roster *roster)
{
	struct answering *answering = arg;
	AUTO_FREE char *text = roster_write(roster);
	size_t length = strlen(text);

	if (answering->bytes && answering->bytes + length > ANSWER_BYTES)
		return false;
	answering->bytes += length;
	value_append(answering->list, value_make_text(answering->arena, text, length));
	return true;
}

int answer_roster(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	struct answering answering = {.arena = engine->scratch, .list = value_make_list(engine->scratch)};
	hst_value *answer = value_make_record(engine->scratch);
	int64_t since = 0;

	if (!engine->roster)
		return hst_fail_as(err, HST_NOT_FOUND, "NoRoster",
		                   "this house has no roster yet; `hostler down` and `hostler up` make one");
	if (!value_integer(value_get(filters, "since"), &since) || since < 0 || since >= engine->roster->epoch)
		since = engine->roster->epoch - 1;
	engine_roster_each(engine, since, add_text, &answering);
	value_set_integer(answer, "epoch", engine->roster->epoch);
	value_set(answer, "rosters", answering.list);
	*ret = answer;
	return HST_OK;
}

void engine_roster_clear(struct engine *engine)
{
	roster_free(engine->roster);
	free(engine->rosters_dir);
}
