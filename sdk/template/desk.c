/*
 * A small driver: the sessions of a list it keeps itself, in which programs run as the user hostler runs as. Rename desk
 * everywhere, and put a platform behind it.
 *
 *	[gateway]
 *	driver = desk
 */
#include <hostler/driver.h>

#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* A process has one session open at most. */
struct desk {
	char session[64]; /* "": none */
	pid_t group;	  /* of the program that was started last; 0: none */
};

static int desk_open_instance(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	(void)config, (void)err;
	*ret_state = host->alloc(host->instance_arena, sizeof(struct desk));
	return HST_OK;
}

/* Sessions that other processes opened, and people's, belong into this list: strategies decide by it. */
static int desk_list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions, size_t *ret_n,
                     hst_error *err)
{
	(void)state, (void)call, (void)err;
	*ret_device = (hst_device){.system = HST_LINUX, .processors = sysconf(_SC_NPROCESSORS_ONLN), .load_milli = -1};
	*ret_sessions = NULL;
	*ret_n = 0;
	return HST_OK;
}

/* Equal keys, same user; HST_NOT_FOUND: nobody of that name. */
static int desk_identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	const struct passwd *account = getpwnam(user);
	char key[32];

	(void)state;
	if (!account)
		return hst_fail(err, HST_NOT_FOUND, "there is no user \"%.40s\" on this machine", user);
	snprintf(key, sizeof key, "%u", (unsigned)account->pw_uid);
	ret->key = hst_copy(call, key, strlen(key));
	ret->name = hst_copy(call, account->pw_name, strlen(account->pw_name));
	ret->uid = (int64_t)account->pw_uid;
	ret->gid = (int64_t)account->pw_gid;
	return HST_OK;
}

/* A real one signs in here, and calls hst_note before each thing that must be undone when this process dies. */
static int desk_open(void *state, hst_call *call, const hst_open *what, const char **ret_session, hst_error *err)
{
	struct desk *desk = state;

	(void)call, (void)err;
	snprintf(desk->session, sizeof desk->session, "desk:%.50s", what->user);
	*ret_session = desk->session;
	return HST_OK;
}

static void run_program(const hst_start *what)
{
	setpgid(0, 0);
	if (chdir(what->directory) == 0 && dup2(what->stdin_fd, 0) == 0 && dup2(what->stdout_fd, 1) == 1 &&
	    dup2(what->stderr_fd, 2) == 2) {
		close_range(3, ~0u, 0);
		execvpe(what->argv[0], what->argv, what->environment);
	}
	_exit(127);
}

static int desk_start(void *state, hst_call *call, const char *session, const hst_start *what, pid_t *ret_pid, hst_error *err)
{
	struct desk *desk = state;
	pid_t child;

	(void)call;
	if (!desk->session[0] || strcmp(session, desk->session) != 0)
		return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "the session is not open");
	child = fork();
	if (child < 0)
		return hst_fail(err, HST_RETRY, "no process could be made");
	if (child == 0)
		run_program(what);
	setpgid(child, child);
	desk->group = child;
	*ret_pid = child;
	return HST_OK;
}

/* Done twice it succeeds. */
static int desk_close(void *state, hst_call *call, const char *session, hst_error *err)
{
	struct desk *desk = state;

	(void)call, (void)session, (void)err;
	if (desk->group > 1)
		kill(-desk->group, SIGKILL);
	*desk = (struct desk){0};
	return HST_OK;
}

static const hst_driver_ops desk_ops = {
	.size = sizeof desk_ops,
	.list = desk_list,
	.identify = desk_identify,
	.open = desk_open,
	.start = desk_start,
	.close = desk_close,
};

HST_PLUGIN(desk) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "desk",
	.version = "1.0",
	.summary = "Programs as one's own user, in sessions that are only a name",
	.open = desk_open_instance,
	.ops = &desk_ops,
};
