#include "person/notice.h"

#include "base/clock.h"
#include "loop/loop.h"
#include "person/popup.h"
#include "person/windows.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

/* How long what is to be shown last may take once nobody has more to tell; and when it is told to end. */
enum { FAREWELL_MS = 2000, TERMINATED_MS = 300 };

static const char usage[] = "usage: hostler-notice popup|window\n\n"
			    "Started by hostler-session in the session of a person, whom it tells of the attended run there.\n";

struct notice {
	struct loop *loop;
	struct popup *popup; /* NULL: only windows are told */
	struct windows *windows;
	struct happening last;
	struct loop_timer *leaving;
	bool over; /* nothing more comes */
};

static void leave(void *arg)
{
	struct notice *notice = arg;

	notice->leaving = NULL;
	loop_stop(notice->loop, 0);
}

static void leave_when_done(void *arg)
{
	struct notice *notice = arg;

	if (notice->over && (!notice->popup || popup_is_done(notice->popup)))
		loop_stop(notice->loop, 0);
}

static void leave_within(struct notice *notice, int64_t ms)
{
	notice->over = true;
	loop_cancel(notice->loop, &notice->leaving);
	notice->leaving = loop_in(notice->loop, ms, leave, notice);
}

static void on_answered(void *arg, enum answer answer, int64_t number)
{
	char line[ANSWER_BYTES_MAX];
	size_t length = answer_write(line, answer, number);

	(void)arg;
	/* A hold that does not hear has other worries. */
	if (send(STDIN_FILENO, line, length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
		return;
}

static void show(struct notice *notice)
{
	if (notice->popup)
		popup_show(notice->popup, &notice->last);
	windows_show(notice->windows, &notice->last);
}

static void hear(struct notice *notice, const char *bytes, size_t length)
{
	if (happening_read(bytes, length, &notice->last, NULL) == HST_OK)
		show(notice);
}

/* The hold is gone. Where it did not say how the run ended it was not asked to go. */
static void over(struct notice *notice)
{
	loop_fd(notice->loop, STDIN_FILENO, 0, NULL, NULL);
	if (*notice->last.state && !happening_is_end(&notice->last)) {
		snprintf(notice->last.state, sizeof notice->last.state, "gone");
		notice->last.at_us = clock_wall_us();
		show(notice);
	}
	if (!notice->over)
		leave_within(notice, FAREWELL_MS);
}

static void on_told(void *arg, int fd, short ready)
{
	static char bytes[HAPPENING_BYTES_MAX];
	struct notice *notice = arg;
	ssize_t n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);

	(void)ready;
	if (n > 0 && n <= (ssize_t)sizeof bytes)
		hear(notice, bytes, (size_t)n);
	else if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		over(notice);
}

static void on_signal(void *arg, int signal)
{
	(void)signal;
	/* Its session is being let go: what was told last is most often shown within a moment. */
	leave_within(arg, TERMINATED_MS);
}

static bool is_told_by_a_socket(void)
{
	int type = 0;
	socklen_t size = sizeof type;

	return getsockopt(STDIN_FILENO, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_SEQPACKET;
}

static int tell(struct notice *notice, bool with_popup)
{
	static const int signals[] = {SIGTERM, SIGINT, SIGHUP, 0};
	const struct popup_role role = {on_answered, notice};
	const struct windows_role look = {on_answered, notice};
	int status;

	/* It outlives the hold by as long as it takes to say that it is gone. */
	prctl(PR_SET_PDEATHSIG, 0);
	notice->loop = loop_new(loop_wait_poll);
	loop_signals(notice->loop, signals, on_signal, notice);
	loop_fd(notice->loop, STDIN_FILENO, POLLIN, on_told, notice);
	if (with_popup)
		notice->popup = popup_new(notice->loop, &role);
	notice->windows = windows_new(notice->loop, &look);
	loop_after(notice->loop, leave_when_done, notice);
	status = loop_run(notice->loop);
	if (notice->popup)
		popup_free(notice->popup);
	windows_free(notice->windows);
	loop_free(notice->loop);
	return status;
}

int notice_main(int argc, char **argv)
{
	struct notice notice = {0};

	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		fputs(usage, stdout);
		return 0;
	}
	if (argc != 2 || (strcmp(argv[1], "popup") != 0 && strcmp(argv[1], "window") != 0) || !is_told_by_a_socket()) {
		fputs(usage, stderr);
		return 2;
	}
	if (geteuid() == 0) {
		on_answered(NULL, ANSWER_TROUBLE, TROUBLE_ROOT);
		return 1;
	}
	return tell(&notice, strcmp(argv[1], "popup") == 0);
}
