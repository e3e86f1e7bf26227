/*
 * The roster in the engine: who may connect as an operator, and the way of a newer one. The supervisor's file is the one this house
 * believes; one that an operator hands over is proved against it, kept beside the gateways that were let in, and used at once. From
 * there the supervisor takes it over, having proved it again.
 */
#include "engine/answers.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/files.h"
#include "schema/value.h"
#include "seal/roster.h"

#include <string.h>

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

/* One that was kept here and that the supervisor has not taken over yet. */
static struct roster *kept_roster(const struct engine *engine, const struct roster *believed)
{
	struct roster *kept = NULL;
	hst_error err = {{0}, {0}};
	int rc = roster_read_file(engine->roster_path, &kept, &err);

	if (rc >= 0 && kept->epoch > believed->epoch)
		rc = roster_verify_next(believed, kept, &err);
	else if (rc >= 0)
		rc = HST_NOT_FOUND;
	if (rc >= 0)
		return kept;
	roster_free(kept);
	if (rc != HST_NOT_FOUND)
		log_warning("%s is not used: %s", engine->roster_path, err.text);
	return NULL;
}

int engine_roster_open(struct engine *engine, struct key_ring *ring, hst_error *err)
{
	AUTO_FREE char *path = files_join(engine->definitions->conf->state_dir, "roster");
	AUTO_FREE char *bytes = NULL;
	struct roster *roster = NULL, *kept;
	size_t length = 0;
	int rc = files_read(path, ROSTER_BYTES_MAX, &bytes, &length, err);

	engine->roster_path = files_join(engine->definitions->conf->state_dir, "admitted/roster");
	if (rc < 0)
		return rc;
	/* What a version before rosters has left: it lets operators in, and nothing can be sealed. */
	if (strncmp(bytes, FIRST_LINE, strlen(FIRST_LINE)) != 0)
		return keys_parse(ring, path, bytes, length, err);
	rc = roster_read(bytes, length, path, &roster, err);
	if (rc < 0)
		return rc;
	kept = kept_roster(engine, roster);
	if (kept) {
		roster_free(roster);
		roster = kept;
	}
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
		use(engine, engine->ring, take(roster));
		hub_ring_changed(engine->hub);
	}
	if (rc < 0 && rc != HST_NOT_FOUND)
		log_warning("%s", err.text);
	roster_free(roster);
}

int engine_roster_take(struct engine *engine, const char *text, hst_error *err)
{
	struct roster *roster = NULL;
	int rc = engine->roster ? roster_read(text, strlen(text), "the new roster", &roster, err)
	                        : hst_fail_as(err, HST_INVALID, "NoRoster",
	                                      "this house still has the list of operators of an older version; `hostler down` and `hostler up` "
	                                      "make a roster of it");

	if (rc >= 0 && roster->epoch <= engine->roster->epoch)
		rc = hst_fail_as(err, HST_INVALID, "RosterEpoch", "somebody else has changed the roster meanwhile (it is of epoch %lld); say it again",
		                 (long long)engine->roster->epoch);
	if (rc >= 0)
		rc = roster_verify_next(engine->roster, roster, err);
	if (rc >= 0)
		rc = check_keys(engine->ring, roster, err);
	if (rc >= 0)
		rc = files_replace(engine->roster_path, text, strlen(text), 0640, true, err);
	if (rc < 0) {
		roster_free(roster);
		return rc;
	}
	use(engine, engine->ring, roster);
	return HST_OK;
}

int answer_roster(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	hst_value *answer = value_make_record(engine->scratch);
	AUTO_FREE char *text = engine->roster ? roster_write(engine->roster) : NULL;

	(void)filters;
	if (!text)
		return hst_fail_as(err, HST_NOT_FOUND, "NoRoster",
		                   "this house has no roster yet; `hostler down` and `hostler up` make one");
	value_set_integer(answer, "epoch", engine->roster->epoch);
	value_set_text(answer, "roster", text);
	*ret = answer;
	return HST_OK;
}

void engine_roster_clear(struct engine *engine)
{
	roster_free(engine->roster);
	free(engine->roster_path);
}
