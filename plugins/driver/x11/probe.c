#include "probe.h"

#include "leftovers.h"
#include "logind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xcb/xcb.h>

enum { ANSWER_FD = 3, AGAIN_MS = 300, FILES_MAX = 3, MARK_WORDS = 3 };

/* What the child is to do. */
struct task {
	const struct probe *probe;
	const struct account *account;
};

/* The path name, which only its owner can put there, and not the abstract one, which anybody can. */
static int connect_to_server(const struct probe *probe, char why[LAUNCH_WHY_MAX])
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	socklen_t size = sizeof(struct ucred);
	struct ucred server;

	snprintf(address.sun_path, sizeof address.sun_path, LEFTOVERS_SOCKETS "/X%d", probe->display);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof address) != 0 ||
	    getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &server, &size) != 0)
		snprintf(why, LAUNCH_WHY_MAX, "its X server cannot be reached: %s", strerror(errno));
	else if (server.uid != probe->server.uid)
		snprintf(why, LAUNCH_WHY_MAX, "uid %u listens in the place of its X server", (unsigned)server.uid);
	else
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

static xcb_connection_t *open_display(const struct task *task, struct cookie *ret_cookie, char why[LAUNCH_WHY_MAX])
{
	static char protocol[] = "MIT-MAGIC-COOKIE-1";
	char own[PATH_MAX], greeter[64];
	const char *files[FILES_MAX];
	xcb_auth_info_t cookie = {.namelen = sizeof protocol - 1, .name = protocol, .datalen = COOKIE_SIZE};
	xcb_connection_t *connection;
	size_t n = 0;
	int fd;

	snprintf(own, sizeof own, "%s/.Xauthority", task->account->home);
	snprintf(greeter, sizeof greeter, "/run/user/%u/gdm/Xauthority", (unsigned)task->account->uid);
	if (task->probe->server_file[0] == '/')
		files[n++] = task->probe->server_file;
	files[n++] = own;
	files[n++] = greeter;
	if (!cookie_find(files, n, task->probe->display, ret_cookie, why, LAUNCH_WHY_MAX))
		return NULL;
	fd = connect_to_server(task->probe, why);
	if (fd < 0)
		return NULL;
	cookie.data = (char *)ret_cookie->data;
	connection = xcb_connect_to_fd(fd, &cookie);
	if (!xcb_connection_has_error(connection))
		return connection;
	snprintf(why, LAUNCH_WHY_MAX, "its X server does not let in with the cookie of %.120s", ret_cookie->file);
	xcb_disconnect(connection);
	return NULL;
}

static xcb_atom_t atom(xcb_connection_t *connection, const char *name)
{
	xcb_intern_atom_reply_t *reply = xcb_intern_atom_reply(
		connection, xcb_intern_atom(connection, 0, (uint16_t)strlen(name), name), NULL);
	xcb_atom_t found = reply ? reply->atom : XCB_ATOM_NONE;

	free(reply);
	return found;
}

/* The first words of a property of the root window; false: it is not there. */
static bool words(xcb_connection_t *connection, xcb_window_t root, const char *name, uint32_t *to, uint32_t n)
{
	xcb_get_property_reply_t *reply = xcb_get_property_reply(
		connection,
		xcb_get_property(connection, 0, root, atom(connection, name), XCB_GET_PROPERTY_TYPE_ANY, 0, n), NULL);
	bool there = reply && reply->format == 32 && xcb_get_property_value_length(reply) >= (int)(4 * n);

	if (there)
		memcpy(to, xcb_get_property_value(reply), 4 * n);
	free(reply);
	return there;
}

/* Its first word is an atom: LOCK when the screen is locked, BLANK when it is dark, 0 when it is neither. */
static enum probe_answer ask_screensaver(xcb_connection_t *connection, xcb_window_t root)
{
	uint32_t state;

	if (!words(connection, root, "_SCREENSAVER_STATUS", &state, 1))
		return PROBE_SILENT;
	return state != 0 && state == atom(connection, "LOCK") ? PROBE_YES : PROBE_NO;
}

static bool pointer_is_taken(xcb_connection_t *connection, xcb_window_t root)
{
	xcb_grab_pointer_reply_t *reply = xcb_grab_pointer_reply(
		connection,
		xcb_grab_pointer(connection, 1, root, 0, XCB_GRAB_MODE_ASYNC, XCB_GRAB_MODE_ASYNC, XCB_NONE, XCB_NONE,
				 XCB_CURRENT_TIME),
		NULL);
	bool granted = reply && reply->status == XCB_GRAB_STATUS_SUCCESS;

	if (granted)
		xcb_ungrab_pointer(connection, XCB_CURRENT_TIME);
	free(reply);
	return !granted;
}

static bool keyboard_is_taken(xcb_connection_t *connection, xcb_window_t root)
{
	xcb_grab_keyboard_reply_t *reply = xcb_grab_keyboard_reply(
		connection,
		xcb_grab_keyboard(connection, 1, root, XCB_CURRENT_TIME, XCB_GRAB_MODE_ASYNC, XCB_GRAB_MODE_ASYNC), NULL);
	bool granted = reply && reply->status == XCB_GRAB_STATUS_SUCCESS;

	if (granted)
		xcb_ungrab_keyboard(connection, XCB_CURRENT_TIME);
	free(reply);
	return !granted;
}

/*
 * Every locker has both. The pointer first: whoever works there notices least of it. Menus have both too, but not for
 * long.
 */
static enum probe_answer ask_grabs(xcb_connection_t *connection, xcb_window_t root, bool once)
{
	const struct timespec a_moment = {.tv_nsec = AGAIN_MS * 1000000L};

	for (int times = once ? 1 : 2;;) {
		if (!pointer_is_taken(connection, root) || !keyboard_is_taken(connection, root))
			return PROBE_NO;
		if (--times == 0)
			return PROBE_YES;
		nanosleep(&a_moment, NULL);
	}
}

/* Process id and start of the process whose flow runs here, so that one that has died marks nothing. */
static void look_at_mark(xcb_connection_t *connection, xcb_window_t root, const struct probe *probe, struct process *ret)
{
	const struct process *mark = probe->mark;
	uint32_t found[MARK_WORDS];

	if (mark && mark->pid > 0) {
		const uint32_t put[MARK_WORDS] = {(uint32_t)mark->pid, (uint32_t)(mark->start >> 32), (uint32_t)mark->start};

		xcb_change_property(connection, XCB_PROP_MODE_REPLACE, root, atom(connection, "_HOSTLER_ATTENDED"),
				    XCB_ATOM_CARDINAL, 32, MARK_WORDS, put);
	} else if (mark) {
		xcb_delete_property(connection, root, atom(connection, "_HOSTLER_ATTENDED"));
	}
	if (words(connection, root, "_HOSTLER_ATTENDED", found, MARK_WORDS))
		*ret = (struct process){.pid = (pid_t)found[0], .start = (uint64_t)found[1] << 32 | found[2]};
}

static int tell(const struct probed *answer, char why[LAUNCH_WHY_MAX])
{
	if (write(ANSWER_FD, answer, sizeof *answer) == (ssize_t)sizeof *answer)
		return 0;
	snprintf(why, LAUNCH_WHY_MAX, "what it said is lost: %s", strerror(errno));
	return 1;
}

static int ask(const void *argument, char why[LAUNCH_WHY_MAX])
{
	const struct task *task = argument;
	struct probed answer = {.screensaver = PROBE_SILENT, .refused = PROBE_SILENT};
	xcb_connection_t *connection;
	xcb_window_t root;

	dup2(STDIN_FILENO, STDERR_FILENO); /* where libxcb says what is said by `why` too, every time */
	if (task->probe->lock)
		answer.logind = logind_locked(task->probe->server.pid);
	if (answer.logind == PROBE_YES)
		return tell(&answer, why);
	connection = open_display(task, &answer.cookie, why);
	if (!connection)
		return 1;
	root = xcb_setup_roots_iterator(xcb_get_setup(connection)).data->root;
	look_at_mark(connection, root, task->probe, &answer.mark);
	if (task->probe->screensaver_runs)
		answer.screensaver = ask_screensaver(connection, root);
	if (task->probe->lock && answer.screensaver == PROBE_SILENT && !proc_lives(&answer.mark))
		answer.refused = ask_grabs(connection, root, task->probe->was_locked);
	if (xcb_connection_has_error(connection)) {
		snprintf(why, LAUNCH_WHY_MAX, "its X server has hung up");
		return 1;
	}
	xcb_disconnect(connection);
	return tell(&answer, why);
}

int probe_display(const struct probe *probe, const struct account *account, const struct deadline *deadline,
		  struct probed *ret, hst_error *err)
{
	const struct task task = {probe, account};
	int fd = memfd_create("answer", MFD_CLOEXEC), rc;

	if (fd < 0)
		return hst_fail(err, HST_RETRY, "there is no memory for its answer: %s", strerror(errno));
	rc = launch_aside(account, ask, &task, fd, NULL, deadline, err);
	if (rc == HST_OK && pread(fd, ret, sizeof *ret, 0) != (ssize_t)sizeof *ret)
		rc = hst_fail(err, HST_BROKEN, "its answer is cut off");
	if (rc == HST_TIMEOUT)
		rc = hst_fail(err, HST_TIMEOUT, "its X server does not answer");
	close(fd);
	return rc;
}
