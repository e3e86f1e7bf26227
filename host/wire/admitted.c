#include "wire/admitted.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "schema/types.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define GATEWAY "gateway/"

enum { FILE_MAX = 8 << 20, NAME_MAX_BYTES = 64 };

/* After its end an invitation is still known for so long, so that a refusal can say what is wrong. */
static const int64_t remembered_us = INT64_C(7) * 24 * 3600 * 1000000;

bool admitted_name_is_fit(const char *name)
{
	size_t n = strlen(name);

	return n >= 1 && n <= NAME_MAX_BYTES && !strchr("_-.", name[0]) &&
	       strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.") == n;
}

/* What was read from the file, or is to be written there: children of this house have no time. */
static bool is_admitted(const struct key_peer *peer)
{
	return peer->at_us != 0;
}

int admitted_read(struct key_ring *ring, const char *path, hst_error *err)
{
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	int code = files_read(path, FILE_MAX, &bytes, &length, err);

	if (code == HST_NOT_FOUND)
		return HST_OK;
	return code ? code : keys_parse(ring, path, bytes, length, err);
}

static void write_peer(struct text *to, const struct key_peer *peer)
{
	static const char *const words[] = {[KEY_IN] = "peer", [KEY_INVITED] = "invited", [KEY_REVOKED] = "revoked"};
	char key[KEY_TEXT], at[40];

	keys_text(peer->public_key, key);
	type_write_date((hst_time){peer->at_us}, at, sizeof at);
	text_addf(to, "%s %s %s %s%s %s\n", words[peer->standing], peer->name, key, peer->standing == KEY_IN ? "- " : "", at,
	          peer->who ? peer->who : "-");
}

static int write_ring(const struct key_ring *ring, const char *path, hst_error *err)
{
	AUTO(text) struct text text;

	text_init(&text, FILE_MAX);
	text_add(&text, "# Gateways of other machines. Written by the engine; `hostler gateway` changes it.\n");
	for (size_t i = 0; i < ring->peer_count; i++)
		if (is_admitted(&ring->peers[i]))
			write_peer(&text, &ring->peers[i]);
	if (text.over)
		return hst_fail(err, HST_INVALID, "%s would be larger than 8 MiB", path);
	return files_replace(path, text.s, text.length, 0640, true, err);
}

/* A ring to be changed: its peers alone. */
static struct key_ring copy_ring(const struct key_ring *ring)
{
	struct key_ring copy = {.peer_count = ring->peer_count, .peer_size = ring->peer_count + 1};

	copy.peers = mem_array(copy.peer_size, sizeof *copy.peers);
	for (size_t i = 0; i < ring->peer_count; i++) {
		copy.peers[i] = ring->peers[i];
		copy.peers[i].name = mem_text(ring->peers[i].name);
		copy.peers[i].who = mem_text(ring->peers[i].who);
	}
	return copy;
}

static void free_peers(struct key_ring *ring)
{
	for (size_t i = 0; i < ring->peer_count; i++) {
		free(ring->peers[i].name);
		free(ring->peers[i].who);
	}
	free(ring->peers);
}

static void drop(struct key_ring *ring, size_t i)
{
	free(ring->peers[i].name);
	free(ring->peers[i].who);
	memmove(&ring->peers[i], &ring->peers[i + 1], (ring->peer_count - i - 1) * sizeof *ring->peers);
	ring->peer_count--;
}

static void put(struct key_ring *ring, enum key_standing standing, const char *name, const uint8_t key[KEY_BYTES], int64_t at_us,
                const char *who)
{
	struct key_peer *peer;

	ring->peers = mem_grow(ring->peers, &ring->peer_size, ring->peer_count + 1, sizeof *ring->peers);
	peer = &ring->peers[ring->peer_count++];
	*peer = (struct key_peer){.name = mem_printf(GATEWAY "%s", name), .standing = standing, .at_us = at_us,
	                          .who = mem_printf("%.*s", ADMITTED_WHO_MAX, who && *who ? who : "-")};
	memcpy(peer->public_key, key, KEY_BYTES);
}

/* Writes the changed ring; only then it is the ring. Takes `changed` over. */
static int settle(struct key_ring *ring, struct key_ring *changed, const char *path, hst_error *err)
{
	int code = write_ring(changed, path, err);

	if (code) {
		free_peers(changed);
		return code;
	}
	free_peers(ring);
	ring->peers = changed->peers;
	ring->peer_count = changed->peer_count;
	ring->peer_size = changed->peer_size;
	return HST_OK;
}

/* What has been over for long, and the oldest of what there is too much of. */
static void tidy(struct key_ring *ring, int64_t now_us)
{
	size_t revoked = 0;

	for (size_t i = ring->peer_count; i-- > 0;) {
		const struct key_peer *peer = &ring->peers[i];

		if ((peer->standing == KEY_INVITED && peer->at_us + remembered_us < now_us) ||
		    (peer->standing == KEY_REVOKED && ++revoked > ADMITTED_REVOKED_MAX))
			drop(ring, i);
	}
}

static bool is_gateway(const struct key_peer *peer, const char *name)
{
	return strncmp(peer->name, GATEWAY, strlen(GATEWAY)) == 0 && strcmp(peer->name + strlen(GATEWAY), name) == 0;
}

const struct key_peer *admitted_of(const struct key_ring *ring, const char *name, enum key_standing standing)
{
	for (size_t i = ring->peer_count; i-- > 0;)
		if (ring->peers[i].standing == standing && is_gateway(&ring->peers[i], name))
			return &ring->peers[i];
	return NULL;
}

static int check_name(const struct key_ring *ring, const char *name, hst_error *err)
{
	const struct key_peer *taken = admitted_of(ring, name, KEY_IN);

	if (!admitted_name_is_fit(name))
		return hst_fail_as(err, HST_INVALID, "NameInvalid",
		                   "\"%.80s\": the name of a gateway has at most %d letters, digits, \"_\", \"-\" and \".\"", name,
		                   NAME_MAX_BYTES);
	if (taken && !is_admitted(taken))
		return hst_fail_as(err, HST_INVALID, "NameTaken", "\"%s\" is the name of this house's own gateway; choose another",
		                   name);
	if (taken)
		return hst_fail_as(err, HST_INVALID, "NameTaken",
		                   "a gateway \"%s\" was let in already; if it is to be replaced, `hostler gateway remove %s` first",
		                   name, name);
	return HST_OK;
}

/* A key that was revoked may come back; one that somebody has may not. */
static int check_key(struct key_ring *ring, const uint8_t key[KEY_BYTES], hst_error *err)
{
	for (size_t i = ring->peer_count; i-- > 0;) {
		if (memcmp(ring->peers[i].public_key, key, KEY_BYTES) != 0)
			continue;
		if (ring->peers[i].standing != KEY_REVOKED)
			return hst_fail_as(err, HST_INVALID, "KeyTaken", "this key already belongs to %s", ring->peers[i].name);
		drop(ring, i);
	}
	if (ring->peer_count >= PEERS_MAX)
		return hst_fail_as(err, HST_INVALID, "TooManyPeers", "at most %d peers are possible", PEERS_MAX);
	return HST_OK;
}

static void drop_invitations(struct key_ring *ring, const char *name)
{
	for (size_t i = ring->peer_count; i-- > 0;)
		if (ring->peers[i].standing == KEY_INVITED && is_gateway(&ring->peers[i], name))
			drop(ring, i);
}

int admitted_add(struct key_ring *ring, const struct admitted_word *word, const char *name, const uint8_t key[KEY_BYTES],
                 hst_error *err)
{
	struct key_ring changed = copy_ring(ring);
	int code = check_name(&changed, name, err);

	if (!code)
		code = check_key(&changed, key, err);
	if (code) {
		free_peers(&changed);
		return code;
	}
	drop_invitations(&changed, name);
	put(&changed, KEY_IN, name, key, word->now_us, word->who);
	tidy(&changed, word->now_us);
	return settle(ring, &changed, word->path, err);
}

int admitted_remove(struct key_ring *ring, const struct admitted_word *word, const char *name, hst_error *err)
{
	const struct key_peer *gateway = admitted_of(ring, name, KEY_IN), *invited = admitted_of(ring, name, KEY_INVITED);
	struct key_ring changed;

	if (gateway && !is_admitted(gateway))
		return hst_fail_as(err, HST_INVALID, "OwnGateway",
		                   "\"%s\" is this house's own gateway; take its [gateway] out of the configuration instead", name);
	if (!gateway && !invited)
		return hst_fail(err, HST_NOT_FOUND, "no gateway \"%.80s\" was let in or invited; `hostler devices` lists them", name);
	changed = copy_ring(ring);
	for (size_t i = changed.peer_count; gateway && i-- > 0;) {
		struct key_peer was = changed.peers[i];

		if (was.standing != KEY_IN || !is_gateway(&was, name))
			continue;
		put(&changed, KEY_REVOKED, name, was.public_key, word->now_us, word->who);
		drop(&changed, i);
		break;
	}
	drop_invitations(&changed, name);
	tidy(&changed, word->now_us);
	return settle(ring, &changed, word->path, err);
}

static size_t invitations_open(const struct key_ring *ring, int64_t now_us)
{
	size_t n = 0;

	for (size_t i = 0; i < ring->peer_count; i++)
		n += ring->peers[i].standing == KEY_INVITED && ring->peers[i].at_us > now_us;
	return n;
}

int admitted_invite(struct key_ring *ring, const struct admitted_word *word, const char *name, int64_t lasts_ms,
                    struct key_pair *ret, int64_t *ret_until_us, hst_error *err)
{
	struct key_ring changed;
	struct key_pair pair;
	int code = check_name(ring, name, err);

	if (code)
		return code;
	if (lasts_ms < invitation_least_ms || lasts_ms > invitation_most_ms)
		return hst_fail_as(err, HST_INVALID, "InvitationLife", "an invitation lives at least 1m and at most 30d");
	changed = copy_ring(ring);
	drop_invitations(&changed, name);
	tidy(&changed, word->now_us);
	if (invitations_open(&changed, word->now_us) >= ADMITTED_INVITATIONS_MAX || changed.peer_count >= PEERS_MAX) {
		free_peers(&changed);
		return hst_fail_as(err, HST_INVALID, "TooManyInvitations",
		                   "%d invitations are open already; take some back with `hostler gateway remove NAME`, or wait until they "
		                   "expire",
		                   ADMITTED_INVITATIONS_MAX);
	}
	keys_random(&pair);
	put(&changed, KEY_INVITED, name, pair.public_key, word->now_us + lasts_ms * 1000, word->who);
	code = settle(ring, &changed, word->path, err);
	if (!code) {
		*ret = pair;
		*ret_until_us = word->now_us + lasts_ms * 1000;
	}
	sodium_memzero(&pair, sizeof pair);
	return code;
}

int admitted_enrol(struct key_ring *ring, const char *path, int64_t now_us, const uint8_t invited[KEY_BYTES], const char *name,
                   const uint8_t key[KEY_BYTES], hst_error *err)
{
	const struct key_peer *invitation = NULL;
	struct admitted_word word = {.path = path, .now_us = now_us};
	AUTO_FREE char *who = NULL;

	for (size_t i = 0; i < ring->peer_count; i++)
		if (ring->peers[i].standing == KEY_INVITED && memcmp(ring->peers[i].public_key, invited, KEY_BYTES) == 0)
			invitation = &ring->peers[i];
	if (!invitation)
		return hst_fail_as(err, HST_DENIED, "InvitationUsed", "this invitation was used already, or was taken back");
	if (!is_gateway(invitation, name))
		return hst_fail_as(err, HST_DENIED, "InvitationOfAnother", "this invitation is for %s, not for \"%.80s\"",
		                   invitation->name, name);
	if (now_us >= invitation->at_us)
		return hst_fail_as(err, HST_DENIED, "InvitationExpired", "the invitation of %s has expired", invitation->name);
	who = mem_text(invitation->who);
	word.who = who;
	return admitted_add(ring, &word, name, key, err);
}
