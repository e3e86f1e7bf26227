#include "probe.h"

#include "leftovers.h"
#include "logind.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>
#include <xcb/xcb.h>

enum { ANSWER_FD = 3, AGAIN_MS = 300, FILES_MAX = 3, MARK_WORDS = 3, TOPMOST_MAX = 64, MEMORY_MAX = 256 << 20 };

/* What the child is to do. */
struct task {
	const struct probe *probe;
	const struct account *account;
	uid_t house; /* who asks */
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
	if (task->probe->server_file[0] == '/' && strcmp(task->probe->server_file, own) != 0)
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

/*
 * What a server says of itself is measured by the length it came with, which libxcb leaves to whoever reads it. NULL: it has
 * no screen.
 */
static const xcb_screen_t *screen_of(xcb_connection_t *connection)
{
	const xcb_setup_t *setup = xcb_get_setup(connection);
	size_t needed = sizeof *setup + ((size_t)setup->vendor_len + 3) / 4 * 4 +
			(size_t)setup->pixmap_formats_len * sizeof(xcb_format_t) + sizeof(xcb_screen_t);

	return setup->roots_len > 0 && 8 + 4 * (size_t)setup->length >= needed ? xcb_setup_roots_iterator(setup).data : NULL;
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
	bool there = reply && reply->format == 32 && reply->value_len >= n && reply->length >= n;

	if (there)
		memcpy(to, xcb_get_property_value(reply), 4 * n);
	free(reply);
	return there;
}

/*
 * Its first word is an atom: LOCK when the screen is locked, BLANK when it is dark, 0 when it is neither. When it is dark
 * xscreensaver has pointer and keyboard itself; when it is neither, another locker may have them.
 */
static enum probe_answer ask_screensaver(xcb_connection_t *connection, xcb_window_t root)
{
	uint32_t state;

	if (!words(connection, root, "_SCREENSAVER_STATUS", &state, 1) || state == 0)
		return PROBE_SILENT;
	return state == atom(connection, "LOCK") ? PROBE_YES : state == atom(connection, "BLANK") ? PROBE_NO : PROBE_SILENT;
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

/* Is there any window in it? A program's own window may have a frame around it, which is the window manager's. */
static bool has_windows(xcb_connection_t *connection, xcb_window_t window)
{
	xcb_query_tree_reply_t *tree = xcb_query_tree_reply(connection, xcb_query_tree(connection, window), NULL);
	bool has = !tree || tree->children_len > 0;

	free(tree);
	return has;
}

enum cover { NOT_SEEN, COVERS, LEAVES_OPEN };

/* Does this window lie over the whole screen without being the window manager's, as those of lockers do? */
static enum cover look_at_window(xcb_connection_t *connection, const xcb_screen_t *screen, xcb_window_t window)
{
	xcb_get_window_attributes_reply_t *about =
		xcb_get_window_attributes_reply(connection, xcb_get_window_attributes(connection, window), NULL);
	xcb_get_geometry_reply_t *place = xcb_get_geometry_reply(connection, xcb_get_geometry(connection, window), NULL);
	enum cover cover = NOT_SEEN;

	if (about && place && about->map_state == XCB_MAP_STATE_VIEWABLE) {
		bool over_all = place->x <= 0 && place->y <= 0 && place->x + place->width >= screen->width_in_pixels &&
				place->y + place->height >= screen->height_in_pixels;

		if (!about->override_redirect || (over_all && has_windows(connection, window)))
			cover = LEAVES_OPEN;
		else if (over_all)
			cover = COVERS;
	}
	free(about);
	free(place);
	return cover;
}

/* From the top; what is small and nobody's, as menus and notices are, decides nothing. */
static bool is_covered(xcb_connection_t *connection, const xcb_screen_t *screen)
{
	xcb_query_tree_reply_t *tree = xcb_query_tree_reply(connection, xcb_query_tree(connection, screen->root), NULL);
	enum cover cover = NOT_SEEN;
	uint32_t n = tree && tree->length >= tree->children_len ? tree->children_len : 0;

	for (uint32_t i = 0; i < n && i < TOPMOST_MAX && cover == NOT_SEEN; i++)
		cover = look_at_window(connection, screen, xcb_query_tree_children(tree)[n - 1 - i]);
	free(tree);
	return cover == COVERS;
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

/* A server that sends without end does not get all memory of the machine for it. */
static void limit_memory(void)
{
#ifndef __SANITIZE_ADDRESS__
	const struct rlimit limit = {MEMORY_MAX, MEMORY_MAX};

	setrlimit(RLIMIT_DATA, &limit);
#endif
}

/* Anybody on the display can write a mark: one that names no process of the house marks nothing. */
static bool flow_runs(const struct task *task, const struct process *mark)
{
	struct proc_entry entry;

	return proc_lives(mark) && proc_read(mark->pid, &entry) && entry.uid == task->house;
}

/* Logind has been asked before. */
static void ask_whether_locked(xcb_connection_t *connection, const xcb_screen_t *screen, const struct task *task,
			       struct probed *answer)
{
	const struct probe *probe = task->probe;
	bool may_ask = !probe->let_pointer_be;

	if (probe->screensaver_runs)
		answer->screensaver = ask_screensaver(connection, screen->root);
	if (answer->screensaver != PROBE_SILENT)
		return;
	if (flow_runs(task, &answer->mark))
		may_ask = is_covered(connection, screen);
	if (may_ask)
		answer->refused = ask_grabs(connection, screen->root, probe->was_locked);
}

static int ask(const void *argument, char why[LAUNCH_WHY_MAX])
{
	const struct task *task = argument;
	const struct probe *probe = task->probe;
	struct probed answer = {.screensaver = PROBE_SILENT, .refused = PROBE_SILENT};
	const xcb_screen_t *screen;
	xcb_connection_t *connection;

	limit_memory();
	dup2(STDIN_FILENO, STDERR_FILENO); /* where libxcb says what is said by `why` too, every time */
	if (probe->lock && !probe->bus_hangs)
		answer.logind = logind_locked(probe->server.pid, &answer.bus_hangs);
	if (answer.logind == PROBE_YES)
		return tell(&answer, why);
	connection = open_display(task, &answer.cookie, why);
	if (!connection)
		return 1;
	screen = screen_of(connection);
	if (!screen) {
		snprintf(why, LAUNCH_WHY_MAX, "its X server says nothing sensible of itself");
		return 1;
	}
	look_at_mark(connection, screen->root, probe, &answer.mark);
	if (probe->lock)
		ask_whether_locked(connection, screen, task, &answer);
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
	const struct task task = {probe, account, geteuid()};
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
