/*
 * Driver sim: sessions in memory, and people who do what a script says (script.h), for tests and for `hostler check --rehearse`.
 * It touches nothing: no display, no PAM. Users are names, programs run as whoever this process is, or not at all.
 *
 * Each process that has the driver reads the script for itself; the play begins when the file was last written, so all of them see
 * the same at the same time, and to write it anew is to begin anew.
 */
#include "picture.h"
#include "play.h"

#include <hostler/secret.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

struct options {
	hst_choice system, rds;
	int64_t processors;
	bool start;
	const char *people_file, *device;
	hst_time begins;
	const char *password;
	hst_duration opens_within, starts_within, closes_within;
};

static const char *const systems[] = {"client", "server", "linux", NULL};
static const hst_system system_of[] = {HST_CLIENT, HST_SERVER, HST_LINUX};
static const char *const rds_words[] = {"unknown", "no", "yes", NULL}; /* in the order of hst_rds */

static const hst_field options[] = {
	HST_FIELD(struct options, system, .def = "linux", .choices = systems,
		  .doc = "kind of device it claims to be"),
	HST_FIELD(struct options, rds, .def = "unknown", .choices = rds_words,
		  .doc = "whether it claims to have Remote Desktop Services, as a server"),
	HST_FIELD(struct options, processors, .def = "0", .min = 0, .max = 4096,
		  .doc = "how many processors it claims to have; 0: as many as this machine"),
	HST_FIELD(struct options, start, .def = "yes",
		  .doc = "no: flows are not played, each counts as having succeeded at once"),
	HST_FIELD(struct options, people_file,
		  .doc = "file that says what people do and what fails; left out: nobody is there"),
	HST_FIELD(struct options, device,
		  .doc = "whose lines of the script count, beside those that name no device"),
	HST_FIELD(struct options, begins,
		  .doc = "when the script begins; left out: when its file was last written"),
	HST_FIELD(struct options, password,
		  .doc = "what the password of every user's connection has to be; left out: none is looked at"),
	HST_FIELD(struct options, opens_within, .def = "0s", .max = 120000,
		  .doc = "how long a session takes to open, where the script does not say"),
	HST_FIELD(struct options, starts_within, .def = "0s", .max = 30000,
		  .doc = "how long a program takes to start, where the script does not say"),
	HST_FIELD(struct options, closes_within, .def = "0s", .max = 45000,
		  .doc = "how long a session takes to close, where the script does not say"),
};

struct sim {
	const struct options *options;
	struct book book;
	struct script script;
	struct stat read; /* the file as it was when the script was read; its size is 0 before */
	struct play play; /* how it stood when it was last looked at */
};

/* Into memory of the caller's; NULL with the error filled in. */
static char *read_file(const char *path, size_t *ret_length, hst_error *err)
{
	char *text = malloc(SCRIPT_BYTES_MAX + 2);
	FILE *file = fopen(path, "re");

	if (!text)
		abort();
	if (file)
		*ret_length = fread(text, 1, SCRIPT_BYTES_MAX + 1, file);
	if (!file || ferror(file)) {
		hst_fail(err, HST_INVALID, "the script %s cannot be read: %s", path, strerror(errno));
		free(text);
		text = NULL;
	}
	if (file)
		fclose(file);
	return text;
}

static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_ino == b->st_ino && a->st_dev == b->st_dev && a->st_size == b->st_size && a->st_mtim.tv_sec == b->st_mtim.tv_sec &&
	       a->st_mtim.tv_nsec == b->st_mtim.tv_nsec;
}

/* As it is now. One that is wrong by now is an error, and nobody knows who is there. */
static int read_script(struct sim *sim, hst_error *err)
{
	const char *path = sim->options->people_file;
	struct script script;
	struct stat now;
	size_t length;
	char *text;
	int rc;

	if (!path)
		return HST_OK;
	if (stat(path, &now) != 0)
		return hst_fail(err, HST_INVALID, "the script %s cannot be read: %s", path, strerror(errno));
	if (sim->read.st_ino && same_file(&sim->read, &now))
		return HST_OK;
	text = read_file(path, &length, err);
	if (!text)
		return HST_INVALID;
	rc = script_read(&script, path, text, length, sim->options->device, err);
	free(text);
	if (rc != HST_OK)
		return rc;
	script_clear(&sim->script);
	sim->script = script;
	sim->read = now;
	return HST_OK;
}

static int64_t begins_us(const struct sim *sim)
{
	const struct timespec *written = &sim->read.st_mtim;

	return sim->options->begins.us ? sim->options->begins.us
				       : (int64_t)written->tv_sec * 1000000 + written->tv_nsec / 1000;
}

/* How everything stands now. */
static int look(struct sim *sim, hst_call *call, hst_error *err)
{
	int rc = read_script(sim, err);

	if (rc == HST_OK)
		play_until(&sim->play, &sim->script, (hst_now_us(call->host) - begins_us(sim)) / 1000);
	return rc;
}

/* What the op takes, then whether it works. */
static int go_through(struct sim *sim, hst_call *call, enum script_op op, const char *word, hst_error *err)
{
	const hst_duration given[SCRIPT_OPS] = {[SCRIPT_OPEN] = sim->options->opens_within,
						[SCRIPT_START] = sim->options->starts_within,
						[SCRIPT_CLOSE] = sim->options->closes_within};
	int rc = look(sim, call, err);
	int64_t ms;

	if (rc != HST_OK)
		return rc;
	ms = sim->play.takes_ms[op] ? sim->play.takes_ms[op] : given[op].ms;
	if (ms > 0 && !hst_wait(call, ms))
		return hst_fail_as(err, HST_CANCELLED, NULL, "%s takes %lld ms, and was not waited for", word, (long long)ms);
	rc = ms > 0 ? look(sim, call, err) : HST_OK;
	if (rc == HST_OK && sim->play.fails[op])
		return hst_fail_as(err, HST_RETRY, op == SCRIPT_OPEN || op == SCRIPT_ATTACH ? "SessionCreationError" : NULL,
				   "%s fails: %s", word, sim->play.fails[op]);
	return rc;
}

/* The script is read before anything is opened, so that `hostler check` finds what is wrong with it. */
static int sim_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	struct sim *sim = hst_alloc(call, sizeof *sim);
	hst_error why = {0};
	int rc;

	(void)ret;
	sim->options = config;
	rc = read_script(sim, &why);
	script_clear(&sim->script);
	return rc == HST_OK ? rc : hst_fail(err, rc, "people_file: %s", why.text);
}

static int sim_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct sim *sim = host->alloc(host->instance_arena, sizeof *sim);
	int rc;

	sim->options = config;
	rc = read_script(sim, err);
	if (rc == HST_OK)
		*ret_state = sim;
	return rc;
}

static int identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	(void)state;
	return book_identify("sim", call, user, ret, err);
}

static bool right_password(const struct sim *sim, hst_call *call, const hst_secret *password)
{
	const char *wanted = sim->options->password, *given = "";
	size_t length = 0;

	if (password)
		given = hst_secret_bytes(call, password, &length);
	return !wanted || (strlen(wanted) == length && memcmp(wanted, given, length) == 0);
}

static int sign_in(const struct sim *sim, hst_call *call, const hst_open *what, const char *key, hst_error *err)
{
	const struct person *person = play_person(&sim->play, key);
	const char *why = person ? person->why : NULL;

	if (why)
		return hst_fail_as(err, script_denies(why) ? HST_DENIED : HST_RETRY,
				   script_denies(why) ? "SessionCreationInvalidCredentials" : "SessionCreationError", "'%s' was not signed in: %s",
				   what->user, why);
	if (!right_password(sim, call, what->password))
		return hst_fail_as(err, HST_DENIED, "SessionCreationInvalidCredentials", "'%s' was not signed in: %s", what->user,
				   what->password ? "the password is wrong: seal the right one again" : "the connection has no password");
	return HST_OK;
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session, hst_error *err)
{
	struct sim *sim = state;
	char key[USER_MAX + 1], id[SESSION_ID_SIZE], note[SESSION_ID_SIZE + 8];
	struct session *session;
	int rc = book_user("sim", what->user, err);

	if (rc != HST_OK)
		return rc;
	book_fold(what->user, key);
	snprintf(id, sizeof id, "sim:%s", key);
	if (book_find(&sim->book, id))
		return hst_fail_as(err, HST_RETRY, "SessionCreationError", "'%s' has a session here already", what->user);
	snprintf(note, sizeof note, "session %s", id);
	rc = hst_note(call, note, err);
	if (rc == HST_OK)
		rc = go_through(sim, call, SCRIPT_OPEN, "opening", err);
	if (rc == HST_OK)
		rc = sign_in(sim, call, what, key, err);
	session = rc == HST_OK ? book_add(&sim->book, what->user, id, err) : NULL;
	if (rc == HST_OK && !session)
		rc = HST_RETRY;
	if (rc != HST_OK)
		return rc;
	session->since_us = hst_now_us(call->host);
	*ret_session = hst_copy(call, id, strlen(id));
	return HST_OK;
}

static const char *person_id(const struct person *person, char id[SESSION_ID_SIZE])
{
	snprintf(id, SESSION_ID_SIZE, "person:%s", person->key);
	return id;
}

static hst_session session_of(hst_call *call, const struct person *person)
{
	char id[SESSION_ID_SIZE];

	person_id(person, id);
	return (hst_session){.id = hst_copy(call, id, strlen(id)),
			     .user = hst_copy(call, person->user, strlen(person->user)),
			     .key = hst_copy(call, person->key, strlen(person->key)),
			     .connected = person->connected,
			     .locked = person->unknown ? HST_UNKNOWN : person->locked,
			     .doubt = person->unknown ? "the script says that it cannot be found out" : NULL};
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions, size_t *ret_n, hst_error *err)
{
	struct sim *sim = state;
	hst_session *sessions;
	size_t n = 0;
	int rc = look(sim, call, err);

	if (rc != HST_OK)
		return rc;
	sessions = hst_alloc(call, (sim->play.n + sim->book.count + 1) * sizeof *sessions);
	for (size_t i = 0; i < sim->play.n; i++)
		if (sim->play.people[i].there)
			sessions[n++] = session_of(call, &sim->play.people[i]);
	book_list(&sim->book, call, sessions, &n);
	*ret_device = (hst_device){.name = "sim",
				   .system = system_of[sim->options->system.index],
				   .processors = sim->options->processors ? sim->options->processors : book_processors(),
				   .rds = (hst_rds)sim->options->rds.index,
				   .rehearses = !sim->options->start,
				   .load_milli = -1,
				   .memory_milli = -1};
	*ret_sessions = sessions;
	*ret_n = n;
	return HST_OK;
}

static const struct person *person_with(const struct sim *sim, const char *id)
{
	char own[SESSION_ID_SIZE];

	for (size_t i = 0; i < sim->play.n; i++)
		if (sim->play.people[i].there && strcmp(person_id(&sim->play.people[i], own), id) == 0)
			return &sim->play.people[i];
	return NULL;
}

static int attach(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct sim *sim = state;
	struct session *session = book_find(&sim->book, id);
	const struct person *person;
	int rc = go_through(sim, call, SCRIPT_ATTACH, "attaching", err);

	if (rc != HST_OK)
		return rc;
	person = person_with(sim, id);
	if (!person)
		return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "nobody has the session %.80s", id);
	if (!session)
		session = book_add(&sim->book, person->user, id, err);
	if (!session)
		return HST_RETRY;
	session->attached = true;
	session->since_us = hst_now_us(call->host);
	return HST_OK;
}

static int start(void *state, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid, hst_error *err)
{
	struct sim *sim = state;
	int rc = go_through(sim, call, SCRIPT_START, "starting", err);

	return rc == HST_OK ? book_start(&sim->book, call, id, what, ret_pid, err) : rc;
}

static int not_there(const char *id, hst_error *err)
{
	return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "there is no session %.80s here", id);
}

static int screenshot(void *state, hst_call *call, const char *id, const char *path, hst_error *err)
{
	(void)call;
	return book_find(&((struct sim *)state)->book, id) ? picture_write(path, err) : not_there(id, err);
}

static int lock(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct session *session = book_find(&((struct sim *)state)->book, id);

	(void)call;
	if (!session)
		return not_there(id, err);
	session->locked = true;
	return HST_OK;
}

static int close_session(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct sim *sim = state;
	int rc = book_find(&sim->book, id) ? go_through(sim, call, SCRIPT_CLOSE, "closing", err) : HST_OK;

	if (rc == HST_OK)
		book_remove(&sim->book, id);
	return rc;
}

/* Nothing outlives the process but what it noted; that the note is one of its own is all there is to be found out. */
static int reap(void *state, hst_call *call, const char *const *notes, size_t n, hst_error *err)
{
	(void)state;
	(void)call;
	for (size_t i = n; i-- > 0;)
		if (strncmp(notes[i], "session sim:", strlen("session sim:")) != 0)
			return hst_fail(err, HST_INVALID, "'%.80s' is no note of driver sim", notes[i]);
	return HST_OK;
}

/* What somebody has done to the session since it is in our hands. */
static int standing(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct sim *sim = state;
	const struct session *session = book_find(&sim->book, id);
	int rc = look(sim, call, err);
	int64_t now_ms, since_ms;

	if (rc != HST_OK || !session)
		return rc;
	now_ms = (hst_now_us(call->host) - begins_us(sim)) / 1000;
	since_ms = (session->since_us - begins_us(sim)) / 1000;
	for (size_t i = 0; i < sim->script.n; i++) {
		const struct script_line *line = &sim->script.lines[i];

		if (line->at_ms <= since_ms || line->at_ms > now_ms || !line->key || strcmp(line->key, session->key) != 0)
			continue;
		if (line->what == THROWS_OUT)
			return hst_fail_as(err, HST_CANCELLED, "SessionTaken", "%s connected as %s, who was thrown out", line->by, session->user);
		if (line->what == SIGNS_OUT && line->by)
			return hst_fail_as(err, HST_CANCELLED, "SessionEnded", "%s signed %s out", line->by, session->user);
		/* Where a user has one session, it is taken by whoever signs in. */
		if (line->what == SIGNS_IN && system_of[sim->options->system.index] != HST_LINUX)
			return hst_fail_as(err, HST_CANCELLED, "SessionTaken", "%s signed in and took the session over", line->user);
	}
	return HST_OK;
}

static void sim_close(void *state)
{
	struct sim *sim = state;

	book_clear(&sim->book);
	script_clear(&sim->script);
}

static const hst_driver_ops ops = {
	.size = sizeof(hst_driver_ops),
	.list = list,
	.identify = identify,
	.open = open_session,
	.attach = attach,
	.start = start,
	.screenshot = screenshot,
	.lock = lock,
	.close = close_session,
	.reap = reap,
	.standing = standing,
	.reach = HST_MADE_UP,
};

HST_PLUGIN(sim) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "sim",
	.version = "1.0",
	.summary = "Sessions in memory, with people who do what a script says, for tests and rehearsals",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.fields = sim_fields,
	.open = sim_open,
	.close = sim_close,
	.ops = &ops,
};
