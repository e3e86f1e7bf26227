#include "supervise/house.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "config/conf.h"
#include "os/asked.h"
#include "os/crash.h"
#include "os/failure.h"
#include "os/files.h"
#include "os/lock.h"
#include "os/spawn.h"
#include "seal/operator_key.h"
#include "supervise/accounts.h"
#include "supervise/carried.h"
#include "supervise/folders.h"
#include "supervise/keys.h"
#include "supervise/operator.h"
#include "supervise/roster.h"
#include "supervise/supervisor.h"
#include "supervise/upgrade.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHECK_MS = 120000, CHECK_BYTES_MAX = 1 << 20, WORD_MAX = 4096, PUBLIC_FILE_MAX = 4096 };
enum { STATUS_FAILED = 1, STATUS_BAD = 2 };

/* What has to be remembered from making ready to going down. */
struct house {
	struct conf *conf;
	char file[PATH_MAX];
	pid_t check; /* it looks for what may be wrong; 0: it has ended */
	bool detached;
	struct accounts accounts;
	int lock;
	uint8_t seed[SEED_BYTES];
	const struct carried *carried; /* NULL: it is started, not taken over */
};

struct conf *house_conf(const char *file)
{
	AUTO(problems) struct problems problems;
	struct conf *conf;

	problems_init(&problems);
	conf = conf_load(file, &problems);
	for (size_t i = 0; i < problems.n; i++) {
		AUTO_FREE char *line = problem_line(&problems.at[i]);

		fprintf(stderr, "%s\n", line);
	}
	return conf;
}

/* Hears what it says until there is no more, or until it says that the configuration is fine. */
static int hear_check(struct asked *check, const char *file, struct text *said, bool *ret_fine, hst_error *err)
{
	AUTO_FREE char *fine = mem_printf("%s is fine:", file);
	int code = HST_OK;

	while (code == HST_OK && !*ret_fine) {
		AUTO_FREE char *line = NULL;

		code = asked_line(check, "", CHECK_BYTES_MAX, CHECK_MS, &line, err);
		if (code != HST_OK)
			break;
		*ret_fine = strncmp(line, fine, strlen(fine)) == 0;
		text_addf(said, "%s\n", line);
	}
	return code == HST_BROKEN ? HST_OK : code;
}

/*
 * `hostler check` knows plugins and flows, which are none of the supervisor's business. What may be wrong all the same it
 * looks for once it has said that nothing is, and says it on stderr: nobody waits for that.
 */
static int check_all(struct house *house, hst_error *err)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostler");
	char *const argv[] = {"hostler", "check", "-c", house->file, NULL};
	struct asked *check = NULL;
	AUTO(text) struct text said;
	bool fine = false;
	int status = 0;
	int code = asked_start(&(struct spawn){.path = program, .argv = argv}, &check, err);

	text_init(&said, CHECK_BYTES_MAX);
	if (code == HST_OK)
		code = hear_check(check, house->file, &said, &fine, err);
	if (code == HST_OK && fine) {
		house->check = asked_release(check);
		return HST_OK;
	}
	if (code == HST_OK)
		status = asked_status(check);
	asked_free(check);
	/* 1: nothing is wrong but plugins, of which the log says more; the rest can work without them. */
	if (code != HST_OK || status == 0 || (WIFEXITED(status) && WEXITSTATUS(status) == 1))
		return code;
	fputs(said.s, stderr);
	return hst_fail(err, HST_INVALID, "nothing was started, because %s has errors", house->file);
}

static int show_key(const struct house *house, const char *file, const char *before, const uint8_t key[KEY_BYTES],
		    const char *after, hst_error *err)
{
	AUTO_FREE char *path = files_join(house->conf->state_dir, file);
	AUTO_FREE char *line = NULL;
	AUTO_FREE char *there = NULL;
	char text[KEY_TEXT];

	keys_text(key, text);
	line = mem_printf("%s %s%s\n", before, text, after);
	if (files_read(path, PUBLIC_FILE_MAX, &there, NULL, NULL) == HST_OK && strcmp(there, line) == 0)
		return HST_OK;
	return files_replace(path, line, strlen(line), 0644, false, err);
}

/* Everybody on the machine may know whom to expect behind the socket. */
static int show_public_key(const struct house *house, const uint8_t host[KEY_BYTES], hst_error *err)
{
	return show_key(house, "host.pub", "host", host, "", err);
}

/* Of a gateway whose host is elsewhere: what `hostler gateway add` there has to be told. */
static int show_gateway_key(const struct house *house, hst_error *err)
{
	AUTO_FREE char *name = mem_printf("gateway/%s", house->conf->gateway_name);
	AUTO_FREE char *before = mem_printf("peer %s", name);
	char wire[KEY_TEXT], open[KEY_TEXT], sign[KEY_TEXT];
	AUTO_FREE char *after = NULL;
	struct seal_pairs pairs;
	struct key_pair pair;
	int code;

	keys_derive(house->seed, name, &pair);
	seal_pairs_derive(house->seed, name, &pairs);
	keys_text(pair.public_key, wire);
	seal_key_text(pairs.open_public, open);
	seal_key_text(pairs.sign_public, sign);
	after = mem_printf(" -\ngateway %s %s %s %s", house->conf->gateway_name, wire, open, sign);
	code = show_key(house, "gateway.pub", before, pair.public_key, after, err);
	sodium_memzero(&pair, sizeof pair);
	seal_pairs_wipe(&pairs);
	return code;
}

/* What is there is neither the old house nor the new one. */
static int check_restore(const struct house *house, hst_error *err)
{
	AUTO_FREE char *path = files_join(house->conf->state_dir, "restoring");

	if (access(path, F_OK) < 0)
		return HST_OK;
	return hst_fail(err, HST_INVALID,
			"a restore was interrupted (%s names the folder with what was here before): say `hostler restore FILE` again",
			path);
}

/* The house's own roster: made where there is none, and with a line for whoever is new in the configuration. */
static int open_roster(struct house *house, const char *passphrase, bool *ret_made, hst_error *err)
{
	struct operator_asked asked = {.accounts = &house->accounts, .passphrase = passphrase};
	struct roster *roster = NULL;
	int code;

	keys_host(house->seed, asked.host);
	code = house_roster_first(house->conf, house->seed, &asked, ret_made, err);
	if (code == HST_OK)
		code = house_roster(house->conf, house->seed, &house->accounts, &roster, err);
	if (code == HST_OK && !*ret_made)
		operator_look(&house->accounts, roster);
	roster_free(roster);
	return code;
}

/* It is wiped and unlocked by whoever has the house. A hostlerd that may lock nothing starts nevertheless: it opens nothing. */
static int read_seed(struct house *house, const char *path, hst_error *err)
{
	if (sodium_mlock(house->seed, sizeof house->seed) != 0)
		log_warning("the seed cannot be kept off a swap device: %s", strerror(errno));
	return keys_seed(path, house->seed, err);
}

/* Everything but the folder for running. *ret_roster: the first roster was made. */
static int open_state(struct house *house, const char *passphrase, bool *ret_roster, hst_error *err)
{
	AUTO_FREE char *lock = files_join(house->conf->state_dir, "lock");
	AUTO_FREE char *seed = files_join(house->conf->state_dir, "host.seed");
	uint8_t host[KEY_BYTES];
	int code = accounts_prepare(&house->accounts, err);

	if (code == HST_OK)
		code = folders_state(house->conf, &house->accounts, err);
	if (code == HST_OK)
		code = lock_take(lock, &house->lock, err);
	crash_point(CRASH_hostlerd_locked);
	if (code == HST_OK)
		code = check_restore(house, err);
	if (code == HST_OK)
		code = read_seed(house, seed, err);
	if (code == HST_OK)
		code = folders_parts(house->conf, &house->accounts, err);
	if (code == HST_OK && house->conf->has_host) {
		keys_host(house->seed, host);
		code = show_public_key(house, host, err);
		if (code == HST_OK)
			code = open_roster(house, passphrase, ret_roster, err);
	}
	if (code == HST_OK && house->conf->has_gateway && house->conf->gateway_host)
		code = show_gateway_key(house, err);
	return code;
}

static int open_house(struct house *house, hst_error *err)
{
	bool made = false;
	int code = open_state(house, NULL, &made, err);

	return code == HST_OK ? folders_run(house->conf, &house->accounts, err) : code;
}

/* Nobody reads the terminal any more: what is said from now on goes to a file. */
static void leave_terminal(const struct house *house)
{
	AUTO_FREE char *path = files_join(house->conf->state_dir, "hostlerd.log");
	AUTO_CLOSE int log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
	AUTO_CLOSE int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (log >= 0)
		dup2(log, STDERR_FILENO);
	if (nothing >= 0)
		dup2(nothing, STDOUT_FILENO);
}

static void on_up(void *arg, const char *missing)
{
	const struct house *house = arg;

	if (missing)
		printf("ready, but without %s\n", missing);
	else
		printf("ready\n");
	fflush(stdout);
	if (house->detached)
		leave_terminal(house);
}

/* What the program before this one has made ready. A folder that this version has and that one had not is made. */
static int reopen_house(struct house *house, hst_error *err)
{
	AUTO_FREE char *seed = files_join(house->conf->state_dir, "host.seed");
	hst_error why = {{0}, {0}};
	bool made = false;
	int code = accounts_prepare(&house->accounts, err);

	house->lock = (int)house->carried->house.lock_fd;
	if (code == HST_OK)
		code = read_seed(house, seed, err);
	if (code == HST_OK)
		code = folders_parts(house->conf, &house->accounts, err);
	/* A version that knew no roster has let operators in by an older list, which is good enough until the next start. */
	if (code == HST_OK && house->conf->has_host && open_roster(house, NULL, &made, &why) != HST_OK)
		log_warning("%s", why.text);
	return code;
}

static int supervise(struct house *house)
{
	hst_error err = {0};

	if ((house->carried ? reopen_house(house, &err) : open_house(house, &err)) != HST_OK) {
		log_error("%s", err.text);
		return STATUS_FAILED;
	}
	crash_point(CRASH_hostlerd_prepared);
	return supervisor_run(&(struct supervisor_arguments){.conf = house->conf,
							     .file = house->file,
							     .root = house->accounts.root,
							     .detached = house->detached,
							     .lock = house->lock,
							     .seed = house->seed,
							     .carried = house->carried,
							     .check = house->check,
							     .announce = on_up,
							     .arg = house});
}

int house_run(const char *file, bool detached)
{
	struct house house = {.lock = -1, .detached = detached};
	hst_error err = {0};
	int status;

	if (!realpath(file, house.file)) {
		fprintf(stderr, "hostlerd: error: cannot read %s: %s\n", file, strerror(errno));
		return STATUS_BAD;
	}
	if (check_all(&house, &err) != HST_OK) {
		fprintf(stderr, "hostlerd: error: %s\n", err.text);
		return STATUS_BAD;
	}
	house.conf = house_conf(house.file);
	if (!house.conf)
		return STATUS_BAD;
	if (detached)
		setsid();
	status = supervise(&house);
	sodium_munlock(house.seed, sizeof house.seed);
	conf_free(house.conf);
	if (house.lock >= 0)
		close(house.lock);
	return status;
}

/* A line without its end; "" when there is none. Not through stdio, whose buffer nobody wipes. */
static void read_passphrase(char *to, size_t size)
{
	size_t length = 0;
	ssize_t n = 0;

	while (length < size - 1 && !memchr(to, '\n', length) && (n = read(STDIN_FILENO, to + length, size - 1 - length)) != 0)
		if (n > 0)
			length += (size_t)n;
		else if (errno != EINTR)
			break;
	to[length] = '\0';
	to[strcspn(to, "\n")] = '\0';
}

int house_prepare(const char *file)
{
	struct house house = {.lock = -1};
	char passphrase[PASSPHRASE_MAX + 2];
	AUTO_FREE char *seed = NULL;
	hst_error err = {{0}, {0}};
	AUTO_FREE char *roster = NULL;
	bool had_seed, made = false;
	struct stat before = {0}, after = {0};
	int code;

	read_passphrase(passphrase, sizeof passphrase);
	house.conf = realpath(file, house.file) ? house_conf(house.file) : NULL;
	if (!house.conf)
		return STATUS_BAD;
	seed = files_join(house.conf->state_dir, "host.seed");
	roster = files_join(house.conf->state_dir, "roster");
	had_seed = access(seed, F_OK) == 0;
	stat(roster, &before);
	code = open_state(&house, passphrase, &made, &err);
	if (!had_seed && access(seed, F_OK) == 0)
		printf("seed\n");
	/* It is replaced by a new file whenever something is new in it. */
	if (made)
		printf("roster\n");
	else if (before.st_ino && stat(roster, &after) == 0 && after.st_ino != before.st_ino)
		printf("members\n");
	if (code != HST_OK)
		printf("error %s\n", err.text);
	sodium_memzero(passphrase, sizeof passphrase);
	sodium_munlock(house.seed, sizeof house.seed);
	conf_free(house.conf);
	if (house.lock >= 0)
		close(house.lock);
	return code == HST_OK ? 0 : STATUS_FAILED;
}

int house_resume(const char *file, bool detached, int fd)
{
	struct house house = {.lock = -1, .detached = detached};
	AUTO(problems) struct problems problems;
	struct carried carried = {0};
	hst_error err = {0};
	int status = STATUS_FAILED;

	problems_init(&problems);
	house.conf = conf_load_accepted(file, false, &problems);
	snprintf(house.file, sizeof house.file, "%s", file);
	if (!house.conf) {
		log_error("the configuration that is in force cannot be read");
	} else if (upgrade_read(fd, &carried, &err) != HST_OK || carried_pass(&carried, false, &err) != HST_OK) {
		log_error("%s", err.text);
	} else {
		house.carried = &carried;
		status = supervise(&house);
	}
	carried_clear(&carried);
	sodium_munlock(house.seed, sizeof house.seed);
	conf_free(house.conf);
	if (house.lock >= 0)
		close(house.lock);
	return status;
}

/* Reads what the detached one says; true when it became ready. */
static bool hear_ready(int fd)
{
	char said[WORD_MAX];
	size_t length = 0;
	ssize_t n;

	while (length < sizeof said - 1 && (n = read(fd, said + length, sizeof said - 1 - length)) != 0) {
		if (n < 0 && errno != EINTR)
			break;
		length += n > 0 ? (size_t)n : 0;
		if (memchr(said, '\n', length))
			break;
	}
	said[length] = '\0';
	fputs(said, stdout);
	return strncmp(said, "ready", 5) == 0;
}

int house_background(const char *file)
{
	AUTO_FREE char *program = files_program_called("hostlerd");
	char *const argv[] = {"hostlerd", "-c", (char *)file, "--detached", NULL};
	AUTO_CLOSE int near = -1;
	AUTO_CLOSE int far = -1;
	hst_error err = {0};
	int ends[2], status = 0;
	pid_t pid;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		failure_of(errno, &err, "make", "a pipe");
		log_error("%s", err.text);
		return STATUS_FAILED;
	}
	near = ends[0];
	far = ends[1];
	if (spawn_start(&(struct spawn){.path = program,
					.argv = argv,
					.environment = environ, /* it is this program: who called sudo, whom to notify */
					.fds = (struct spawn_fd[]){{far, STDOUT_FILENO}},
					.fd_count = 1},
			&pid, &err) != HST_OK) {
		log_error("%s", err.text);
		return STATUS_FAILED;
	}
	close(take_fd(&far));
	if (hear_ready(near))
		return 0;
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		continue;
	return WIFEXITED(status) && WEXITSTATUS(status) ? WEXITSTATUS(status) : STATUS_FAILED;
}
