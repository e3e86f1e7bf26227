/*
 * Driver null: sessions that exist only in the memory of the process that opened them, for benchmarks and for tests of
 * everything but sessions. It touches nothing: no display, no PAM. Users are names, programs run as whoever this process is, or
 * not at all. People have their sessions with driver sim.
 */
#include "book.h"

#include <string.h>

struct options {
	hst_choice system, rds;
	bool start;
	int64_t load, memory;
	hst_choice users;
	bool locks;
};

static const char *const systems[] = {"client", "server", "linux", NULL};
static const hst_system system_of[] = {HST_CLIENT, HST_SERVER, HST_LINUX};
static const char *const rds_words[] = {"unknown", "no", "yes", NULL}; /* in the order of hst_rds */
static const char *const user_rules[] = {"any", NULL};

static const hst_field options[] = {
	HST_FIELD(struct options, system, .def = "linux", .choices = systems,
		  .doc = "kind of device it claims to be"),
	HST_FIELD(struct options, rds, .def = "unknown", .choices = rds_words,
		  .doc = "whether it claims to have Remote Desktop Services, as a server"),
	HST_FIELD(struct options, start, .def = "yes",
		  .doc = "no: flows are not played, each counts as having succeeded at once"),
	HST_FIELD(struct options, load, .def = "-1", .min = -1, .max = 1000000,
		  .doc = "the load average per processor that it claims, in thousandths; -1: not known"),
	HST_FIELD(struct options, memory, .def = "-1", .min = -1, .max = 1000,
		  .doc = "the memory that it claims is taken, in thousandths; -1: not known"),
	HST_FIELD(struct options, users, .def = "any", .choices = user_rules,
		  .doc = "who is a user: every plain name"),
	HST_FIELD(struct options, locks, .def = "yes", .doc = "no: a session that is to be kept cannot be locked"),
};

struct null {
	const struct options *options;
	struct book book;
};

static int null_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	struct null *null = host->alloc(host->instance_arena, sizeof *null);

	(void)err;
	null->options = config;
	if (hst_address(host))
		hst_log(host, HST_INFO, "it stands in for %s", hst_address(host));
	*ret_state = null;
	return HST_OK;
}

static int identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	(void)state;
	return book_identify("null", call, user, ret, err);
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session,
			hst_error *err)
{
	struct null *null = state;
	char key[USER_MAX + 1], id[SESSION_ID_SIZE];
	int rc = book_user("null", what->user, err);

	if (rc != HST_OK)
		return rc;
	book_fold(what->user, key);
	snprintf(id, sizeof id, "null:%s", key);
	if (book_find(&null->book, id))
		return hst_fail_as(err, HST_RETRY, "SessionCreationError", "'%s' has a session here already",
				   what->user);
	if (!book_add(&null->book, what->user, id, err))
		return HST_RETRY;
	*ret_session = hst_copy(call, id, strlen(id));
	return HST_OK;
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions,
		size_t *ret_n, hst_error *err)
{
	const struct null *null = state;

	(void)err;
	*ret_n = 0;
	*ret_sessions = hst_alloc(call, (null->book.count + 1) * sizeof **ret_sessions);
	book_list(&null->book, call, *ret_sessions, ret_n);
	*ret_device = (hst_device){.name = "null",
				   .system = system_of[null->options->system.index],
				   .processors = book_processors(),
				   .rds = (hst_rds)null->options->rds.index,
				   .rehearses = !null->options->start,
				   .load_milli = null->options->load,
				   .memory_milli = null->options->memory};
	return HST_OK;
}

static int start(void *state, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid,
		 hst_error *err)
{
	return book_start(&((struct null *)state)->book, call, id, what, ret_pid, err);
}

static int lock(void *state, hst_call *call, const char *id, hst_error *err)
{
	struct null *null = state;

	if (!null->options->locks)
		return hst_fail(err, HST_BROKEN, "session %.80s cannot be locked, as the option says", id);
	hst_log(call->host, HST_INFO, "session %.80s is locked", id);
	return HST_OK;
}

static int close_session(void *state, hst_call *call, const char *id, hst_error *err)
{
	(void)call;
	(void)err;
	book_remove(&((struct null *)state)->book, id);
	return HST_OK;
}

static void null_close(void *state)
{
	book_clear(&((struct null *)state)->book);
}

static const hst_driver_ops ops = {
	.size = sizeof(hst_driver_ops),
	.list = list,
	.identify = identify,
	.open = open_session,
	.start = start,
	.lock = lock,
	.close = close_session,
	.reach = HST_ADDRESSED | HST_MADE_UP,
};

HST_PLUGIN(null) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "null",
	.version = "1.0",
	.summary = "Sessions in memory alone, for benchmarks",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.open = null_open,
	.close = null_close,
	.ops = &ops,
};
