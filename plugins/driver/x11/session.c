#include "session.h"

#include "attach.h"
#include "ending.h"
#include "leftovers.h"
#include "screen.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* The longest socket that lies in the session's directory is the accessibility bus's. */
#define LONGEST_SOCKET "/" LEFTOVERS_RUNTIME "/at-spi/bus_65535"

/* One step of opening. What it brings into the world it adds to session->remains first. */
struct opening {
	struct session *session;
	hst_call *call;
	const hst_open *what;
	struct deadline deadline;
};

static char *keep(struct session *session, const char *directory, const char *name)
{
	size_t size = strlen(directory) + strlen(name) + 2;
	char *path = session->host->alloc(session->host->instance_arena, size);

	snprintf(path, size, "%s/%s", directory, name);
	return path;
}

void session_init(struct session *session, hst_host *host, const struct options *options)
{
	*session = (struct session){.host = host, .options = options, .log_fd = -1};
	remains_init(&session->remains);
}

static int step_account(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	hst_host *host = session->host;
	int rc = account_find(host, host->instance_arena, opening->what->user, &session->account, err);

	if (rc == HST_OK)
		rc = account_admit(&session->account, err);
	if (rc == HST_OK && geteuid() == 0)
		rc = signin_directory(host, host->instance_arena, session->options->pam_dir,
				      &session->pam_dir, err);
	return rc;
}

static int step_settings(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	size_t longest = sizeof((struct sockaddr_un *)0)->sun_path;
	int rc;

	session->display.xserver = session->options->xserver;
	rc = display_size(session->options->screen, &session->display.width, &session->display.height, err);
	if (rc == HST_OK && strlen(opening->what->run_dir) + sizeof LONGEST_SOCKET > longest)
		rc = hst_fail_as(err, HST_INVALID, "SessionCreationError",
				 "%s is too long for the sockets in it: set a run_dir of at most %zu bytes",
				 opening->what->run_dir, longest - sizeof LONGEST_SOCKET);
	return rc;
}

int session_mark(struct session *session, hst_call *call, hst_error *err)
{
	unsigned char draw[(MARK_SIZE - 1) / 2];
	char mark[MARK_SIZE];

	if (getrandom(draw, sizeof draw, 0) != (ssize_t)sizeof draw)
		return hst_fail(err, HST_RETRY, "no randomness: %s", strerror(errno));
	for (size_t i = 0; i < sizeof draw; i++)
		snprintf(mark + 2 * i, 3, "%02x", draw[i]);

	/* Whatever loses its parent comes to this process, where it is found and ended. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return hst_fail(err, HST_BROKEN, "this process cannot become a subreaper: %s",
				strerror(errno));
	session->remains.own = true;
	return remains_add_session(&session->remains, call, mark, session->account.uid, err);
}

static int step_mark(struct opening *opening, hst_error *err)
{
	return session_mark(opening->session, opening->call, err);
}

static int step_signin(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	int rc;

	if (geteuid() != 0)
		return HST_OK;
	rc = remains_add_pam(&session->remains, opening->call, session->pam_dir, session->account.name, err);
	if (rc != HST_OK)
		return rc;
	return signin_open(&session->signin, &session->account, session->pam_dir, opening->call,
			   opening->what->password, err);
}

/* After signing in, since PAM may have made or mounted it just now. */
static int step_home(struct opening *opening, hst_error *err)
{
	const struct account *account = &opening->session->account;
	struct stat about;

	if (stat(account->home, &about) == 0 && S_ISDIR(about.st_mode))
		return HST_OK;
	return hst_fail_as(err, HST_INVALID, "SessionCreationError",
			   "'%s' has no home directory: %s is not there; make it with `mkhomedir_helper %s`",
			   account->name, account->home, account->name);
}

/* Made while the directory is still ours, so that nothing in it can be a link somebody else has put there. */
static int step_files(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	const struct account *account = &session->account;
	const char *run_dir = opening->what->run_dir;
	bool give = geteuid() == 0;
	int cookie, rc;

	session->run_dir = session->display.directory = keep(session, run_dir, ".");
	session->runtime = keep(session, run_dir, LEFTOVERS_RUNTIME);
	session->display.authority = keep(session, run_dir, LEFTOVERS_COOKIE);
	rc = remains_add_files(&session->remains, opening->call, run_dir, err);
	if (rc != HST_OK)
		return rc;
	session->log_fd = open(keep(session, run_dir, LEFTOVERS_LOG),
			       O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	cookie = open(session->display.authority, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (session->log_fd < 0 || cookie < 0 || mkdir(session->runtime, 0700) != 0 ||
	    (give && (fchown(cookie, account->uid, account->gid) != 0 ||
		      chown(session->runtime, account->uid, account->gid) != 0 ||
		      chown(run_dir, account->uid, account->gid) != 0)) ||
	    chmod(run_dir, 0700) != 0)
		rc = hst_fail_as(err, HST_BROKEN, "SessionCreationError",
				 "the directory %s cannot be set up: %s", run_dir, strerror(errno));
	else
		rc = display_make_cookie(&session->display, cookie, err);
	if (cookie >= 0)
		close(cookie);
	return rc;
}

static void free_list(char **list)
{
	for (size_t i = 0; list && list[i]; i++)
		free(list[i]);
	free(list);
}

/*
 * Nothing is taken over from this process. What PAM sets wins over the first lines, which are only there so
 * that they are never missing, and not over what names the user and the session.
 */
static int step_environment(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	struct environment *environment = &session->environment;
	const struct account *account = &session->account;
	char **from_pam = signin_environment(&session->signin);

	(void)err;
	environment_begin(environment, session->host, session->host->instance_arena);
	environment_setf(environment, MARK_NAME "=%s", session->remains.mark);
	environment_set(environment, "PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games");
	environment_set(environment, "LANG=C.UTF-8");
	environment_add(environment, from_pam);
	free_list(from_pam);
	environment_setf(environment, MARK_NAME "=%s", session->remains.mark);
	environment_setf(environment, "HOME=%s", account->home);
	environment_setf(environment, "USER=%s", account->name);
	environment_setf(environment, "LOGNAME=%s", account->name);
	environment_setf(environment, "SHELL=%s", account->shell);
	environment_setf(environment, "XDG_RUNTIME_DIR=%s", session->runtime);
	environment_set(environment, "XDG_SESSION_TYPE=x11");
	environment_setf(environment, "XAUTHORITY=%s", session->display.authority);
	return HST_OK;
}

static int step_display(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	int rc = display_start(&session->display, &session->account, session->environment.at, session->log_fd,
			       &session->remains, &opening->deadline, err);

	if (rc != HST_OK)
		return rc;
	environment_setf(&session->environment, "DISPLAY=:%d", session->display.number);
	snprintf(session->id, sizeof session->id, "x11:%d:%d", session->display.number,
		 (int)session->display.process.pid);
	return HST_OK;
}

/* Only started here: it gets ready while the buses do. */
static int step_window_manager(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	const char *name = session->options->window_manager;
	char *const argv[] = {(char *)name, NULL};
	const struct program program = {.what = "the window manager",
					.argv = argv,
					.environment = session->environment.at,
					.directory = session->account.home,
					.fd_in = -1,
					.fd_out = session->log_fd,
					.fd_err = session->log_fd,
					.fd_extra = -1,
					.death_signal = SIGTERM,
					.package = name,
					.note = remains_add_process};

	return launch_program(&session->account, &program, &session->remains, &opening->deadline,
			      &session->window_manager, err);
}

static int step_bus(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	struct environment *environment = &session->environment, for_services;
	int rc;

	/* The accessibility service keeps its switch in the user's settings, where it would outlive the
	 * session. */
	environment_begin(&for_services, session->host, opening->call->arena);
	environment_add(&for_services, environment->at);
	environment_set(&for_services, "GSETTINGS_BACKEND=memory");
	rc = bus_start(session->runtime, &session->account, for_services.at, &session->remains,
		       &opening->deadline, session->bus_address, err);
	if (rc != HST_OK)
		return rc;
	environment_setf(environment, "DBUS_SESSION_BUS_ADDRESS=%s", session->bus_address);

	/* GTK 3 and 4 look at the bus by themselves; Qt, and GTK 2 with its bridge, want to be told. */
	environment_set(environment, "QT_LINUX_ACCESSIBILITY_ALWAYS_ON=1");
	environment_set(environment, "GTK_MODULES=gail:atk-bridge");
	return bus_enable_accessibility(&session->account, environment->at, &session->remains,
					&opening->deadline, err);
}

/* A program that is started before the window manager is ready is sometimes never shown. */
static int step_ready(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	hst_error why = {0};
	int rc = screen_make_ready(&session->display, &session->account, &session->window_manager,
				   &opening->deadline, &why);

	if (rc == HST_OK)
		return HST_OK;
	return hst_fail_as(err, rc, "SessionCreationError",
			   "the window manager %s does not announce itself on the display: %s",
			   session->options->window_manager, why.text);
}

static int (*const steps[])(struct opening *opening, hst_error *err) = {
	step_account,	  step_settings, step_mark,	      step_signin, step_home,  step_files,
	step_environment, step_display,	 step_window_manager, step_bus,	   step_ready,
};

/* Adds the last line that the X server or the window manager wrote, which usually says what is wrong. */
static void add_last_words(int log_fd, hst_error *err)
{
	char tail[256], *line;
	size_t used = strlen(err->text);
	off_t size = lseek(log_fd, 0, SEEK_END);
	off_t from = size > (off_t)sizeof tail - 1 ? size - ((off_t)sizeof tail - 1) : 0;
	ssize_t n = size > 0 ? pread(log_fd, tail, sizeof tail - 1, from) : 0;

	while (n > 0 && (tail[n - 1] == '\n' || tail[n - 1] == ' '))
		n--;
	if (n <= 0)
		return;
	tail[n] = '\0';
	line = strrchr(tail, '\n');
	snprintf(err->text + used, sizeof err->text - used, " (it last said: %s)", line ? line + 1 : tail);
}

int session_open(struct session *session, hst_call *call, const hst_open *what, hst_error *err)
{
	struct opening opening = {.session = session, .call = call, .what = what};
	hst_error failure = {0}, ignored = {0};
	int rc = HST_OK;

	if (session->is_open)
		return hst_fail(err, HST_INVALID, "this process already holds session %s: close it first",
				session->id);
	opening.deadline = deadline_in(call, session->options->ready_within.ms);
	for (size_t i = 0; i < sizeof steps / sizeof *steps && rc == HST_OK; i++)
		rc = steps[i](&opening, &failure);
	if (rc == HST_OK) {
		session->is_open = true;
		return HST_OK;
	}
	if (session->log_fd >= 0)
		add_last_words(session->log_fd, &failure);
	session->is_open = true; /* so that closing takes down as much as there is */
	if (session_close(session, &ignored) != HST_OK)
		hst_log(session->host, HST_WARNING, "after a failed opening: %s", ignored.text);
	return hst_fail_as(err, rc, failure.reason[0] ? failure.reason : "SessionCreationError", "%s",
			   failure.text);
}

/* The caller takes the status of a program whenever it likes; after that the entry only takes room. */
static void forget_ended_programs(struct session *session)
{
	struct proc_entry entry;
	size_t kept = 0;

	for (size_t i = 0; i < session->program_count; i++)
		if (proc_read(session->programs[i].pid, &entry) &&
		    entry.id.start == session->programs[i].start)
			session->programs[kept++] = session->programs[i];
	session->program_count = kept;
}

static struct process *room_for_program(struct session *session)
{
	forget_ended_programs(session);
	if (session->program_count == session->program_size) {
		session->program_size = session->program_size ? 2 * session->program_size : 8;
		session->programs =
			reallocarray(session->programs, session->program_size, sizeof *session->programs);
		if (!session->programs)
			abort();
	}
	return &session->programs[session->program_count];
}

int session_start(struct session *session, hst_call *call, const hst_start *what, pid_t *ret_pid,
		  hst_error *err)
{
	struct deadline deadline = deadline_in(call, session->options->ready_within.ms);
	struct process *process = room_for_program(session);
	struct environment environment;
	struct program program = {.what = "the program",
				  .argv = what->argv,
				  .directory = what->directory,
				  .fd_in = what->stdin_fd,
				  .fd_out = what->stdout_fd,
				  .fd_err = what->stderr_fd,
				  .fd_extra = -1,
				  .death_signal = SIGKILL,
				  .note = remains_add_process};
	int rc;

	ending_collect(&session->remains, session->programs, session->program_count);
	environment_begin(&environment, session->host, call->arena);
	environment_add(&environment, session->environment.at);
	environment_add(&environment, what->environment);
	environment_setf(&environment, MARK_NAME "=%s", session->remains.mark);
	program.environment = environment.at;
	rc = launch_program(&session->account, &program, &session->remains, &deadline, process, err);
	if (rc != HST_OK)
		return rc;
	session->program_count++;
	*ret_pid = process->pid;
	return HST_OK;
}

int session_close(struct session *session, hst_error *err)
{
	int rc;

	if (!session->is_open)
		return HST_OK;
	rc = ending_processes(&session->remains, session->programs, session->program_count,
			      session->options->grace.ms, err);
	leftovers_remove_display(&session->remains);
	if (rc != HST_OK)
		return rc;
	if (session->attached)
		attach_end(session);
	signin_close(&session->signin);
	if (session->log_fd >= 0)
		close(session->log_fd);
	session->log_fd = -1;
	rc = leftovers_remove_files(&session->remains, err);
	if (rc != HST_OK)
		return rc;
	remains_clear(&session->remains);
	free(session->programs);
	session_init(session, session->host, session->options);
	return HST_OK;
}
