/*
 * A house to test hostlerd in: a folder with a configuration, hostlerd as it was built, and beside it fake_child.py in
 * the place of every other program. As root hostlerd is started as the user nobody, so that no accounts are left behind.
 */
#ifndef TESTS_FAKES_FAKE_HOUSE_H
#define TESTS_FAKES_FAKE_HOUSE_H

#include "base/clock.h"

#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

enum { HOUSE_PATIENCE_US = 30000000, HOUSE_LOOK_MS = 10 };

struct house {
	char folder[64];
	pid_t pid; /* of hostlerd; 0: none */
	int out;   /* its stdout */
	char said[4096];
	size_t said_length;
};

/* Looks again and again until it holds; half a minute of looking in vain fails the test. */
#define WAIT_UNTIL(condition)                                                              \
	do {                                                                               \
		int64_t until_us = clock_steady_us() + HOUSE_PATIENCE_US;                  \
		while (!(condition)) {                                                     \
			if (clock_steady_us() > until_us)                                  \
				fail_msg("waited in vain for %s", #condition);             \
			poll(NULL, 0, HOUSE_LOOK_MS);                                      \
		}                                                                          \
	} while (0)

void house_make(struct house *house, const char *configuration);
void house_start(struct house *house);  /* hostlerd --foreground */
int house_stop(struct house *house);    /* SIGTERM; its exit status, 128 and more for a signal */
int house_wait(struct house *house);    /* the same without asking it to end */
void house_clear(struct house *house);

/* Starts one more hostlerd with this argument and returns its exit status. */
int house_run_once(const struct house *house, const char *how);

/* Replaces the configuration's text. */
void house_configure(const struct house *house, const char *configuration);

/* SIGHUP, then the answer to the reload of this serial or a later one: the file state_dir/reload once it is not busy. */
char *house_reload(const struct house *house, int serial); /* the caller frees it */

/* SIGUSR2, and the same. */
char *house_upgrade(const struct house *house, int serial);

/* Another file in the place of a program, as a package brings it: this text, or (NULL) hostlerd as it was built. */
void house_replace(const struct house *house, const char *program, const char *text);

/* What a child is to do instead of working: see fake_child.py. */
void house_tell(const struct house *house, const char *child, const char *behaviour);

/* One that is busy need not be any longer. */
void house_let_go(const struct house *house, const char *child);
/* A file in its state_dir, 0600 and its own, before it was ever started. */
void house_keep(const struct house *house, const char *name, const char *text);

bool house_said(struct house *house, const char *word); /* on stdout, so far */
void house_wait_ready(struct house *house);

/* Files below the folder; text of one that is not there is empty. The caller frees it. */
char *house_file(const struct house *house, const char *name);
bool house_file_has(const struct house *house, const char *name, const char *text);
bool house_is_there(const struct house *house, const char *name);

/* How often the children wrote this down, and whether the first text stands before the second one. */
int house_count(const struct house *house, const char *text);
bool house_in_order(const struct house *house, const char *first, const char *second);

#endif
