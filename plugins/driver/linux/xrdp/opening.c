#include "opening.h"

#include "../leftovers.h"
#include "../ops.h"
#include "../probe.h"
#include "../steps.h"
#include "displays.h"
#include "keeping.h"
#include "limit.h"
#include "sesman.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { LOOK_AGAIN_MS = 10, ASK_AGAIN_MS = 200, ASK_MOST = 5, LOST_MS = 3000, COOKIE_MS = 5000, PROGRAM_MAX = 200 };

static void a_moment(long ms)
{
	const struct timespec moment = {.tv_nsec = ms * 1000000L};

	nanosleep(&moment, NULL);
}

static int step_settings(struct opening *opening, hst_error *err)
{
	const struct xrdp *xrdp = opening->session->driver;
	struct display *display = &opening->session->display;
	const char *manager = xrdp->options->window_manager;
	char *program = hst_copy(opening->call, manager, strcspn(manager, " \t"));

	opening->session->window_manager_name = manager;
	if (!ops_program_is_there(program))
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "window_manager = %s: there is no program %s; install the package that has it, or name another", manager,
				   program);
	display_secure_sockets();
	return display_size(xrdp->options->screen, &display->width, &display->height, err);
}

static int step_listener(struct opening *opening, hst_error *err)
{
	int rc = sesman_listens(err);

	(void)opening;
	/* Before a password is sent for nothing. */
	return rc == HST_OK ? limit_look(err) : rc;
}

/*
 * The session runs what it is told to here and not what startwm.sh, or a file in the user's home, says: the window manager
 * alone, below a shell that is waited for by sesman. The shell's command line tells every process that hostler opened the
 * session, and which it is. The last word keeps the shell from becoming the window manager.
 */
static int leader_text(const struct session *session, char to[PROGRAM_MAX], hst_error *err)
{
	int n = snprintf(to, PROGRAM_MAX, DISPLAYS_LEADER "%s %s; exit 0", session->remains.mark, session->window_manager_name);

	if (n < PROGRAM_MAX)
		return HST_OK;
	return hst_fail_as(err, HST_INVALID, "SessionCreationError", "the option window_manager is too long");
}

static int let_be(struct session *session, hst_error *err)
{
	session->remains.sockets[0] = '\0';
	return hst_fail_as(err, HST_RETRY, "SessionExistsForTheUserWhenUnattended",
			   "'%s' has a session on display :%d already, and sesman makes no second one: it was let be", session->account.name,
			   session->display.number);
}

static int ask(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	char program[PROGRAM_MAX];
	const struct sesman_request request = {.account = &session->account,
					       .password = opening->what->password,
					       .width = session->display.width,
					       .height = session->display.height,
					       .program = program};
	int rc = leader_text(session, program, err);

	if (rc == HST_OK)
		rc = sesman_ask(&request, &session->remains, &opening->deadline, &session->display.number, err);

	/* Where sesman has said no there is nothing that could still come. */
	if (rc != HST_OK && rc != HST_TIMEOUT && rc != HST_CANCELLED)
		session->remains.sockets[0] = '\0';
	return rc;
}

/*
 * A user who has a session that sesman knows is given that one. Then nothing was opened, and nothing is touched: its person
 * came since the strategy decided, or the strategy is one that minds no other session.
 */
static int step_signin(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	const struct xrdp *xrdp = session->driver;
	const void *before = displays_look_round(opening->call, xrdp->options->sockets);
	int rc = remains_add_sesman(&session->remains, opening->call, xrdp->options->sockets, err);

	if (rc != HST_OK)
		return rc;
	rc = ask(opening, err);
	if (rc == HST_OK && displays_serves(before, session->display.number, session->account.uid))
		rc = let_be(session, err);
	return rc;
}

/* Notes what carries the session, each once. */
static int note_carriers(struct remains *remains, hst_call *call, const struct carriers *found, hst_error *err)
{
	char path[64];
	struct stat about;
	int rc = HST_OK;

	if (!remains->broker.pid)
		rc = remains_add_broker(remains, call, &found->broker, err);
	if (rc == HST_OK && !remains->leader.pid)
		rc = remains_add_leader(remains, call, &found->leader, err);
	if (rc == HST_OK && !remains->xserver.pid && found->server.pid)
		rc = remains_add_xserver(remains, call, &found->server, err);
	snprintf(path, sizeof path, LEFTOVERS_SOCKETS "/X%d", found->display);
	if (rc == HST_OK && remains->display < 0 && found->display >= 0 && lstat(path, &about) == 0 && S_ISSOCK(about.st_mode) &&
	    about.st_uid == remains->uid)
		rc = remains_add_display(remains, call, found->display, about.st_dev, about.st_ino, err);
	return rc;
}

/*
 * Is there a session on the display that sesman named, or is one about to be? One that the user had may just have ended; then
 * sesman is asked again, for one that it knows nothing of yet. Who listens may be another one by then.
 */
static int see_it_come(struct opening *opening, unsigned *asked, hst_error *err)
{
	struct session *session = opening->session;
	int rc;

	if (displays_is_anothers(session->display.number, session->account.uid, session->remains.mark))
		return let_be(session, err);
	if (deadline_passed(&opening->deadline) || *asked > ASK_MOST)
		return hst_fail_as(err, HST_TIMEOUT, "SessionCreationError",
				   "sesman's session on display :%d %s: /var/log/xrdp-sesman.log and %s/.xorgxrdp.%d.log say why",
				   session->display.number, *asked > ASK_MOST ? "ends as soon as it begins" : "does not begin in time",
				   session->account.home, session->display.number);
	a_moment(LOOK_AGAIN_MS);
	if (displays_may_come(session->display.number) || ++*asked > ASK_MOST)
		return HST_OK;
	a_moment(ASK_AGAIN_MS);
	rc = step_listener(opening, err);
	return rc == HST_OK ? ask(opening, err) : rc;
}

/* The leader is there once the X server is; that of another session, too, which was only about to begin when it was looked for. */
static int step_carriers(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	struct carriers found;
	unsigned asked = 1;
	int rc = HST_OK;

	while (rc == HST_OK &&
	       (!displays_find(session->remains.mark, session->account.uid, &found) || found.display != session->display.number))
		rc = see_it_come(opening, &asked, err);
	if (rc == HST_OK)
		rc = note_carriers(&session->remains, opening->call, &found, err);
	if (rc != HST_OK)
		return rc;
	session->display.process = found.server;
	session->window_manager = found.leader;
	snprintf(session->id, sizeof session->id, "xrdp:%d:%d", found.display, (int)found.server.pid);
	return HST_OK;
}

/* What sesman and PAM gave to the session is given to its programs. */
static int step_environment(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	const struct xrdp *xrdp = session->driver;
	char *text, *from_signin[512];
	size_t length = proc_environment(session->window_manager.pid, &text), n = 0;

	(void)err;
	for (size_t at = 0; at < length && n < sizeof from_signin / sizeof *from_signin - 1; at += strlen(text + at) + 1)
		if (strncmp(text + at, "PATH=", 5) != 0 && strncmp(text + at, "PWD=", 4) != 0)
			from_signin[n++] = text + at;
	from_signin[n] = NULL;
	step_environment_with(session, from_signin);
	free(text);
	environment_setf(&session->environment, "DISPLAY=:%d", session->display.number);
	environment_setf(&session->environment, "XRDP_SOCKET_PATH=%s", xrdp->options->sockets);
	return HST_OK;
}

/* sesman has put the cookie where the user's programs look for it. */
static int step_cookie(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	struct deadline deadline = deadline_in(opening->call, COOKIE_MS);
	struct probe probe = {.display = session->display.number, .server = {.uid = session->account.uid}, .server_file = ""};
	struct probed *answer = hst_alloc(opening->call, sizeof *answer);
	hst_error why = {0};
	char *file;
	int rc = probe_display(&probe, &session->account, &deadline, answer, &why);

	if (rc != HST_OK)
		return hst_fail_as(err, rc, "SessionCreationError", "the session's display :%d: %s", session->display.number, why.text);
	memcpy(session->display.cookie, answer->cookie.data, COOKIE_SIZE);
	file = session->host->alloc(session->host->instance_arena, strlen(answer->cookie.file) + 1);
	memcpy(file, answer->cookie.file, strlen(answer->cookie.file) + 1);
	session->display.authority = file;
	return HST_OK;
}

static bool is_on_display(pid_t pid, int display)
{
	char *text;
	size_t n = proc_environment(pid, &text);
	bool on = false;

	for (size_t at = 0; at < n && !on; at += strlen(text + at) + 1)
		on = strncmp(text + at, "DISPLAY=", 8) == 0 && display_is_named(text + at + 8, display);
	free(text);
	return on;
}

/* The server of the session's channels carries no mark, and outlives a broker that was killed. */
static void find_helpers(struct remains *remains)
{
	struct proc_entry *entries, broker;
	size_t n = proc_scan(&entries);

	for (size_t i = 0; i < n; i++)
		if (entries[i].uid == remains->uid && strcmp(entries[i].name, "xrdp-chansrv") == 0 &&
		    is_on_display(entries[i].id.pid, remains->display) &&
		    (entries[i].parent == remains->broker.pid ||
		     !(proc_read(entries[i].parent, &broker) && broker.uid == 0 && strcmp(broker.name, "xrdp-sesman") == 0)))
			remains_put_process(remains, &entries[i].id);
	free(entries);
}

/* What was asked of sesman may become a session a little later than whoever asked was there to see it. */
static void find_rest(struct remains *remains)
{
	struct deadline deadline = deadline_in(NULL, remains->broker.pid ? 0 : LOST_MS);
	struct carriers found;
	struct stat about;
	char path[64];

	if (!remains->sockets[0] || !remains->mark[0])
		return;
	if (remains->display < 0) {
		while (!displays_find(remains->mark, remains->uid, &found) && !deadline_passed(&deadline))
			a_moment(LOOK_AGAIN_MS);
		if (found.leader.pid) {
			remains->broker = found.broker;
			remains->leader = found.leader;
			remains->xserver = found.server;
			remains->display = found.display;
		}
		snprintf(path, sizeof path, LEFTOVERS_SOCKETS "/X%d", found.display);
		if (found.display >= 0 && lstat(path, &about) == 0) {
			remains->display_device = about.st_dev;
			remains->display_inode = about.st_ino;
		}
	}
	if (remains->display >= 0)
		find_helpers(remains);
}

static void reap(const struct remains *remains)
{
	if (remains->sockets[0] && remains->display >= 0 && !remains->other_boot && !proc_lives(&remains->xserver))
		displays_remove_sockets(remains->sockets, remains->display, remains->uid);
}

static void sign_out(struct session *session)
{
	reap(&session->remains);
}

static void *look_round(hst_call *call, void *driver)
{
	const struct xrdp *xrdp = driver;

	return displays_look_round(call, xrdp->options->sockets);
}

static const session_step steps[] = {
	step_account, step_directory, step_settings,	step_listener, step_mark, step_signin,
	step_carriers, step_home,     step_files,	step_cookie,   step_environment, step_bus, step_ready,
	keeping_begin,
};

const struct session_kind opening_kind = {
	.displays = {.name = "xrdp", .begin = look_round, .look = displays_look},
	.steps = steps,
	.step_count = sizeof steps / sizeof *steps,
	.sign_out = sign_out,
	.let_go = keeping_end,
	.standing = keeping_standing,
	.find_rest = find_rest,
	.reap = reap,
};
