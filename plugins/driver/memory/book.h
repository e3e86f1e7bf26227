/*
 * The sessions that one process has in memory: its own, and those of people that it got hold of. Users are plain names in any
 * case; whoever has the same letters is the same user.
 */
#ifndef MEMORY_BOOK_H
#define MEMORY_BOOK_H

#include <hostler/driver.h>

enum { USER_MAX = 64, SESSION_ID_SIZE = USER_MAX + 8, SESSIONS_MAX = 4096 };

struct session {
	struct session *next;
	char user[USER_MAX + 1], key[USER_MAX + 1], id[SESSION_ID_SIZE];
	pid_t program; /* the last one that was started; 0: none */
	int64_t since_us; /* when it was opened or got hold of */
	bool attached; /* it is a person's */
	bool locked;
};

struct book {
	struct session *first;
	size_t count;
};

/* HST_NOT_FOUND: it is no user of this driver. */
int book_user(const char *driver, const char *user, hst_error *err);
bool book_is_user(const char *user);
void book_fold(const char *user, char *to); /* its key; `to` has room for USER_MAX and a NUL */
int book_identify(const char *driver, hst_call *call, const char *user, hst_identity *ret, hst_error *err);

struct session *book_find(const struct book *book, const char *id); /* NULL: none */

/* A session of this user, who must have none; never NULL but when there are too many, which is said. */
struct session *book_add(struct book *book, const char *user, const char *id, hst_error *err);

/* Those of hostler as `list` has them, behind the *n that are there; there is room for book->count more. */
void book_list(const struct book *book, hst_call *call, hst_session *to, size_t *n);

/* What runs in it is killed. One that is not there is none. */
void book_remove(struct book *book, const char *id);
void book_clear(struct book *book);

/* HST_NOT_FOUND: there is none with that name. */
int book_start(struct book *book, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid, hst_error *err);

/* What this machine has, at least 1. */
int64_t book_processors(void);

#endif
