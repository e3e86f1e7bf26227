/*
 * A driver with sessions in memory that misbehaves as the file says that its option names: DEED-in-PLACE, read anew
 * before each op, so that a test can change it while the house runs.
 */
#include "deeds.h"

#include <hostler/driver.h>

#include <spawn.h>

struct options {
	const char *deeds;
};

static const hst_field options[] = {HST_FIELD(struct options, deeds, .required = true, .doc = "file with the deed")};

static const struct options *config;
static bool is_open;

static int act(const char *place, hst_call *call, hst_error *err)
{
	char line[64] = "no";
	struct deed_config deed = {line};
	FILE *file = fopen(config->deeds, "re");

	if (file) {
		if (!fgets(line, sizeof line, file))
			line[0] = '\0';
		line[strcspn(line, "\n")] = '\0';
		fclose(file);
	}
	return deed_in(place, &deed, call ? call->host : NULL, err);
}

static int wayward_open(const void *given, hst_host *host, void **ret_state, hst_error *err)
{
	(void)host, (void)err;
	config = given;
	*ret_state = NULL;
	return HST_OK;
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions, size_t *ret_n,
		hst_error *err)
{
	(void)state;
	*ret_device = (hst_device){.name = "wayward", .system = HST_LINUX, .processors = 2, .load_milli = 0};
	*ret_sessions = hst_alloc(call, sizeof **ret_sessions);
	*ret_n = 0;
	return act("list", call, err);
}

static int identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	(void)state;
	*ret = (hst_identity){.key = user, .name = user, .uid = -1, .gid = -1};
	return act("identify", call, err);
}

static int open_session(void *state, hst_call *call, const hst_open *what, const char **ret_session, hst_error *err)
{
	(void)state, (void)what;
	is_open = true;
	*ret_session = "s1";
	return act("open", call, err);
}

static int start(void *state, hst_call *call, const char *session, const hst_start *what, pid_t *ret_pid, hst_error *err)
{
	const int given[] = {what->stdin_fd, what->stdout_fd, what->stderr_fd};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int code = act("start", call, err);

	(void)state, (void)session;
	if (code != HST_OK)
		return code;
	posix_spawn_file_actions_init(&actions);
	posix_spawnattr_init(&attributes);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_adddup2(&actions, given[fd], 100 + fd);
	for (int fd = 0; fd < 3; fd++)
		posix_spawn_file_actions_adddup2(&actions, 100 + fd, fd);
	posix_spawn_file_actions_addclosefrom_np(&actions, 3);
	posix_spawn_file_actions_addchdir_np(&actions, what->directory);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP);
	code = posix_spawnp(ret_pid, what->argv[0], &actions, &attributes, what->argv, what->environment);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	return code ? hst_fail(err, HST_INVALID, "%s was not started", what->argv[0]) : HST_OK;
}

static int close_session(void *state, hst_call *call, const char *session, hst_error *err)
{
	(void)state, (void)session;
	is_open = false;
	return act("close", call, err);
}

static int reap(void *state, hst_call *call, const char *const *notes, size_t n, hst_error *err)
{
	(void)state, (void)call, (void)notes, (void)n, (void)err;
	return HST_OK;
}

static const hst_driver_ops ops = {.size = sizeof ops, .list = list, .identify = identify, .open = open_session,
				   .start = start, .close = close_session, .reap = reap};

HST_PLUGIN(wayward) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "wayward",
	.version = "1.0",
	.summary = "Misbehaves as a file says",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.open = wayward_open,
	.ops = &ops,
};
