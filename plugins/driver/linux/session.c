#include "session.h"

#include "attach.h"
#include "ending.h"
#include "leftovers.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <unistd.h>

void session_init(struct session *session, hst_host *host, const struct session_kind *kind, void *driver,
		  const struct session_settings *settings)
{
	*session = (struct session){.host = host, .kind = kind, .driver = driver, .settings = *settings, .log_fd = -1};
	remains_init(&session->remains);
}

int session_mark(struct session *session, hst_call *call, hst_error *err)
{
	const char *house = hst_house(session->host);
	unsigned char draw[(MARK_SIZE - 1) / 2];
	char mark[MARK_SIZE];
	int rc;

	if (getrandom(draw, sizeof draw, 0) != (ssize_t)sizeof draw)
		return hst_fail(err, HST_RETRY, "no randomness: %s", strerror(errno));
	for (size_t i = 0; i < sizeof draw; i++)
		snprintf(mark + 2 * i, 3, "%02x", draw[i]);
	if (house)
		memcpy(mark, house, strnlen(house, sizeof draw));

	/* Whatever loses its parent comes to this process, where it is found and ended. */
	if (prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) != 0)
		return hst_fail(err, HST_BROKEN, "this process cannot become a subreaper: %s",
				strerror(errno));
	session->remains.own = true;
	rc = remains_add_session(&session->remains, call, mark, session->account.uid, err);
	if (rc != HST_OK)
		return rc;
	return containment_make(&session->remains, call, session->settings.containment, err);
}

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
	opening.deadline = deadline_in(call, session->settings.ready_ms);
	for (size_t i = 0; i < session->kind->step_count && rc == HST_OK; i++)
		rc = session->kind->steps[i](&opening, &failure);
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
	struct deadline deadline = deadline_in(call, session->settings.ready_ms);
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
	const struct session_settings settings = session->settings;
	int rc;

	if (!session->is_open)
		return HST_OK;
	if (session->kind->let_go)
		session->kind->let_go(session);
	if (session->kind->find_rest && !session->remains.taken)
		session->kind->find_rest(&session->remains);
	rc = ending_processes(&session->remains, session->programs, session->program_count,
			      session->settings.grace_ms, err);
	leftovers_remove_display(&session->remains);
	if (rc == HST_OK)
		rc = containment_remove(&session->remains, err);
	if (rc != HST_OK)
		return rc;
	if (session->attached)
		attach_end(session);
	if (session->kind->sign_out && !session->remains.taken)
		session->kind->sign_out(session);
	if (session->log_fd >= 0)
		close(session->log_fd);
	session->log_fd = -1;
	rc = leftovers_remove_files(&session->remains, err);
	if (rc != HST_OK)
		return rc;
	remains_clear(&session->remains);
	free(session->programs);
	session_init(session, session->host, session->kind, session->driver, &settings);
	return HST_OK;
}
