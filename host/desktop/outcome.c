#include "desktop/outcome.h"

#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "os/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* The payload of a message has at most 1 MiB, its sealed part 512 KiB. */
enum { OUTCOME_MAX = 2 << 20, WORD_MAX = 64 };

static const char name[] = ".outcome", unnamed[] = ".outcome.new", format[] = "hostler-outcome 1", with_sealed[] = "hostler-outcome 2";

static int write_whole(int fd, int directory, const struct text *text, hst_error *err)
{
	struct stat owner;

	if (fstat(directory, &owner) < 0)
		return failure_of(errno, err, "look at", "the folder of the results");
	if ((owner.st_uid != geteuid() || owner.st_gid != getegid()) && fchown(fd, owner.st_uid, owner.st_gid) < 0)
		return failure_of(errno, err, "hand over", unnamed);
	if (write(fd, text->s, text->length) != (ssize_t)text->length || fsync(fd) < 0)
		return failure_of(errno, err, "write", unnamed);
	return HST_OK;
}

int outcome_write(int directory, const struct outcome *outcome, hst_error *err)
{
	AUTO(text) struct text text;
	AUTO_CLOSE int fd = -1;
	int code;

	text_init(&text, OUTCOME_MAX);
	text_addf(&text, "%s\n%s\n%s\n%" PRId64 "\n%" PRId64 "\n%zu\n", outcome->sealed_length ? with_sealed : format,
		  outcome->state, outcome->reason, outcome->started_us, outcome->ended_us, outcome->length);
	if (outcome->sealed_length)
		text_addf(&text, "%zu\n", outcome->sealed_length);
	text_bytes(&text, outcome->payload, outcome->length);
	if (outcome->sealed_length)
		text_bytes(&text, outcome->sealed, outcome->sealed_length);
	if (text.over)
		return hst_fail(err, HST_INVALID, "the outcome is larger than 2 MiB");
	unlinkat(directory, unnamed, 0);
	fd = openat(directory, unnamed, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return failure_of(errno, err, "make", unnamed);
	code = write_whole(fd, directory, &text, err);
	if (code == HST_OK && (renameat(directory, unnamed, directory, name) < 0 || fsync(directory) < 0))
		code = failure_of(errno, err, "name", name);
	if (code)
		unlinkat(directory, unnamed, 0);
	return code;
}

/* The next line, ended with a NUL in place; NULL: there is none. */
static char *next_line(char **at, const char *end)
{
	char *line = *at, *newline = memchr(line, '\n', (size_t)(end - line));

	if (!newline)
		return NULL;
	*newline = '\0';
	*at = newline + 1;
	return line;
}

static bool is_word(const char *line)
{
	return line && strlen(line) <= WORD_MAX;
}

static int take_apart(char *bytes, size_t length, struct outcome *ret, hst_error *err)
{
	char *at = bytes, *end = bytes + length;
	const char *first = next_line(&at, end), *state = next_line(&at, end), *reason = next_line(&at, end);
	const char *started = next_line(&at, end), *ended = next_line(&at, end), *size = next_line(&at, end);
	bool seals = first && strcmp(first, with_sealed) == 0;
	const char *sealed = seals ? next_line(&at, end) : "0";
	size_t payload = size ? strtoull(size, NULL, 10) : 0, left = (size_t)(end - at);

	if (!first || (!seals && strcmp(first, format) != 0) || !is_word(state) || !is_word(reason) || !size || !sealed ||
	    payload > left || strtoull(sealed, NULL, 10) != left - payload)
		return hst_fail(err, HST_INVALID, "what a session process left is not the outcome of a run");
	*ret = (struct outcome){.state = mem_text(state),
				.reason = mem_text(reason),
				.started_us = strtoll(started, NULL, 10),
				.ended_us = strtoll(ended, NULL, 10),
				.payload = mem_copy(at, payload),
				.length = payload,
				.sealed = mem_copy(at + payload, left - payload),
				.sealed_length = left - payload};
	return HST_OK;
}

int outcome_read(int directory, struct outcome *ret, hst_error *err)
{
	AUTO_CLOSE int fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	AUTO_FREE char *bytes = NULL;
	struct stat status;

	if (fd < 0 && errno == ENOENT)
		return hst_fail(err, HST_NOT_FOUND, "there is no outcome");
	if (fd < 0 || fstat(fd, &status) < 0)
		return failure_of(errno, err, "open", name);
	if (!S_ISREG(status.st_mode) || status.st_size > OUTCOME_MAX)
		return hst_fail(err, HST_INVALID, "what a session process left is not the outcome of a run");
	bytes = mem_alloc((size_t)status.st_size + 1);
	if (read(fd, bytes, (size_t)status.st_size) != (ssize_t)status.st_size)
		return failure_of(errno, err, "read", name);
	return take_apart(bytes, (size_t)status.st_size, ret, err);
}

void outcome_clear(struct outcome *outcome)
{
	free(outcome->state);
	free(outcome->reason);
	free(outcome->payload);
	free(outcome->sealed);
	*outcome = (struct outcome){0};
}
