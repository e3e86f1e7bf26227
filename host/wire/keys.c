#include "wire/keys.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/table.h"
#include "base/text.h"
#include "schema/rights.h"
#include "schema/types.h"
#include "wire/messages.h"

#include <errno.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

_Static_assert(KEY_BYTES == crypto_box_PUBLICKEYBYTES && KEY_BYTES == crypto_box_SECRETKEYBYTES,
	       "size of a key");
_Static_assert(SEED_BYTES == crypto_kdf_KEYBYTES && KEY_BYTES == crypto_box_SEEDBYTES, "size of a seed");
_Static_assert(KEY_TEXT == sodium_base64_ENCODED_LEN(KEY_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING),
	       "text");

enum {
	NAME_BYTES_MAX = 127,
	LINE_BYTES_MAX = 1100, /* an invitation */
	KEYS_BYTES_MAX = PEERS_MAX * 256,
	KEYS_ROSTER_MAX = 1 << 20,
};

/* Every door of libsodium is opened by this; it does nothing the second time. */
static void keys_ready(void)
{
	if (sodium_init() < 0)
		abort();
}

void keys_derive(const uint8_t seed[SEED_BYTES], const char *name, struct key_pair *ret)
{
	uint8_t digest[crypto_generichash_BYTES], own[crypto_box_SEEDBYTES];
	uint64_t subkey = 0;

	keys_ready();
	crypto_generichash(digest, sizeof digest, (const uint8_t *)name, strlen(name), NULL, 0);
	for (size_t i = 0; i < 8; i++)
		subkey = subkey << 8 | digest[i];
	crypto_kdf_derive_from_key(own, sizeof own, subkey, "hst-wire", seed);
	crypto_box_seed_keypair(ret->public_key, ret->secret_key, own);
	sodium_memzero(own, sizeof own);
}

void keys_random(struct key_pair *ret)
{
	keys_ready();
	crypto_box_keypair(ret->public_key, ret->secret_key);
}

void keys_text(const uint8_t key[KEY_BYTES], char to[KEY_TEXT])
{
	sodium_bin2base64(to, KEY_TEXT, key, KEY_BYTES, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* The text is not repeated in the error: it may be a secret key. */
int keys_read_text(const char *text, uint8_t ret[KEY_BYTES], hst_error *err)
{
	uint8_t key[KEY_BYTES];
	size_t length;

	if (strlen(text) != KEY_TEXT - 1 ||
	    sodium_base642bin(key, sizeof key, text, KEY_TEXT - 1, NULL, &length, NULL,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    length != KEY_BYTES) {
		sodium_memzero(key, sizeof key);
		return hst_fail(err, HST_INVALID,
				"a key is 43 characters of base64url (letters, digits, - and _)");
	}
	memcpy(ret, key, sizeof key);
	sodium_memzero(key, sizeof key);
	return HST_OK;
}

/* Printable ASCII without blanks: names stand in lines, logs and metadata of ZeroMQ. */
static bool keys_name(const char *name)
{
	size_t length = strlen(name);

	for (size_t i = 0; i < length; i++)
		if (name[i] <= ' ' || name[i] > '~')
			return false;
	return length > 0 && length <= NAME_BYTES_MAX;
}

/* What is being read: the ring, and who is in it by name and by key, so that nobody is there twice. */
struct keys_reading {
	struct key_ring *ring;
	struct table names, keys;
	struct text roster;
	bool self, host;
};

/* `words` is NAME PUBLIC; `at` is AT WHO, or NULL. The key of an invitation belongs to nobody yet. */
static int keys_add_to(struct keys_reading *reading, char *const *words, char *const *at, struct key_peer peer,
		       hst_error *err)
{
	struct key_ring *ring = reading->ring;
	hst_time time = {0};
	int code;

	if (!keys_name(words[0]) || !message_speaker(words[0]))
		return hst_fail(err, HST_INVALID,
				"the name of a peer begins with operator/, worker/ or gateway/");
	code = keys_read_text(words[1], peer.public_key, err);
	if (!code && at)
		code = type_read_date(at[0], &time, err);
	if (code)
		return code;
	if (at && !keys_name(at[1]))
		return hst_fail(err, HST_INVALID, "who did it is said in 1 to %d printable characters", NAME_BYTES_MAX);
	if (peer.standing == KEY_IN && table_get(&reading->names, words[0]))
		return hst_fail(err, HST_INVALID, "\"%s\" is there twice; a peer has one key", words[0]);
	if (table_get(&reading->keys, words[1]))
		return hst_fail(err, HST_INVALID, "the key of \"%s\" already belongs to \"%s\"", words[0],
				(const char *)table_get(&reading->keys, words[1]));
	if (ring->peer_count == PEERS_MAX)
		return hst_fail(err, HST_INVALID, "at most %d peers are possible", PEERS_MAX);
	peer.name = mem_text(words[0]);
	peer.at_us = time.us;
	peer.who = at ? mem_text(at[1]) : NULL;
	ring->peers = mem_grow(ring->peers, &ring->peer_size, ring->peer_count + 1, sizeof *ring->peers);
	ring->peers[ring->peer_count++] = peer;
	if (peer.standing == KEY_IN)
		table_set(&reading->names, words[0], peer.name);
	table_set(&reading->keys, words[1], peer.name);
	return HST_OK;
}

static int keys_add_peer(struct keys_reading *reading, char *const *words, hst_error *err)
{
	struct key_peer peer = {.standing = KEY_IN};
	int code = rights_read(words[3], &peer.rights, err);

	return code ? code : keys_add_to(reading, words + 1, words[4] ? words + 4 : NULL, peer, err);
}

static int keys_add_invited(struct keys_reading *reading, char *const *words, hst_error *err)
{
	return keys_add_to(reading, words + 1, words + 3, (struct key_peer){.standing = KEY_INVITED}, err);
}

static int keys_add_revoked(struct keys_reading *reading, char *const *words, hst_error *err)
{
	return keys_add_to(reading, words + 1, words + 3, (struct key_peer){.standing = KEY_REVOKED}, err);
}

static int keys_add_self(struct keys_reading *reading, char *const *words, hst_error *err)
{
	struct key_pair pair;
	int code;

	if (reading->self || reading->ring->name)
		return hst_fail(err, HST_INVALID, "there is more than one line \"self\"");
	if (!keys_name(words[1]))
		return hst_fail(err, HST_INVALID, "a name is 1 to %d printable characters without blanks",
				NAME_BYTES_MAX);
	code = keys_read_text(words[2], pair.public_key, err);
	if (!code)
		code = keys_read_text(words[3], pair.secret_key, err);
	if (!code) {
		reading->ring->name = mem_text(words[1]);
		reading->ring->self = pair;
		reading->self = true;
	}
	sodium_memzero(&pair, sizeof pair);
	return code;
}

static int keys_add_host(struct keys_reading *reading, char *const *words, hst_error *err)
{
	if (reading->host)
		return hst_fail(err, HST_INVALID, "there is more than one line \"host\"");
	reading->host = true;
	return keys_read_text(words[1], reading->ring->host, err);
}

static int keys_add_enrol(struct keys_reading *reading, char *const *words, hst_error *err)
{
	if (reading->ring->enrol)
		return hst_fail(err, HST_INVALID, "there is more than one line \"enrol\"");
	reading->ring->enrol = mem_text(words[1]);
	return HST_OK;
}

static int keys_add_seal(struct keys_reading *reading, char *const *words, hst_error *err)
{
	struct key_ring *ring = reading->ring;
	uint8_t seed[SEAL_SEED_BYTES];
	struct seal_pairs *pairs;
	int code;

	if (ring->seal.name)
		return hst_fail(err, HST_INVALID, "there is more than one line \"seal\"");
	if (!keys_name(words[1]))
		return hst_fail(err, HST_INVALID, "a name is 1 to %d printable characters without blanks", NAME_BYTES_MAX);
	code = seal_key_read(words[2], seed, err);
	if (code == HST_OK) {
		ring->seal.name = mem_text(words[1]);
		/* Without room for them it is a process that opens nothing, and whoever needs them says what to set. */
		if (secret_room(sizeof *pairs, &ring->seal.room, NULL) == HST_OK) {
			pairs = (struct seal_pairs *)(void *)secret_fill(ring->seal.room);
			seal_pairs_from_seed(seed, pairs);
			ring->seal.pairs = pairs;
		}
	}
	sodium_memzero(seed, sizeof seed);
	return code;
}

/* Byte by byte, since that is what is signed; the roster's own reader says what is wrong with it. */
static int keys_add_roster(struct keys_reading *reading, const char *line, hst_error *err)
{
	text_add(&reading->roster, line);
	text_add(&reading->roster, "\n");
	return reading->roster.over ? hst_fail(err, HST_INVALID, "the roster is over %d bytes", KEYS_ROSTER_MAX) : HST_OK;
}

static int keys_add_pin(struct keys_reading *reading, char *const *words, hst_error *err)
{
	if (reading->ring->pin)
		return hst_fail(err, HST_INVALID, "there is more than one line \"pin\"");
	reading->ring->pin = mem_printf("%s %s", words[1], words[2]);
	return HST_OK;
}

static int keys_add_joins(struct keys_reading *reading, const char *line, hst_error *err)
{
	if (reading->ring->joins)
		return hst_fail(err, HST_INVALID, "there is more than one line \"joins\"");
	reading->ring->joins = mem_text(line);
	return HST_OK;
}

static const struct {
	const char *word;
	size_t words, or_words;
	int (*add)(struct keys_reading *reading, char *const *words, hst_error *err);
	const char *form;
} key_lines[] = {
	{"self", 4, 4, keys_add_self, "self NAME PUBLIC SECRET"},
	{"host", 2, 2, keys_add_host, "host PUBLIC"},
	{"peer", 4, 6, keys_add_peer, "peer NAME PUBLIC RIGHTS"},
	{"enrol", 2, 2, keys_add_enrol, "enrol LINE"},
	{"seal", 3, 3, keys_add_seal, "seal NAME SEED"},
	{"pin", 3, 3, keys_add_pin, "pin CLUSTER SIGN"},
	{"invited", 5, 5, keys_add_invited, "invited NAME PUBLIC UNTIL WHO"},
	{"revoked", 5, 5, keys_add_revoked, "revoked NAME PUBLIC AT WHO"},
};

#define ROSTER "roster "
#define JOINS "joins "

enum { LINE_WORDS_MAX = 6 };

/* One line, which is cut into words in place. Empty lines and lines that begin with # are for people. */
static int keys_read_line(struct keys_reading *reading, char *line, hst_error *err)
{
	char *words[LINE_WORDS_MAX + 1] = {0}, *rest = line, *word;
	size_t n = 0;

	if (strncmp(line, ROSTER, strlen(ROSTER)) == 0)
		return keys_add_roster(reading, line + strlen(ROSTER), err);
	if (strncmp(line, JOINS, strlen(JOINS)) == 0)
		return keys_add_joins(reading, line + strlen(JOINS), err);
	while (n <= LINE_WORDS_MAX && (word = strtok_r(n ? NULL : line, " \t\r", &rest)) != NULL)
		words[n++] = word;
	if (n == 0 || words[0][0] == '#')
		return HST_OK;
	for (size_t i = 0; i < sizeof key_lines / sizeof *key_lines; i++) {
		if (strcmp(words[0], key_lines[i].word) != 0)
			continue;
		if (n != key_lines[i].words && n != key_lines[i].or_words)
			return hst_fail(err, HST_INVALID, "such a line reads \"%s\"", key_lines[i].form);
		return key_lines[i].add(reading, words, err);
	}
	return hst_fail(err, HST_INVALID, "a line begins with self, host, peer, enrol, seal, roster, pin, joins, invited or revoked");
}

int keys_parse(struct key_ring *ring, const char *where, const char *bytes, size_t length, hst_error *err)
{
	struct keys_reading reading = {.ring = ring};
	char line[LINE_BYTES_MAX + 1], text[KEY_TEXT];
	const char *end = bytes + length;
	hst_error why = {0};
	int number = 1, code = HST_OK;

	keys_ready();
	table_init(&reading.names);
	table_init(&reading.keys);
	text_init(&reading.roster, KEYS_ROSTER_MAX);
	for (size_t i = 0; i < ring->peer_count; i++) {
		keys_text(ring->peers[i].public_key, text);
		if (ring->peers[i].standing == KEY_IN)
			table_set(&reading.names, ring->peers[i].name, ring->peers[i].name);
		table_set(&reading.keys, text, ring->peers[i].name);
	}
	for (const char *at = bytes; at < end && !code; number++) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		if (n > LINE_BYTES_MAX || memchr(at, '\0', n)) {
			code = hst_fail(&why, HST_INVALID, "a line has at most %d characters",
					LINE_BYTES_MAX);
		} else {
			memcpy(line, at, n);
			line[n] = '\0';
			code = keys_read_line(&reading, line, &why);
		}
		if (code)
			hst_fail(err, (hst_code)code, "%s:%d: error: %s", where, number, why.text);
		at = newline ? newline + 1 : end;
	}
	if (!code && reading.roster.length) {
		free(ring->roster);
		ring->roster = text_take(&reading.roster);
	}
	sodium_memzero(line, sizeof line);
	text_clear(&reading.roster);
	table_clear(&reading.names);
	table_clear(&reading.keys);
	return code;
}

/* The buffer has its final size from the start: a growing one would leave copies of the secret key behind. */
int keys_read_fd(struct key_ring *ring, int fd, hst_error *err)
{
	AUTO_CLOSE int own = fd;
	AUTO_FREE char *bytes = mem_alloc(KEYS_BYTES_MAX);
	size_t length = 0;
	ssize_t n = 0;
	int code;

	while (length < KEYS_BYTES_MAX && (n = read(own, bytes + length, KEYS_BYTES_MAX - length)) != 0) {
		if (n > 0)
			length += (size_t)n;
		else if (errno != EINTR)
			break;
	}
	if (length == KEYS_BYTES_MAX)
		code = hst_fail(err, HST_INVALID, "the keys are over %d bytes", KEYS_BYTES_MAX);
	else if (n < 0)
		code = hst_fail(err, HST_BROKEN, "the keys cannot be read from descriptor %d: %s", fd,
				strerror(errno));
	else
		code = keys_parse(ring, "keys", bytes, length, err);
	sodium_memzero(bytes, length);
	return code;
}

void keys_clear(struct key_ring *ring)
{
	for (size_t i = 0; i < ring->peer_count; i++) {
		free(ring->peers[i].name);
		free(ring->peers[i].who);
	}
	if (ring->enrol)
		sodium_memzero(ring->enrol, strlen(ring->enrol));
	free(ring->enrol);
	free(ring->seal.name);
	secret_free(ring->seal.room);
	free(ring->roster);
	free(ring->pin);
	free(ring->joins);
	free(ring->peers);
	free(ring->name);
	sodium_memzero(ring, sizeof *ring);
}
