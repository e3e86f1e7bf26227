#include "book.h"

#include "program.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool book_is_user(const char *user)
{
	size_t n = 0;

	while (n <= USER_MAX && (isalnum((unsigned char)user[n]) || (user[n] && strchr("._-", user[n]))))
		n++;
	return n > 0 && n <= USER_MAX && !user[n];
}

int book_user(const char *driver, const char *user, hst_error *err)
{
	if (book_is_user(user))
		return HST_OK;
	return hst_fail_as(err, HST_NOT_FOUND, "SessionCreationInvalidCredentials",
			   "'%.80s' is no user of driver %s: 1 to %d of A-Z a-z 0-9 . _ -", user, driver, USER_MAX);
}

void book_fold(const char *user, char *to)
{
	do
		*to++ = (char)tolower((unsigned char)*user);
	while (*user++);
}

int book_identify(const char *driver, hst_call *call, const char *user, hst_identity *ret, hst_error *err)
{
	char key[USER_MAX + 1];
	int rc = book_user(driver, user, err);

	if (rc != HST_OK)
		return rc;
	book_fold(user, key);
	*ret = (hst_identity){.key = hst_copy(call, key, strlen(key)),
			      .name = hst_copy(call, user, strlen(user)),
			      .uid = -1,
			      .gid = -1};
	return HST_OK;
}

struct session *book_find(const struct book *book, const char *id)
{
	struct session *session = book->first;

	while (session && strcmp(session->id, id) != 0)
		session = session->next;
	return session;
}

struct session *book_add(struct book *book, const char *user, const char *id, hst_error *err)
{
	struct session *session;

	if (book->count == SESSIONS_MAX) {
		hst_fail_as(err, HST_RETRY, "SessionCreationError", "there are %d sessions here already", SESSIONS_MAX);
		return NULL;
	}
	session = calloc(1, sizeof *session);
	if (!session)
		abort();
	snprintf(session->user, sizeof session->user, "%s", user);
	snprintf(session->id, sizeof session->id, "%s", id);
	book_fold(session->user, session->key);
	session->next = book->first;
	book->first = session;
	book->count++;
	return session;
}

void book_list(const struct book *book, hst_call *call, hst_session *to, size_t *n)
{
	for (const struct session *session = book->first; session; session = session->next) {
		if (session->attached)
			continue;
		to[(*n)++] = (hst_session){.id = hst_copy(call, session->id, strlen(session->id)),
					   .user = hst_copy(call, session->user, strlen(session->user)),
					   .key = hst_copy(call, session->key, strlen(session->key)),
					   .connected = HST_YES,
					   .locked = session->locked ? HST_YES : HST_NO,
					   .ours = true};
	}
}

void book_remove(struct book *book, const char *id)
{
	struct session **at = &book->first, *session;

	while (*at && strcmp((*at)->id, id) != 0)
		at = &(*at)->next;
	session = *at;
	if (!session)
		return;
	program_kill(session->program);
	*at = session->next;
	book->count--;
	free(session);
}

void book_clear(struct book *book)
{
	while (book->first)
		book_remove(book, book->first->id);
}

int book_start(struct book *book, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid, hst_error *err)
{
	struct session *session = book_find(book, id);
	int rc;

	if (!session)
		return hst_fail_as(err, HST_NOT_FOUND, "SessionNotFound", "there is no session %.80s here", id);
	rc = program_start(call, what, ret_pid, err);
	if (rc == HST_OK)
		session->program = *ret_pid;
	return rc;
}

int64_t book_processors(void)
{
	long processors = sysconf(_SC_NPROCESSORS_ONLN);

	return processors > 0 ? processors : 1;
}
