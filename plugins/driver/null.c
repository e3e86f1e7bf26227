/*
 * Driver null: sessions that exist only in the memory of the process that opened them, for tests and
 * benchmarks. It touches nothing: no display, no PAM. Users are names, programs run as whoever this
 * process is, or not at all. Sessions of people, for attended runs, are what a file says (option `people`), which may
 * change at any time.
 */
#include <hostler/driver.h>
#include <hostler/secret.h>

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { USER_MAX = 64, ID_SIZE = USER_MAX + 8, SESSIONS_MAX = 4096, PEOPLE_MAX = 64, PROGRAM_PATH_MAX = 4096 };

struct options {
	hst_choice system;
	bool start;
	const char *refuse_user, *password;
	int64_t load, memory;
	hst_choice users;
	const char *people;
};

static const char *const systems[] = {"client", "server", "linux", NULL};
static const hst_system system_of[] = {HST_CLIENT, HST_SERVER, HST_LINUX};
static const char *const user_rules[] = {"any", NULL};

static const hst_field options[] = {
	HST_FIELD(struct options, system, .def = "linux", .choices = systems,
		  .doc = "kind of device it claims to be"),
	HST_FIELD(struct options, start, .def = "yes",
		  .doc = "no: flows are not played, each counts as having succeeded at once"),
	HST_FIELD(struct options, refuse_user,
		  .doc = "a user whose sign-in fails as if the password were wrong"),
	HST_FIELD(struct options, password,
		  .doc = "what the password of every user's connection has to be; left out: none is looked at"),
	HST_FIELD(struct options, load, .def = "-1", .min = -1, .max = 1000000,
		  .doc = "the load average per processor that it claims, in thousandths; -1: not known"),
	HST_FIELD(struct options, memory, .def = "-1", .min = -1, .max = 1000,
		  .doc = "the memory that it claims is taken, in thousandths; -1: not known"),
	HST_FIELD(struct options, users, .def = "any", .choices = user_rules,
		  .doc = "who is a user: every plain name"),
	HST_FIELD(struct options, people,
		  .doc = "full path of a file with the sessions of people, one a line: a user and "
			 "active, locked, disconnected or unknown; left out, or no such file: nobody is there"),
};

struct session {
	struct session *next;
	char user[USER_MAX + 1], key[USER_MAX + 1], id[ID_SIZE];
	pid_t program; /* the last one that was started; 0: none */
	bool attached; /* it is a person's */
};

struct null {
	const struct options *options;
	struct session *sessions;
	size_t count;
};

static int null_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct null *null = host->alloc(host->instance_arena, sizeof *null);

	(void)err;
	null->options = config;
	*ret_state = null;
	return HST_OK;
}

static int name_fits(const char *user, hst_error *err)
{
	size_t n = 0;

	while (n <= USER_MAX && (isalnum((unsigned char)user[n]) || (user[n] && strchr("._-", user[n]))))
		n++;
	if (n > 0 && n <= USER_MAX && !user[n])
		return HST_OK;
	return hst_fail_as(err, HST_NOT_FOUND, "SessionCreationInvalidCredentials",
			   "'%.80s' is no user of driver null: 1 to %d of A-Z a-z 0-9 . _ -", user, USER_MAX);
}

static void fold(const char *user, char *to)
{
	do
		*to++ = (char)tolower((unsigned char)*user);
	while (*user++);
}

static int identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	char key[USER_MAX + 1];
	int rc = name_fits(user, err);

	(void)state;
	if (rc != HST_OK)
		return rc;
	fold(user, key);
	*ret = (hst_identity){.key = hst_copy(call, key, strlen(key)),
			      .name = hst_copy(call, user, strlen(user)),
			      .uid = -1,
			      .gid = -1};
	return HST_OK;
}

static struct session **find(struct null *null, const char *id)
{
	struct session **at = &null->sessions;

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	return at;
}

static void add_session(struct null *null, const char *user, const char *id, bool attached)
{
	struct session *session = calloc(1, sizeof *session);

	if (!session)
		abort();
	snprintf(session->user, sizeof session->user, "%s", user);
	snprintf(session->id, sizeof session->id, "%s", id);
	fold(user, session->key);
	session->attached = attached;
	session->next = null->sessions;
	null->sessions = session;
	null->count++;
}

static bool signs_in(const struct null *null, hst_call *call, const hst_secret *password)
{
	size_t length = 0;
	const char *wanted = null->options->password, *given = password ? hst_secret_bytes(call, password, &length) : "";

	return !wanted || (strlen(wanted) == length && memcmp(wanted, given, length) == 0);
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session,
			hst_error *err)
{
	struct null *null = state;
	char key[USER_MAX + 1], refused[USER_MAX + 1] = "", id[ID_SIZE];
	int rc = name_fits(what->user, err);

	if (rc != HST_OK)
		return rc;
	fold(what->user, key);
	if (null->options->refuse_user && strlen(null->options->refuse_user) <= USER_MAX)
		fold(null->options->refuse_user, refused);
	if (strcmp(key, refused) == 0)
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials",
				   "'%s' was not signed in: the option refuse_user says so", what->user);
	if (!signs_in(null, call, what->password))
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials", "'%s' was not signed in: %s", what->user,
				   what->password ? "the password is wrong: seal the right one again" : "the connection has no password");
	snprintf(id, sizeof id, "null:%s", key);
	if (*find(null, id))
		return hst_fail_as(err, HST_RETRY, "SessionCreationError", "'%s' has a session here already",
				   what->user);
	if (null->count == SESSIONS_MAX)
		return hst_fail_as(err, HST_RETRY, "SessionCreationError",
				   "there are %d sessions here already", SESSIONS_MAX);
	add_session(null, what->user, id, false);
	*ret_session = hst_copy(call, id, strlen(id));
	return HST_OK;
}

static int read_person(hst_call *call, char *line, hst_session *ret, hst_error *err)
{
	static const struct {
		const char *word;
		hst_fact connected, locked;
	} states[] = {{"active", HST_YES, HST_NO},
		      {"locked", HST_YES, HST_YES},
		      {"disconnected", HST_NO, HST_YES},
		      {"unknown", HST_YES, HST_UNKNOWN}};
	char *rest = NULL, *user = strtok_r(line, " \t\n", &rest), *word = strtok_r(NULL, " \t\n", &rest);
	char id[ID_SIZE], key[USER_MAX + 1];
	size_t i = 0, n = sizeof states / sizeof *states;

	while (word && i < n && strcmp(word, states[i].word) != 0)
		i++;
	if (!user || name_fits(user, NULL) != HST_OK || !word || i == n)
		return hst_fail(err, HST_INVALID, "people: '%.80s' is no USER active|locked|disconnected|unknown",
				user ? user : "");
	fold(user, key);
	snprintf(id, sizeof id, "person:%s", key);
	*ret = (hst_session){.id = hst_copy(call, id, strlen(id)),
			     .user = hst_copy(call, user, strlen(user)),
			     .key = hst_copy(call, key, strlen(key)),
			     .connected = states[i].connected,
			     .locked = states[i].locked,
			     .doubt = states[i].locked == HST_UNKNOWN ? "the file of people says so" : NULL};
	return HST_OK;
}

/* Sessions of people, at most `max`, into `to`. */
static int read_people(const struct null *null, hst_call *call, hst_session *to, size_t max, size_t *ret_n,
		       hst_error *err)
{
	FILE *file = null->options->people ? fopen(null->options->people, "re") : NULL;
	char line[256];
	int rc = HST_OK;

	*ret_n = 0;
	while (file && rc == HST_OK && *ret_n < max && fgets(line, sizeof line, file))
		if (line[strspn(line, " \t\n")])
			rc = read_person(call, line, &to[(*ret_n)++], err);
	if (file)
		fclose(file);
	return rc;
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions,
		size_t *ret_n, hst_error *err)
{
	const struct null *null = state;
	size_t people = null->options->people ? PEOPLE_MAX : 0, n = 0;
	hst_session *sessions = hst_alloc(call, (null->count + people + 1) * sizeof *sessions);
	long processors = sysconf(_SC_NPROCESSORS_ONLN);
	int rc = read_people(null, call, sessions, people, &n, err);

	if (rc != HST_OK)
		return rc;
	for (const struct session *session = null->sessions; session; session = session->next) {
		if (session->attached)
			continue;
		sessions[n++] = (hst_session){.id = hst_copy(call, session->id, strlen(session->id)),
					      .user = hst_copy(call, session->user, strlen(session->user)),
					      .key = hst_copy(call, session->key, strlen(session->key)),
					      .connected = HST_YES,
					      .locked = HST_NO,
					      .ours = true};
	}
	*ret_device = (hst_device){.name = "null",
				   .system = system_of[null->options->system.index],
				   .processors = processors > 0 ? processors : 1,
				   .rehearses = !null->options->start,
				   .load_milli = null->options->load,
				   .memory_milli = null->options->memory};
	*ret_sessions = sessions;
	*ret_n = n;
	return HST_OK;
}

static int attach(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct null *null = state;
	hst_session *people = hst_alloc(call, PEOPLE_MAX * sizeof *people);
	size_t n;
	int rc = read_people(null, call, people, PEOPLE_MAX, &n, err);

	if (rc != HST_OK)
		return rc;
	for (size_t i = 0; i < n; i++) {
		if (strcmp(people[i].id, id) != 0)
			continue;
		if (!*find(null, id))
			add_session(null, people[i].user, id, true);
		return HST_OK;
	}
	return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "nobody has the session %.80s", id);
}

/* A small environment of its own, then what the caller adds, which wins. */
static char **make_environment(hst_call *call, char *const *added)
{
	static char *const basis[] = {"PATH=/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "HOME=/", NULL};
	char *const *const parts[] = {basis, added};
	size_t n = 0, size = sizeof basis / sizeof *basis;
	char **environment;

	for (char *const *from = added; from && *from; from++)
		size++;
	environment = hst_alloc(call, size * sizeof *environment);
	for (size_t part = 0; part < 2; part++) {
		for (char *const *from = parts[part]; from && *from; from++) {
			size_t name = strcspn(*from, "=") + 1, at = 0;

			while (at < n && strncmp(environment[at], *from, name) != 0)
				at++;
			environment[at] = *from;
			n = at == n ? n + 1 : n;
		}
	}
	return environment;
}

static int find_program(const char *name, char *const *environment, char to[PROGRAM_PATH_MAX], hst_error *err)
{
	const char *path = "";

	for (; *environment; environment++)
		if (strncmp(*environment, "PATH=", 5) == 0)
			path = *environment + 5;
	if (strchr(name, '/')) {
		snprintf(to, PROGRAM_PATH_MAX, "%s", name);
		return HST_OK;
	}
	while (*path) {
		size_t n = strcspn(path, ":");

		if (n > 0 &&
		    snprintf(to, PROGRAM_PATH_MAX, "%.*s/%s", (int)n, path, name) < PROGRAM_PATH_MAX &&
		    access(to, X_OK) == 0)
			return HST_OK;
		path += path[n] ? n + 1 : n;
	}
	return hst_fail(err, HST_NOT_FOUND, "there is no program '%s' on the PATH of the session", name);
}

/* Spawned and never forked: the process may have much memory, and a benchmark counts what that costs. */
static int spawn(const char *path, const hst_start *what, char *const *environment, pid_t *ret_pid)
{
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	const int given[] = {what->stdin_fd, what->stdout_fd, what->stderr_fd};
	sigset_t all, none;
	int error;

	sigfillset(&all);
	sigemptyset(&none);
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);

	/* Through numbers that are out of the way, since one that is given may lie where another has to go.
	 */
	for (int fd = 0; fd < 3; fd++)
		if (given[fd] >= 0)
			posix_spawn_file_actions_adddup2(&actions, given[fd], 100 + fd);
	for (int fd = 0; fd < 3; fd++) {
		if (given[fd] >= 0)
			posix_spawn_file_actions_adddup2(&actions, 100 + fd, fd);
		else
			posix_spawn_file_actions_addopen(&actions, fd, "/dev/null", O_RDWR, 0);
	}
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	posix_spawn_file_actions_addchdir_np(&actions, what->directory);
	posix_spawnattr_setflags(&attributes,
				 POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK);
	posix_spawnattr_setpgroup(&attributes, 0);
	posix_spawnattr_setsigdefault(&attributes, &all);
	posix_spawnattr_setsigmask(&attributes, &none);
	error = posix_spawn(ret_pid, path, &actions, &attributes, what->argv, environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return error;
}

static int start(void *state, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid,
		 hst_error *err)
{
	struct null *null = state;
	struct session *session = *find(null, id);
	char path[PROGRAM_PATH_MAX], **environment;
	int rc, error;

	if (!session)
		return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "there is no session %.80s here",
				   id);
	environment = make_environment(call, what->environment);
	rc = find_program(what->argv[0], environment, path, err);
	if (rc != HST_OK)
		return rc;
	error = spawn(path, what, environment, ret_pid);
	if (error)
		return hst_fail(err, error == EAGAIN ? HST_RETRY : HST_INVALID,
				"%s was not started in %s: %s", path, what->directory, strerror(error));
	session->program = *ret_pid;
	return HST_OK;
}

static int close_session(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct null *null = state;
	struct session **at = find(null, id), *session = *at;
	siginfo_t about;

	(void)call;
	(void)err;
	if (!session)
		return HST_OK;

	/* Only while it is still a child whose status nobody has taken is the number surely its own. */
	if (session->program > 0 &&
	    waitid(P_PID, (id_t)session->program, &about, WEXITED | WNOHANG | WNOWAIT) == 0)
		kill(-session->program, SIGKILL);
	*at = session->next;
	null->count--;
	free(session);
	return HST_OK;
}

static void null_close(void *state)
{
	struct null *null = state;

	while (null->sessions)
		close_session(null, NULL, null->sessions->id, NULL);
}

static const hst_driver_ops ops = {
	.size = sizeof(hst_driver_ops),
	.list = list,
	.identify = identify,
	.open = open_session,
	.attach = attach,
	.start = start,
	.close = close_session,
};

HST_PLUGIN(null) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "null",
	.version = "1.0",
	.summary = "Sessions in memory alone, for tests and benchmarks",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.open = null_open,
	.close = null_close,
	.ops = &ops,
};
