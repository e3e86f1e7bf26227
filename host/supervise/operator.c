#include "supervise/operator.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"
#include "os/files.h"
#include "os/spawn.h"
#include "supervise/keys.h"
#include "wire/messages.h"

#include <errno.h>
#include <pwd.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEY_FILE_MAX = 4096, ROSTER_MAX = 4 << 20, LINE_MAX_BYTES = 512, MAKE_MS = 10000 };

/* The file that $HOSTLER_KEY names, as the command line uses it too; NULL: the one below the person's home. */
static const char *named_key(void)
{
	const char *path = getenv("HOSTLER_KEY");

	return path && *path == '/' ? path : NULL;
}

/* Whose key it is: under sudo the person in front of it, unless a file is named. NULL: this process's own user. */
static const char *person_behind_sudo(const struct accounts *accounts)
{
	const char *name = accounts->root && !named_key() ? getenv("SUDO_USER") : NULL;

	return name && *name && strcmp(name, "root") != 0 && getpwnam(name) ? name : NULL;
}

/* One line as keys.h has it, from a child that becomes the user. */
static int ask_as_user(const char *user, const uint8_t host[KEY_BYTES], char **ret_line, hst_error *err)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostlerd");
	AUTO_FREE char *line = NULL;
	AUTO_FREE char *input = NULL;
	char *const argv[] = {"hostlerd", "--operator-key", "--as", (char *)user, NULL};
	const struct spawn spawn = {.path = program, .argv = argv};
	char public_text[KEY_TEXT];
	int status = 0, code;

	keys_text(host, public_text);
	input = mem_printf("host %s\n", public_text);
	code = spawn_capture(&spawn, input, LINE_MAX_BYTES, MAKE_MS, &line, &status, err);
	if (code != HST_OK)
		return code;
	if (status != 0 || strncmp(line, "peer operator/", 14) != 0)
		return hst_fail(err, HST_DENIED, "the operator key of %s could not be made", user);
	*ret_line = take(line);
	return HST_OK;
}

/* The roster keeps every other peer; a peer of this name is replaced, because it has a new key or new rights. */
static void without_peer(struct text *to, const char *roster, const struct key_peer *peer)
{
	AUTO_FREE char *start = mem_printf("peer %s ", peer->name);

	while (*roster) {
		size_t length = strcspn(roster, "\n");

		if (strncmp(roster, start, strlen(start)) != 0) {
			text_bytes(to, roster, length);
			text_add(to, "\n");
		}
		roster += length + (roster[length] == '\n');
	}
}

static int write_roster(const char *path, const char *roster, const struct key_peer *peer, const char *line,
			const struct accounts *accounts, hst_error *err)
{
	AUTO(text) struct text text;
	int code;

	text_init(&text, ROSTER_MAX);
	without_peer(&text, roster, peer);
	text_add(&text, line);
	if (text.over)
		return hst_fail(err, HST_INVALID, "%s is larger than 4 MiB", path);
	code = files_replace(path, text.s, text.length, accounts->root ? 0640 : 0600, true, err);
	if (code == HST_OK && accounts->root && chown(path, geteuid(), accounts->group) < 0)
		code = failure_of(errno, err, "give to the group " ACCOUNT_GROUP, path);
	return code;
}

/* The child's line is taken apart and put together again: what is not a peer of an operator never reaches the roster. */
static int read_peer(const char *line, struct key_ring *ring, hst_error *err)
{
	int code = keys_parse(ring, "the operator key", line, strlen(line), err);

	if (code == HST_OK && (ring->peer_count != 1 || strncmp(ring->peers[0].name, "operator/", 9) != 0))
		code = hst_fail(err, HST_INVALID, "the operator key is no key of an operator");
	return code;
}

static int add_to_roster(const char *path, const struct key_peer *peer, const struct accounts *accounts, hst_error *err)
{
	AUTO_FREE char *line = NULL;
	AUTO_FREE char *roster = NULL;
	char public_text[KEY_TEXT];
	size_t length = 0;
	int code = files_read(path, ROSTER_MAX, &roster, &length, err);

	keys_text(peer->public_key, public_text);
	line = mem_printf("peer %s %s look,press,control,admin\n", peer->name, public_text);
	if (code == HST_NOT_FOUND)
		roster = mem_text("");
	else if (code != HST_OK)
		return code;
	if (strstr(roster, line))
		return HST_OK;
	return write_roster(path, roster, peer, line, accounts, err);
}

/* $HOSTLER_KEY, else ~/.config/hostler/operator.key; a process that became somebody else has that person's home, not $HOME. */
static char *key_path(const struct passwd *person)
{
	const char *home = getenv("HOME");
	bool own = home && *home == '/' && (geteuid() == 0 || access(home, W_OK) == 0);

	if (named_key())
		return mem_text(named_key());
	return files_join(own ? home : person->pw_dir, ".config/hostler/operator.key");
}

static int write_key(const char *path, const struct key_ring *ring, hst_error *err)
{
	AUTO_FREE char *folder = files_beside(path, ".");
	char public_text[KEY_TEXT], secret_text[KEY_TEXT], host_text[KEY_TEXT];
	char *text;
	int code;

	code = files_make_directory(folder, 0700, err);
	if (code != HST_OK)
		return code;
	keys_text(ring->self.public_key, public_text);
	keys_text(ring->self.secret_key, secret_text);
	keys_text(ring->host, host_text);
	text = mem_printf("self %s %s %s\nhost %s\n", ring->name, public_text, secret_text, host_text);
	code = files_replace(path, text, strlen(text), 0600, true, err);
	sodium_memzero(secret_text, sizeof secret_text);
	keys_forget(text);
	return code;
}

/* The key that is there, or a fresh one. */
static int read_key(const char *path, const struct passwd *person, struct key_ring *ring, hst_error *err)
{
	char *bytes = NULL;
	size_t length = 0;
	int code = files_read(path, KEY_FILE_MAX, &bytes, &length, err);

	if (code == HST_NOT_FOUND) {
		ring->name = mem_printf("operator/%s", person->pw_name);
		keys_random(&ring->self);
		return HST_OK;
	}
	if (code != HST_OK)
		return code;
	code = keys_parse(ring, path, bytes, length, err);
	keys_forget(bytes);
	if (code == HST_OK && (!ring->name || strncmp(ring->name, "operator/", 9) != 0))
		code = hst_fail(err, HST_INVALID, "%s is no key of an operator", path);
	return code;
}

/*
 * A new key is written with that of the host. A key that is there serves several hosts: each shows its public
 * half in its own state_dir/host.pub.
 */
static int make_key(const struct passwd *person, const uint8_t host[KEY_BYTES], struct key_ring *ring, hst_error *err)
{
	AUTO_FREE char *path = key_path(person);
	int code = read_key(path, person, ring, err);

	if (code == HST_OK && sodium_is_zero(ring->host, KEY_BYTES)) {
		memcpy(ring->host, host, KEY_BYTES);
		code = write_key(path, ring, err);
	}
	return code;
}

/* Of the user who runs this process, as the line that stands for it. */
static int own_key(const uint8_t host[KEY_BYTES], char **ret_line, hst_error *err)
{
	const struct passwd *person = getpwuid(geteuid());
	struct key_ring ring = {0};
	char public_text[KEY_TEXT];
	int code;

	if (!person)
		return hst_fail(err, HST_NOT_FOUND, "the user %u has no name on this machine", (unsigned)geteuid());
	code = make_key(person, host, &ring, err);
	if (code == HST_OK) {
		keys_text(ring.self.public_key, public_text);
		*ret_line = mem_printf("peer %s %s look,press,control,admin\n", ring.name, public_text);
	}
	keys_clear(&ring);
	return code;
}

int operator_prepare(const char *roster, const uint8_t host[KEY_BYTES], const struct accounts *accounts, hst_error *err)
{
	struct key_ring ring = {0};
	AUTO_FREE char *line = NULL;
	const char *user = person_behind_sudo(accounts);
	int code = user ? ask_as_user(user, host, &line, err) : own_key(host, &line, err);

	if (code == HST_OK)
		code = read_peer(line, &ring, err);
	if (code == HST_OK)
		code = add_to_roster(roster, &ring.peers[0], accounts, err);
	keys_clear(&ring);
	return code;
}

int operator_key_run(void)
{
	AUTO_FREE char *line = NULL;
	struct key_ring said = {0};
	char input[LINE_MAX_BYTES];
	size_t length = fread(input, 1, sizeof input, stdin);
	hst_error err = {0};
	int code = keys_parse(&said, "stdin", input, length, &err);

	if (code == HST_OK)
		code = own_key(said.host, &line, &err);
	if (code == HST_OK)
		fputs(line, stdout);
	else
		fprintf(stderr, "hostlerd: error: %s\n", err.text);
	keys_clear(&said);
	return code == HST_OK ? 0 : 1;
}
