#include "supervise/keys.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"
#include "os/files.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 1 << 20, ROSTER_MAX = 2 << 20 };

#define ENGINE_NAME "engine"

/* A seed that others could read or change is no secret any more. */
static int check_private(const char *path, hst_error *err)
{
	struct stat found;

	if (lstat(path, &found) < 0)
		return failure_of(errno, err, "look at", path);
	if (!S_ISREG(found.st_mode) || found.st_uid != geteuid() || (found.st_mode & 077))
		return hst_fail(err, HST_DENIED, "%s must be a file of this user alone (0600)", path);
	return HST_OK;
}

static int make_seed(const char *path, uint8_t ret[SEED_BYTES], hst_error *err)
{
	uint8_t seed[SEED_BYTES];
	int code;

	randombytes_buf(seed, sizeof seed);
	code = files_replace(path, seed, sizeof seed, 0600, true, err);
	if (code == HST_OK)
		memcpy(ret, seed, sizeof seed);
	sodium_memzero(seed, sizeof seed);
	return code;
}

int keys_seed(const char *path, uint8_t ret[SEED_BYTES], hst_error *err)
{
	char *bytes = NULL;
	size_t length = 0;
	int code = files_read(path, SEED_BYTES + 1, &bytes, &length, err);

	if (code == HST_NOT_FOUND)
		return make_seed(path, ret, err);
	if (code != HST_OK)
		return code;
	code = check_private(path, err);
	if (code == HST_OK && length != SEED_BYTES)
		code = hst_fail(err, HST_INVALID, "%s has %zu bytes instead of %d; without the right seed no key fits", path,
				length, SEED_BYTES);
	if (code == HST_OK)
		memcpy(ret, bytes, SEED_BYTES);
	sodium_memzero(bytes, length);
	free(bytes);
	return code;
}

void keys_host(const uint8_t seed[SEED_BYTES], uint8_t ret[KEY_BYTES])
{
	struct key_pair pair;

	keys_derive(seed, ENGINE_NAME, &pair);
	memcpy(ret, pair.public_key, KEY_BYTES);
	sodium_memzero(&pair, sizeof pair);
}

static void add_self(struct text *text, const uint8_t seed[SEED_BYTES], const char *name)
{
	struct key_pair pair;
	char public_text[KEY_TEXT], secret_text[KEY_TEXT];

	keys_derive(seed, name, &pair);
	keys_text(pair.public_key, public_text);
	keys_text(pair.secret_key, secret_text);
	text_addf(text, "self %s %s %s\n", name, public_text, secret_text);
	sodium_memzero(&pair, sizeof pair);
	sodium_memzero(secret_text, sizeof secret_text);
}

static void add_host(struct text *text, const uint8_t host[KEY_BYTES])
{
	char public_text[KEY_TEXT];

	keys_text(host, public_text);
	text_addf(text, "host %s\n", public_text);
}

char *keys_peer(const uint8_t seed[SEED_BYTES], const char *name)
{
	struct key_pair pair;
	char public_text[KEY_TEXT];

	keys_derive(seed, name, &pair);
	keys_text(pair.public_key, public_text);
	sodium_memzero(&pair, sizeof pair);
	return mem_printf("peer %s %s -\n", name, public_text);
}

char *keys_for_engine(const uint8_t seed[SEED_BYTES], const char *const *peers, size_t n)
{
	uint8_t host[KEY_BYTES];
	struct text text;

	text_init(&text, TEXT_MAX);
	add_self(&text, seed, ENGINE_NAME);
	keys_host(seed, host);
	add_host(&text, host);
	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *line = keys_peer(seed, peers[i]);

		text_add(&text, line);
	}
	return text_take(&text);
}

char *keys_for_child(const uint8_t seed[SEED_BYTES], const char *name, const uint8_t host[KEY_BYTES])
{
	struct text text;

	text_init(&text, TEXT_MAX);
	add_self(&text, seed, name);
	add_host(&text, host);
	return text_take(&text);
}

/* Text is never grown round a secret: that would leave copies behind. */
char *keys_with_roster(char *keys_take, const char *roster)
{
	AUTO(text) struct text lines;
	char *both;

	text_init(&lines, ROSTER_MAX);
	for (const char *at = roster ? roster : ""; *at;) {
		size_t length = strcspn(at, "\n");

		text_addf(&lines, "roster %.*s\n", (int)length, at);
		at += length + (at[length] == '\n');
	}
	both = mem_printf("%s%s", keys_take, lines.s);
	keys_forget(keys_take);
	return both;
}

static char *with_seal(char *keys_take, const uint8_t seed[SEED_BYTES], const char *name, const char *derived)
{
	uint8_t own[SEAL_SEED_BYTES];
	char text[SEAL_KEY_TEXT], *both;

	seal_seed_derive(seed, derived, own);
	seal_key_text(own, text);
	both = mem_printf("%sseal %s %s\n", keys_take, name, text);
	sodium_memzero(own, sizeof own);
	sodium_memzero(text, sizeof text);
	keys_forget(keys_take);
	return both;
}

char *keys_for_worker(const uint8_t seed[SEED_BYTES], const char *name, const uint8_t host[KEY_BYTES], const char *roster)
{
	const char *instance = name + strlen("worker/");
	AUTO_FREE char *owner = mem_printf("%.*s", (int)strcspn(instance, "#"), instance);

	return keys_with_roster(with_seal(keys_for_child(seed, name, host), seed, owner, owner), roster);
}

char *keys_for_hold(const uint8_t seed[SEED_BYTES], const char *gateway, const char *derived)
{
	return with_seal(mem_text(""), seed, gateway, derived);
}

char *keys_invitation(const char *path)
{
	size_t length = 0;
	char *line = NULL;
	hst_error err = {0};
	int code = files_read(path, INVITATION_LINE_MAX, &line, &length, &err);

	if (code == HST_NOT_FOUND)
		return NULL;
	if (code == HST_OK)
		code = check_private(path, &err);
	if (unlink(path) < 0)
		log_warning("%s cannot be removed: %s", path, strerror(errno));
	if (code == HST_OK) {
		line[strcspn(line, " \t\r\n")] = '\0';
		return line;
	}
	log_warning("the invitation is not used: %s", err.text);
	keys_forget(line);
	return NULL;
}

void keys_forget(char *text)
{
	if (text)
		sodium_memzero(text, strlen(text));
	free(text);
}
