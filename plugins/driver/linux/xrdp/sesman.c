#include "sesman.h"

#include "limit.h"

#include <hostler/secret.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <netinet/in.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 4096, LISTENING = 0x0a };

static const char start_it[] = "start the service xrdp-sesman (systemctl start xrdp-sesman)";

/* Where xrdp-sesrun looks for sesman when it is told 127.0.0.1, in its order. */
static const struct place {
	const char *name, *table;
	struct sockaddr_in6 six;
	struct sockaddr_in four;
} places[] = {
	{.name = "[::1]",
	 .table = "/proc/net/tcp6",
	 .six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT}},
	{.name = "127.0.0.1", .table = "/proc/net/tcp", .four = {.sin_family = AF_INET}},
};

static int connect_to(const struct place *place)
{
	bool six = place->six.sin6_family == AF_INET6;
	struct sockaddr_in6 at_six = place->six;
	struct sockaddr_in at_four = place->four;
	int fd = socket(six ? AF_INET6 : AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), error = 0;

	at_six.sin6_port = at_four.sin_port = htons(SESMAN_PORT);
	at_four.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	if (fd < 0 || connect(fd, six ? (const struct sockaddr *)&at_six : (const struct sockaddr *)&at_four,
			      six ? sizeof at_six : sizeof at_four) != 0)
		error = errno;
	if (fd >= 0)
		close(fd);
	return error;
}

/*
 * The port is one that every user may listen on, and whoever does gets the password. So the kernel is asked whose the
 * socket is; false: there is none in this table.
 */
static bool owner_of_port(const char *table, uid_t *ret)
{
	FILE *file = fopen(table, "re");
	bool found = false;
	char line[512];

	while (file && fgets(line, sizeof line, file)) {
		unsigned port, state, uid;

		if (sscanf(line, " %*d: %*[0-9A-Fa-f]:%x %*[0-9A-Fa-f]:%*x %x %*x:%*x %*x:%*x %*x %u", &port, &state, &uid) != 3 ||
		    port != SESMAN_PORT || state != LISTENING)
			continue;

		/* With several that listen it is not known which of them would answer. */
		if (!found || uid != 0)
			*ret = uid;
		found = true;
	}
	if (file)
		fclose(file);
	return found;
}

int sesman_listens(hst_error *err)
{
	const struct place *place = places, *end = places + sizeof places / sizeof *places;
	uid_t owner = 0;
	int error = 0;

	while (place < end && (error = connect_to(place)) != 0)
		place++;
	if (place == end)
		return hst_fail_as(err, HST_RETRY, "NoListenerConnected",
				   "nobody listens on port %d of this machine (%s), where xrdp-sesman opens sessions: %s", SESMAN_PORT,
				   strerror(error), start_it);
	if (!owner_of_port(place->table, &owner))
		return hst_fail_as(err, HST_RETRY, "NoListenerConnected",
				   "who listens on %s:%d cannot be seen in %s, so no password is sent there", place->name, SESMAN_PORT,
				   place->table);
	if (owner != 0)
		return hst_fail_as(err, HST_RETRY, "NoListenerConnected",
				   "uid %u listens on %s:%d in the place of xrdp-sesman, so no password is sent there: end that "
				   "program, then %s",
				   (unsigned)owner, place->name, SESMAN_PORT, start_it);
	return HST_OK;
}

/* A pipe with the password in it: the end to read from. */
static int pipe_with(hst_call *call, const hst_secret *password, int *ret_fd, hst_error *err)
{
	size_t n = 0;
	const char *bytes = password ? hst_secret_bytes(call, password, &n) : NULL;
	int ends[2], given = -1;

	if (!bytes || n == 0)
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials",
				   "xrdp signs nobody in without a password, and the connection has none: give it password = secret:NAME, "
				   "and seal that with `hostler seal NAME`");
	if (n > SESMAN_PASSWORD_MAX || memchr(bytes, '\0', n) || memchr(bytes, '\n', n))
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials",
				   "xrdp takes passwords of one line and at most %d bytes, and that of the connection is none",
				   SESMAN_PASSWORD_MAX);
	if (pipe2(ends, O_CLOEXEC) == 0) {
		if (write(ends[1], bytes, n) == (ssize_t)n)
			given = ends[0];
		else
			close(ends[0]);
		close(ends[1]);
	}
	if (given < 0)
		return hst_fail(err, HST_RETRY, "no pipe for the password: %s", strerror(errno));
	*ret_fd = given;
	return HST_OK;
}

/* All that it says, until it has ended or the deadline. */
static int read_answer(int fd, char to[ANSWER_MAX], const struct deadline *deadline, hst_error *err)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	size_t n = 0;
	ssize_t got = 1;

	while (got > 0 && n < ANSWER_MAX - 1) {
		int rc = deadline_poll(deadline, &wait, 1);

		if (rc != HST_OK)
			return hst_fail_as(err, rc, "ConnectionTimeout",
					   "xrdp-sesman has not answered in time: /var/log/xrdp-sesman.log says what it waits for");
		got = read(fd, to + n, ANSWER_MAX - 1 - n);
		if (got > 0)
			n += (size_t)got;
	}
	to[n] = '\0';
	return HST_OK;
}

static int understand(const char *answer, const char *user, int *ret_display, hst_error *err)
{
	const char *ok = strstr(answer, "ok data=");
	const char *error = strstr(answer, "[ERROR] ");
	int display, rc;

	if (ok && (ok == answer || ok[-1] == '\n') && sscanf(ok, "ok data=%*d display=:%d", &display) == 1 && display > 0 &&
	    display < 65536) {
		*ret_display = display;
		return HST_OK;
	}
	if (strstr(answer, "Connection denied")) {
		rc = limit_look(err);
		if (rc != HST_OK)
			return rc;
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials",
				   "xrdp-sesman did not sign '%s' in: the password is wrong, the account is locked or expired, or it is in "
				   "none of the groups that sesman.ini lets in; /var/log/xrdp-sesman.log says which",
				   user);
	}
	if (error && strstr(error, "connect error"))
		return hst_fail_as(err, HST_RETRY, "NoListenerConnected", "xrdp-sesman does not answer: %s", start_it);
	error = error ? error + strlen("[ERROR] ") : answer[0] ? answer : "nothing";
	return hst_fail_as(err, HST_BROKEN, "SessionCreationError", "xrdp-sesrun said: %.*s", (int)strcspn(error, "\n"), error);
}

/* It runs as this process and not as the user, whose programs could look into its memory. */
static void own_account(struct account *account)
{
	*account = (struct account){.name = "", .home = "/", .shell = "/bin/sh", .uid = geteuid(), .gid = getegid(), .umask = 077};
}

int sesman_ask(const struct sesman_request *request, struct remains *remains, const struct deadline *deadline,
	       int *ret_display, hst_error *err)
{
	struct account *self = hst_alloc(deadline->call, sizeof *self);
	char geometry[32], answer[ANSWER_MAX];
	char *const argv[] = {"xrdp-sesrun", "-s", "127.0.0.1", "-F", "0", "-t", "Xorg", "-g", geometry, "-S",
			      (char *)request->program, (char *)request->account->name, NULL};
	char *const environment[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", NULL};
	struct program program = {.what = "the request to xrdp-sesman",
				  .argv = argv,
				  .environment = environment,
				  .directory = "/",
				  .fd_extra = -1,
				  .death_signal = SIGKILL,
				  .package = "xrdp",
				  .note = remains_add_process};
	struct process process = {0};
	int said[2], status, rc;

	snprintf(geometry, sizeof geometry, "%dx%d", request->width, request->height);
	own_account(self);
	rc = pipe_with(deadline->call, request->password, &program.fd_in, err);
	if (rc != HST_OK)
		return rc;
	if (pipe2(said, O_CLOEXEC) != 0) {
		close(program.fd_in);
		return hst_fail(err, HST_RETRY, "no pipe: %s", strerror(errno));
	}
	program.fd_out = program.fd_err = said[1];
	rc = launch_program(self, &program, remains, deadline, &process, err);
	close(program.fd_in);
	close(said[1]);
	if (rc == HST_OK) {
		rc = read_answer(said[0], answer, deadline, err);
		if (rc != HST_OK)
			kill(process.pid, SIGKILL);
		waitpid(process.pid, &status, 0);
	}
	close(said[0]);
	return rc != HST_OK ? rc : understand(answer, request->account->name, ret_display, err);
}
