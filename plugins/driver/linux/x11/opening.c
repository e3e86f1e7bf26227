#include "opening.h"

#include "../leftovers.h"
#include "../steps.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static int step_settings(struct opening *opening, hst_error *err)
{
	const struct x11 *x11 = opening->session->driver;
	struct display *display = &opening->session->display;

	display->xserver = x11->options->xserver;
	display->opengl = x11->options->opengl;
	opening->session->window_manager_name = x11->options->window_manager;
	return display_size(x11->options->screen, &display->width, &display->height, err);
}

static int step_signin(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	struct x11 *x11 = session->driver;
	const char *pam_dir;
	int rc;

	if (geteuid() != 0)
		return HST_OK;
	rc = signin_directory(session->host, opening->call->arena, x11->options->pam_dir, &pam_dir, err);
	if (rc == HST_OK)
		rc = remains_add_pam(&session->remains, opening->call, pam_dir, session->account.name, err);
	if (rc != HST_OK)
		return rc;
	return signin_open(&x11->signin, &session->account, pam_dir, opening->call, opening->what->password, err);
}

static void sign_out(struct session *session)
{
	struct x11 *x11 = session->driver;

	signin_close(&x11->signin);
}

static void reap(const struct remains *remains)
{
	if (remains->user[0] && !remains->other_boot)
		signin_reap(remains->user, remains->pam_dir);
}

static int make_cookie(struct opening *opening, hst_error *err)
{
	struct session *session = opening->session;
	const struct account *account = &session->account;
	int cookie, rc;

	session->display.authority = step_path(session, opening->what->run_dir, LEFTOVERS_COOKIE);
	cookie = open(session->display.authority, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (cookie < 0 || (geteuid() == 0 && fchown(cookie, account->uid, account->gid) != 0))
		rc = hst_fail_as(err, HST_BROKEN, "SessionCreationError", "the X cookie's file %s cannot be made: %s",
				 session->display.authority, strerror(errno));
	else
		rc = display_make_cookie(&session->display, cookie, err);
	if (cookie >= 0)
		close(cookie);
	return rc;
}

static int step_environment(struct opening *opening, hst_error *err)
{
	const struct x11 *x11 = opening->session->driver;
	char **from_pam = signin_environment(&x11->signin);

	(void)err;
	step_environment_with(opening->session, from_pam);
	for (size_t i = 0; from_pam && from_pam[i]; i++)
		free(from_pam[i]);
	free(from_pam);
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
	const char *name = session->window_manager_name;
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

static const session_step steps[] = {
	step_account, step_directory,	step_settings, step_mark,	    step_signin, step_home,
	step_files,   step_environment, step_display,  step_window_manager, step_bus,	 step_ready,
};

const struct session_kind opening_kind = {
	.displays = {.name = "x11"},
	.steps = steps,
	.step_count = sizeof steps / sizeof *steps,
	.make_files = make_cookie,
	.sign_out = sign_out,
	.reap = reap,
};
