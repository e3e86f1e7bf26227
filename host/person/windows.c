#include "person/windows.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "person/place.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { WINDOWS_MAX = 8, HEARD_MAX = 20 };

struct window {
	struct windows *windows;
	int fd; /* -1: none */
	bool behind;
	int64_t heard_us; /* when this second began, in which so many answers came */
	int heard;
};

struct windows {
	struct loop *loop;
	struct windows_role role;
	struct window at[WINDOWS_MAX];
	struct sockaddr_un name;
	char place[PLACE_SIZE];
	int held; /* the place, so that it stays; -1: there is none */
	int listener; /* -1: none */
	struct text now; /* "": nothing has happened */
};

static void let_go(struct window *window)
{
	loop_fd(window->windows->loop, window->fd, 0, NULL, NULL);
	close(take_fd(&window->fd));
}

static void on_window(void *arg, int fd, short ready);

static void tell(struct window *window)
{
	const struct text *now = &window->windows->now;
	ssize_t n;

	if (!now->length)
		return;
	n = send(window->fd, now->s, now->length, MSG_DONTWAIT | MSG_NOSIGNAL);
	window->behind = n < 0 && (errno == EAGAIN || errno == EINTR || errno == ENOBUFS);
	if (n < 0 && !window->behind)
		let_go(window);
	else
		loop_fd(window->windows->loop, window->fd, window->behind ? POLLIN | POLLOUT : POLLIN, on_window, window);
}

static bool talks_too_much(struct window *window)
{
	const int64_t now_us = clock_steady_us();

	if (now_us - window->heard_us > 1000000) {
		window->heard_us = now_us;
		window->heard = 0;
	}
	return ++window->heard > HEARD_MAX;
}

static void answered(const struct window *window, const char *bytes, size_t length)
{
	const struct windows_role *role = &window->windows->role;
	int64_t number;
	enum answer answer = answer_read(bytes, length, &number);

	if (answer == ANSWER_PAUSE || answer == ANSWER_RESUME || answer == ANSWER_STOP)
		role->answered(role->arg, answer, number);
}

static void on_window(void *arg, int fd, short ready)
{
	struct window *window = arg;
	char bytes[ANSWER_BYTES_MAX];
	ssize_t n;

	if (ready & POLLOUT && window->behind)
		tell(window);
	if (window->fd < 0 || !(ready & ~POLLOUT))
		return;
	n = recv(fd, bytes, sizeof bytes, MSG_DONTWAIT | MSG_TRUNC);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR) || (n > 0 && talks_too_much(window)))
		let_go(window);
	else if (n > 0 && n < (ssize_t)sizeof bytes)
		answered(window, bytes, (size_t)n);
}

static void on_visitor(void *arg, int listener, short ready)
{
	struct windows *windows = arg;
	int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	(void)ready;
	if (fd < 0)
		return;
	for (size_t i = 0; place_is_ours(fd) && i < WINDOWS_MAX; i++) {
		if (windows->at[i].fd >= 0)
			continue;
		windows->at[i] = (struct window){.windows = windows, .fd = fd};
		loop_fd(windows->loop, fd, POLLIN, on_window, &windows->at[i]);
		tell(&windows->at[i]);
		return;
	}
	close(fd);
}

/* It gets its name when it listens: one that is found and does not answer is that of a dead process. */
static bool listen_at(struct windows *windows)
{
	struct sockaddr_un first = {.sun_family = AF_UNIX};

	windows->name.sun_family = AF_UNIX;
	snprintf(windows->name.sun_path, sizeof windows->name.sun_path, "%s/%d", windows->place, (int)getpid());
	snprintf(first.sun_path, sizeof first.sun_path, "%s/.%d", windows->place, (int)getpid());
	unlink(first.sun_path);
	if (bind(windows->listener, (const struct sockaddr *)&first, sizeof first) < 0)
		return false;
	if (chmod(first.sun_path, 0600) == 0 && listen(windows->listener, WINDOWS_MAX) == 0 &&
	    rename(first.sun_path, windows->name.sun_path) == 0)
		return true;
	unlink(first.sun_path);
	return false;
}

struct windows *windows_new(struct loop *loop, const struct windows_role *role)
{
	struct windows *windows = mem_alloc(sizeof *windows);

	*windows = (struct windows){.loop = loop, .role = *role, .held = -1, .listener = -1};
	text_init(&windows->now, HAPPENING_BYTES_MAX);
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		windows->at[i] = (struct window){.windows = windows, .fd = -1};
	if (place_find(windows->place, &windows->held, NULL) != HST_OK) {
		*windows->place = '\0';
		return windows;
	}
	windows->listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (windows->listener >= 0 && !listen_at(windows))
		close(take_fd(&windows->listener));
	if (windows->listener >= 0)
		loop_fd(loop, windows->listener, POLLIN, on_visitor, windows);
	return windows;
}

void windows_free(struct windows *windows)
{
	if (!windows)
		return;
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (windows->at[i].fd >= 0)
			let_go(&windows->at[i]);
	if (windows->listener >= 0) {
		unlink(windows->name.sun_path);
		loop_fd(windows->loop, windows->listener, 0, NULL, NULL);
		close(windows->listener);
	}
	if (windows->held >= 0)
		close(windows->held);
	text_clear(&windows->now);
	free(windows);
}

void windows_show(struct windows *windows, const struct happening *happening)
{
	text_reset(&windows->now);
	happening_write(&windows->now, happening);
	for (size_t i = 0; i < WINDOWS_MAX; i++)
		if (windows->at[i].fd >= 0 && !windows->at[i].behind)
			tell(&windows->at[i]);
	if (*windows->place && happening_is_end(happening))
		place_remember(windows->place, windows->now.s, NULL);
}
