#include "seal/operator_key.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/files.h"
#include "schema/types.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

_Static_assert(OPERATOR_KEY_SALT == crypto_pwhash_SALTBYTES && OPERATOR_KEY_NONCE == crypto_aead_xchacha20poly1305_ietf_NPUBBYTES &&
                       OPERATOR_KEY_BOX == 2 * SEAL_KEY_BYTES + crypto_aead_xchacha20poly1305_ietf_ABYTES,
               "sizes of libsodium");

#define KIND "operator/"

enum {
	FILE_MAX = 4096,
	WORDS_MAX = 6,
	SECRETS = SEAL_KEY_BYTES + SEAL_SEED_BYTES,
	/* What a new passphrase costs whoever tries it, and what a file may ask for at most. */
	OPERATIONS = 3,
	MEMORY_KIB = 64 << 10,
	OPERATIONS_MAX = 20,
	MEMORY_KIB_MAX = 1 << 20,
	MEMORY_KIB_LEAST = 8,
};

/* What a person's command can do about it: where nothing may be locked, commands work nevertheless. */
static void keep_off_disk(struct operator_key *key)
{
	if (sodium_mlock(key, sizeof *key) != 0)
		return;
}

void operator_key_make(struct operator_key *ret, const char *name)
{
	size_t n;

	*ret = (struct operator_key){.has_seed = true};
	keep_off_disk(ret);
	n = (size_t)snprintf(ret->name, sizeof ret->name, KIND "%.*s", ROSTER_NAME_MAX, name);
	for (size_t i = strlen(KIND); i < n; i++) {
		const char one[2] = {ret->name[i], '\0'};

		if (!roster_name_is_fit(one) && (i == strlen(KIND) || !strchr("-.@+$", one[0])))
			ret->name[i] = '_';
	}
	crypto_box_keypair(ret->wire_public, ret->wire_secret);
	randombytes_buf(ret->seed, sizeof ret->seed);
	seal_pairs_from_seed(ret->seed, &ret->pairs);
}

void operator_key_clear(struct operator_key *key)
{
	sodium_munlock(key, sizeof *key);
}

static int bytes_read(const char *text, uint8_t *ret, size_t n, hst_error *err)
{
	size_t length = 0;

	if (sodium_base642bin(ret, n, text, strlen(text), NULL, &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    length != n)
		return hst_fail(err, HST_INVALID, "a word of it is not %zu bytes as base64url without padding", n);
	return HST_OK;
}

static int take_name(struct operator_key *key, const char *name, hst_error *err)
{
	if (strncmp(name, KIND, strlen(KIND)) != 0 || !roster_name_is_fit(name + strlen(KIND)))
		return hst_fail(err, HST_INVALID, "it is no key of an operator");
	if (key->name[0] && strcmp(key->name, name) != 0)
		return hst_fail(err, HST_INVALID, "it speaks of two operators");
	snprintf(key->name, sizeof key->name, "%s", name);
	return HST_OK;
}

static int read_self(struct operator_key *key, char *const *words, hst_error *err)
{
	int code = take_name(key, words[1], err);

	if (code == HST_OK)
		code = seal_key_read(words[2], key->wire_public, err);
	return code == HST_OK ? seal_key_read(words[3], key->wire_secret, err) : code;
}

static int read_seal(struct operator_key *key, char *const *words, hst_error *err)
{
	int code = take_name(key, words[1], err);

	if (code == HST_OK)
		code = seal_key_read(words[2], key->seed, err);
	if (code == HST_OK)
		seal_pairs_from_seed(key->seed, &key->pairs);
	key->has_seed = code == HST_OK;
	return code;
}

static int read_host(struct operator_key *key, char *const *words, hst_error *err)
{
	key->has_host = true;
	return seal_key_read(words[1], key->host, err);
}

static int read_locked(struct operator_key *key, char *const *words, hst_error *err)
{
	int code = take_name(key, words[1], err);

	key->locked = key->has_seed = true;
	if (code == HST_OK)
		code = seal_key_read(words[2], key->wire_public, err);
	if (code == HST_OK)
		code = seal_key_read(words[3], key->pairs.open_public, err);
	return code == HST_OK ? seal_key_read(words[4], key->pairs.sign_public, err) : code;
}

static int read_passphrase(struct operator_key *key, char *const *words, hst_error *err)
{
	int64_t operations, memory;
	int code;

	if (!type_read_integer(words[1], &operations) || operations < 1 || operations > OPERATIONS_MAX ||
	    !type_read_integer(words[2], &memory) || memory < MEMORY_KIB_LEAST || memory > MEMORY_KIB_MAX)
		return hst_fail(err, HST_INVALID, "its passphrase would cost more than it may (%d passes over %d KiB)", OPERATIONS_MAX,
		                MEMORY_KIB_MAX);
	key->operations = (uint64_t)operations;
	key->memory_kib = (uint64_t)memory;
	key->guarded = true;
	code = bytes_read(words[3], key->salt, sizeof key->salt, err);
	if (code == HST_OK)
		code = bytes_read(words[4], key->nonce, sizeof key->nonce, err);
	return code == HST_OK ? bytes_read(words[5], key->box, sizeof key->box, err) : code;
}

static const struct {
	const char *word;
	size_t words;
	int (*read)(struct operator_key *key, char *const *words, hst_error *err);
	const char *form;
} lines[] = {
	{"self", 4, read_self, "self operator/NAME WIRE WIRE_SECRET"},
	{"seal", 3, read_seal, "seal operator/NAME SEED"},
	{"host", 2, read_host, "host PUBLIC"},
	{"locked", 5, read_locked, "locked operator/NAME WIRE SEAL SIGN"},
	{"passphrase", 6, read_passphrase, "passphrase OPERATIONS MEMORY SALT NONCE BOX"},
};

enum { LINES = sizeof lines / sizeof lines[0] };

/* Cut into words in place. Empty lines and lines that begin with # are for people. No word is repeated in an error. */
static int read_line(struct operator_key *key, char *line, unsigned *seen, hst_error *err)
{
	char *words[WORDS_MAX + 1] = {NULL}, *rest = NULL, *word;
	size_t n = 0;

	for (word = strtok_r(line, " \t\r", &rest); word && n <= WORDS_MAX; word = strtok_r(NULL, " \t\r", &rest))
		words[n++] = word;
	if (n == 0 || words[0][0] == '#')
		return HST_OK;
	for (size_t i = 0; i < LINES; i++) {
		if (strcmp(words[0], lines[i].word) != 0)
			continue;
		if (n != lines[i].words || (*seen & 1u << i))
			return hst_fail(err, HST_INVALID, "there is one such line, and it reads \"%s\"", lines[i].form);
		*seen |= 1u << i;
		return lines[i].read(key, words, err);
	}
	return hst_fail(err, HST_INVALID, "a line begins with self, seal, host, locked or passphrase");
}

/* Only a whole key is one. */
static int check_whole(unsigned seen, hst_error *err)
{
	bool self = seen & 1u, seal = seen & 2u, locked = seen & 8u, passphrase = seen & 16u;

	if (self ? locked || passphrase : seal || !locked || !passphrase)
		return hst_fail(err, HST_INVALID, "it is no key of an operator: it has a line \"self\", or \"locked\" and \"passphrase\"");
	return HST_OK;
}

int operator_key_parse(const char *bytes, size_t length, const char *where, struct operator_key *ret, hst_error *err)
{
	struct operator_key key = {.name = ""};
	char line[FILE_MAX + 1];
	const char *end = bytes + length;
	hst_error why = {{0}, {0}};
	unsigned seen = 0;
	int number = 0, code = HST_OK;

	for (const char *at = bytes; at < end && code == HST_OK;) {
		const char *newline = memchr(at, '\n', (size_t)(end - at));
		size_t n = (size_t)((newline ? newline : end) - at);

		number++;
		snprintf(line, sizeof line, "%.*s", (int)(n < FILE_MAX ? n : FILE_MAX), at);
		code = read_line(&key, line, &seen, &why);
		at = newline ? newline + 1 : end;
	}
	if (code == HST_OK)
		code = check_whole(seen, &why);
	if (code == HST_OK && !key.has_seed) {
		randombytes_buf(key.seed, sizeof key.seed);
		seal_pairs_from_seed(key.seed, &key.pairs);
	}
	if (code == HST_OK) {
		keep_off_disk(ret);
		*ret = key;
	} else {
		hst_fail(err, HST_INVALID, "%s:%d: error: %s", where, number, why.text);
	}
	sodium_memzero(line, sizeof line);
	sodium_memzero(&key, sizeof key);
	return code;
}

int operator_key_read(const char *path, struct operator_key *ret, hst_error *err)
{
	char *bytes = NULL;
	size_t length = 0;
	int code = files_read(path, FILE_MAX, &bytes, &length, err);

	if (code == HST_OK)
		code = operator_key_parse(bytes, length, path, ret, err);
	if (bytes)
		sodium_memzero(bytes, length);
	free(bytes);
	return code;
}

static char *locked_line(const struct operator_key *key)
{
	char wire[SEAL_KEY_TEXT], open[SEAL_KEY_TEXT], sign[SEAL_KEY_TEXT];

	seal_key_text(key->wire_public, wire);
	seal_key_text(key->pairs.open_public, open);
	seal_key_text(key->pairs.sign_public, sign);
	return mem_printf("locked %s %s %s %s\n", key->name, wire, open, sign);
}

static int derive(const struct operator_key *key, const char *passphrase, uint8_t ret[crypto_aead_xchacha20poly1305_ietf_KEYBYTES],
                  hst_error *err)
{
	if (crypto_pwhash(ret, crypto_aead_xchacha20poly1305_ietf_KEYBYTES, passphrase, strlen(passphrase), key->salt, key->operations,
	                  (size_t)key->memory_kib << 10, crypto_pwhash_ALG_ARGON2ID13) != 0)
		return hst_fail(err, HST_RETRY, "there are not %llu MiB of memory for trying the passphrase",
		                (unsigned long long)(key->memory_kib >> 10));
	return HST_OK;
}

int operator_key_unlock(struct operator_key *key, const char *passphrase, hst_error *err)
{
	uint8_t by[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], secrets[SECRETS], wire[SEAL_KEY_BYTES];
	AUTO_FREE char *line = locked_line(key);
	struct seal_pairs pairs = {{0}, {0}, {0}, {0}};
	int code;

	if (!key->locked)
		return HST_OK;
	code = derive(key, passphrase, by, err);
	if (code == HST_OK && crypto_aead_xchacha20poly1305_ietf_decrypt(secrets, NULL, NULL, key->box, sizeof key->box, (const uint8_t *)line,
	                                                                 strlen(line), key->nonce, by) != 0)
		code = hst_fail_as(err, HST_DENIED, "PassphraseWrong", "this is not the passphrase of the key of %s", key->name);
	if (code == HST_OK) {
		seal_pairs_from_seed(secrets + SEAL_KEY_BYTES, &pairs);
		crypto_scalarmult_base(wire, secrets);
		if (memcmp(pairs.sign_public, key->pairs.sign_public, SEAL_KEY_BYTES) != 0 || memcmp(wire, key->wire_public, SEAL_KEY_BYTES) != 0)
			code = hst_fail(err, HST_INVALID, "what is behind the passphrase is not the key of %s", key->name);
	}
	if (code == HST_OK) {
		memcpy(key->wire_secret, secrets, SEAL_KEY_BYTES);
		memcpy(key->seed, secrets + SEAL_KEY_BYTES, SEAL_SEED_BYTES);
		key->pairs = pairs;
		key->locked = false;
	}
	sodium_memzero(by, sizeof by);
	sodium_memzero(secrets, sizeof secrets);
	seal_pairs_wipe(&pairs);
	return code;
}

int operator_key_guard(struct operator_key *key, const char *passphrase, hst_error *err)
{
	uint8_t by[crypto_aead_xchacha20poly1305_ietf_KEYBYTES], secrets[SECRETS];
	AUTO_FREE char *line = locked_line(key);
	size_t n = strlen(passphrase);
	int code;

	if (n == 0 || n > PASSPHRASE_MAX)
		return hst_fail(err, HST_INVALID, "a passphrase has 1 to %d bytes", PASSPHRASE_MAX);
	key->operations = OPERATIONS;
	key->memory_kib = MEMORY_KIB;
	randombytes_buf(key->salt, sizeof key->salt);
	randombytes_buf(key->nonce, sizeof key->nonce);
	code = derive(key, passphrase, by, err);
	if (code == HST_OK) {
		memcpy(secrets, key->wire_secret, SEAL_KEY_BYTES);
		memcpy(secrets + SEAL_KEY_BYTES, key->seed, SEAL_SEED_BYTES);
		crypto_aead_xchacha20poly1305_ietf_encrypt(key->box, NULL, secrets, sizeof secrets, (const uint8_t *)line, strlen(line), NULL,
		                                           key->nonce, by);
		key->guarded = true;
	}
	sodium_memzero(by, sizeof by);
	sodium_memzero(secrets, sizeof secrets);
	return code;
}

static void add_bytes(struct text *to, const uint8_t *bytes, size_t n, const char *after)
{
	char text[sodium_base64_ENCODED_LEN(OPERATOR_KEY_BOX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];

	sodium_bin2base64(text, sizeof text, bytes, n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	text_addf(to, "%s%s", text, after);
	sodium_memzero(text, sizeof text);
}

static void write_open(struct text *to, const struct operator_key *key)
{
	text_addf(to, "self %s ", key->name);
	add_bytes(to, key->wire_public, SEAL_KEY_BYTES, " ");
	add_bytes(to, key->wire_secret, SEAL_KEY_BYTES, "\n");
	text_addf(to, "seal %s ", key->name);
	add_bytes(to, key->seed, SEAL_SEED_BYTES, "\n");
}

static void write_passphrase(struct text *to, const struct operator_key *key)
{
	text_addf(to, "passphrase %llu %llu ", (unsigned long long)key->operations, (unsigned long long)key->memory_kib);
	add_bytes(to, key->salt, sizeof key->salt, " ");
	add_bytes(to, key->nonce, sizeof key->nonce, " ");
	add_bytes(to, key->box, sizeof key->box, "\n");
}

int operator_key_write(const struct operator_key *key, const char *path, hst_error *err)
{
	AUTO_FREE char *folder = files_beside(path, ".");
	AUTO_FREE char *line = locked_line(key);
	static const char room[FILE_MAX];
	struct text text;
	int code = files_make_directory(folder, 0700, err);

	if (code != HST_OK)
		return code;
	text_init(&text, FILE_MAX);
	/* At its full size from the start: text that grows would leave copies of the secrets behind. */
	text_bytes(&text, room, sizeof room);
	text_reset(&text);
	if (key->guarded)
		text_add(&text, line);
	else
		write_open(&text, key);
	if (key->has_host) {
		text_add(&text, "host ");
		add_bytes(&text, key->host, SEAL_KEY_BYTES, "\n");
	}
	if (key->guarded)
		write_passphrase(&text, key);
	code = files_replace(path, text.s, text.length, 0600, true, err);
	sodium_memzero(text.s, text.length);
	text_clear(&text);
	return code;
}

struct roster_member operator_key_line(const struct operator_key *key, unsigned rights)
{
	struct roster_member line = {.kind = ROSTER_OPERATOR, .has_wire = true, .has_open = true, .has_sign = true, .rights = rights};

	line.name = mem_text(key->name);
	memcpy(line.wire, key->wire_public, SEAL_KEY_BYTES);
	memcpy(line.open, key->pairs.open_public, SEAL_KEY_BYTES);
	memcpy(line.sign, key->pairs.sign_public, SEAL_KEY_BYTES);
	return line;
}
