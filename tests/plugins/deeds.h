/*
 * What bad plugins do. Each of them has the option `misbehave = DEED-in-PLACE`; every op begins with deed_in(PLACE, …).
 * Children that a deed leaves behind are `sleep 7537`, by which tests find them.
 */
#ifndef TESTS_PLUGINS_DEEDS_H
#define TESTS_PLUGINS_DEEDS_H

#include <hostler/plugin.h>

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

struct deed_config {
	const char *misbehave;
};

#define DEED_OPTION HST_FIELD(struct deed_config, misbehave, .def = "no", .doc = "DEED-in-PLACE, or no")

static inline void deed_crash(void)
{
	raise(SIGSEGV);
}

static inline void deed_abort(void)
{
	abort();
}

/* Not exit: a plugin that believes to be a program. */
static inline void deed_exit(void)
{
	exit(0);
}

static inline void deed_vanish(void)
{
	_exit(0);
}

static inline void deed_hang(void)
{
	for (;;)
		poll(NULL, 0, -1);
}

/* Does not even hear that it is late. */
static inline void deed_deaf(void)
{
	sigset_t all;

	sigfillset(&all);
	sigprocmask(SIG_SETMASK, &all, NULL);
	deed_hang();
}

static inline void deed_write(int fd, const void *bytes, size_t n)
{
	if (write(fd, bytes, n) < 0)
		return;
}

/* 2 MiB with everything in it that steers a terminal or ends a line. */
static inline void deed_garbage(void)
{
	static char part[4096];

	for (size_t i = 0; i < sizeof part; i++)
		part[i] = (char)(i * 7);
	memcpy(part, "\033]0;owned\007\033[2J\r", 16);
	for (int i = 0; i < 256; i++) {
		deed_write(STDOUT_FILENO, part, sizeof part);
		deed_write(STDERR_FILENO, part, sizeof part);
	}
}

static inline void deed_fds(void)
{
	for (int fd = 3; fd < 10; fd++)
		deed_write(fd, "bad this is not yours\nready\n", 28);
}

static inline void deed_closefds(void)
{
	closefrom(3);
}

/* Until there is no more, but not all there is. */
static inline void deed_memory(void)
{
	for (int i = 0; i < 64; i++) {
		char *block = malloc(64 << 20);

		if (!block)
			abort();
		for (size_t at = 0; at < 64 << 20; at += 4096)
			*(volatile char *)(block + at) = 1;
	}
}

static inline void deed_descriptors(void)
{
	while (open("/dev/null", O_RDONLY) >= 0)
		;
}

static inline void deed_sleep(void)
{
	char *const argv[] = {"sleep", "7537", NULL}, *const nothing[] = {NULL};

	execve("/bin/sleep", argv, nothing);
	_exit(1);
}

/* One beside it, one in a session of its own, one that has let go of everything. */
static inline void deed_children(void)
{
	pid_t pid;

	if (fork() == 0)
		deed_sleep();
	pid = fork();
	if (pid == 0) {
		setsid();
		deed_sleep();
	}
	pid = fork();
	if (pid == 0) {
		setsid();
		if (fork() == 0) {
			closefrom(0);
			deed_sleep();
		}
		_exit(0);
	}
	waitpid(pid, NULL, 0);
}

/* Keeps the compiler from seeing that it never ends. */
static inline int deed_deeper(volatile char *above)
{
	volatile char frame[4096];

	frame[0] = above ? above[0] : 1;
	return frame[0] ? deed_deeper(frame) + frame[1] : 0;
}

static inline void deed_stack(void)
{
	deed_deeper(NULL);
}

static inline bool deed_is(const struct deed_config *config, const char *deed, const char *place)
{
	char both[64];

	snprintf(both, sizeof both, "%s-in-%s", deed, place);
	return strcmp(config->misbehave, both) == 0;
}

/* Returns what the op returns next: HST_OK to go on, else what it fails with. */
static inline int deed_in(const char *place, const struct deed_config *config, hst_host *host, hst_error *err)
{
	static const struct {
		const char *name;
		void (*do_it)(void);
	} deeds[] = {
		{"crash", deed_crash},	 {"abort", deed_abort},	      {"exit", deed_exit},
		{"vanish", deed_vanish}, {"hang", deed_hang},	      {"deaf", deed_deaf},
		{"garbage", deed_garbage}, {"fds", deed_fds},	      {"closefds", deed_closefds},
		{"memory", deed_memory}, {"descriptors", deed_descriptors}, {"children", deed_children},
		{"stack", deed_stack},
	};

	for (size_t i = 0; i < sizeof deeds / sizeof deeds[0]; i++)
		if (deed_is(config, deeds[i].name, place))
			deeds[i].do_it();
	for (int i = 0; host && i < 20000 && deed_is(config, "chatter", place); i++)
		hst_log(host, HST_ERROR, "\033[31mline %d\n%s", i, "of many");
	if (deed_is(config, "odd", place))
		return 42;
	if (deed_is(config, "mute", place))
		return HST_INVALID;
	if (deed_is(config, "broken", place))
		return hst_fail(err, HST_BROKEN, "nothing works any more");
	if (deed_is(config, "words", place)) {
		hst_fail(err, HST_INVALID, "\033[2J\xff\xfe it is\nwrong \xc3");
		memset(err->reason, 'x', sizeof err->reason);
		return HST_INVALID;
	}
	return HST_OK;
}

#endif
