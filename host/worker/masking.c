#include "worker/masking.h"

#include "base/auto.h"
#include "base/text.h"
#include "loop/loop.h"
#include "seal/redact.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LASTING_MAX = 256, FDS_FROM = 100, SLICE = 16 << 10 };

static struct {
	struct loop *loop;
	struct redact *redact; /* NULL: no secret is known yet */
	struct redact_stream stream;
	int from, out, err; /* the pipe; where stdout and stderr led */
	const hst_secret *lasting[LASTING_MAX];
	size_t lasting_count;
	bool of_call; /* more is known than what lasts */
} masking;

static void put(void *arg, const char *bytes, size_t n)
{
	(void)arg;
	while (n) {
		ssize_t written = write(masking.err, bytes, n);

		if (written < 0 && errno != EINTR)
			return;
		bytes += written > 0 ? written : 0;
		n -= written > 0 ? (size_t)written : 0;
	}
}

void masking_pass(void)
{
	char bytes[SLICE];
	ssize_t n;

	if (!masking.redact)
		return;
	while ((n = read(masking.from, bytes, sizeof bytes)) > 0)
		redact_feed(&masking.stream, bytes, (size_t)n, put, NULL);
	explicit_bzero(bytes, sizeof bytes);
}

static void on_printed(void *arg, int fd, short ready)
{
	(void)arg, (void)fd, (void)ready;
	masking_pass();
}

void masking_listen(struct loop *loop)
{
	if (masking.redact && masking.loop && !loop)
		loop_fd(masking.loop, masking.from, 0, NULL, NULL);
	masking.loop = loop;
	if (masking.redact && loop)
		loop_fd(loop, masking.from, POLLIN, on_printed, NULL);
}

/* Neither end may ever make this one thread wait for itself. */
static int redirect(void)
{
	int ends[2];

	masking.out = fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, FDS_FROM);
	masking.err = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, FDS_FROM);
	if (masking.err < 0 || pipe2(ends, O_CLOEXEC | O_NONBLOCK) < 0)
		return -1;
	fcntl(ends[1], F_SETPIPE_SZ, MASKING_PIPE);
	masking.from = fcntl(ends[0], F_DUPFD_CLOEXEC, FDS_FROM);
	if (masking.from < 0 || dup2(ends[1], STDERR_FILENO) < 0 || (masking.out >= 0 && dup2(ends[1], STDOUT_FILENO) < 0))
		return -1;
	close(ends[0]);
	close(ends[1]);
	return 0;
}

static int begin(hst_error *err)
{
	static bool registered;

	if (masking.redact)
		return HST_OK;
	fflush(NULL);
	if (redirect() < 0)
		return hst_fail_as(err, HST_DENIED, "SecretUnusable", "what is printed cannot be searched: %s", strerror(errno));
	masking.redact = redact_new();
	redact_stream_init(&masking.stream, masking.redact);
	masking_listen(masking.loop);
	if (!registered)
		atexit(masking_end);
	registered = true;
	return HST_OK;
}

static int refuse(const hst_error *why, hst_error *err)
{
	return hst_fail_as(err, HST_DENIED, "SecretUnusable", "what is printed could not be kept free of the secret: %s", why->text);
}

static int know(const hst_secret *part, hst_error *err)
{
	hst_error why = {0};
	int code = begin(err);

	if (code != HST_OK)
		return code;
	masking.of_call = true;
	return redact_add(masking.redact, part, &why) == HST_OK ? HST_OK : refuse(&why, err);
}

int masking_know(const hst_secret *secret, bool lasting, hst_error *err)
{
	bool of_call = masking.of_call;
	int code = know(secret, err);

	if (code != HST_OK || !lasting || masking.lasting_count == LASTING_MAX)
		return code;
	masking.lasting[masking.lasting_count++] = secret;
	masking.of_call = of_call;
	return HST_OK;
}

void masking_call_over(void)
{
	struct redact *fresh;
	bool all = true;

	if (!masking.redact)
		return;
	fflush(stdout);
	masking_pass();
	redact_flush(&masking.stream, put, NULL);
	if (!masking.of_call)
		return;
	fresh = redact_new();
	for (size_t i = 0; i < masking.lasting_count && all; i++)
		all = redact_add(fresh, masking.lasting[i], NULL) == HST_OK;
	if (!all) {
		redact_free(fresh);
		return;
	}
	redact_stream_clear(&masking.stream);
	redact_free(masking.redact);
	masking.redact = fresh;
	redact_stream_init(&masking.stream, fresh);
	masking.of_call = false;
}

void masking_end(void)
{
	if (!masking.redact)
		return;
	fflush(NULL);
	masking_pass();
	redact_flush(&masking.stream, put, NULL);
	masking_listen(NULL);
	dup2(masking.err, STDERR_FILENO);
	if (masking.out >= 0) {
		dup2(masking.out, STDOUT_FILENO);
		close(masking.out);
	}
	close(masking.err);
	close(masking.from);
	redact_stream_clear(&masking.stream);
	redact_free(masking.redact);
	masking.redact = NULL;
	masking.lasting_count = 0;
}

static void add(void *arg, const char *bytes, size_t n)
{
	text_bytes(arg, bytes, n);
}

/* Of a text that fills its room the end may be half a secret; that half is what would still wait for more. */
void masking_text(char *text, size_t size)
{
	struct redact_stream stream;
	AUTO(text) struct text masked;
	size_t length = strlen(text);

	text_init_wiping(&masked, size - 1);
	if (!masking.redact)
		return;
	redact_stream_init(&stream, masking.redact);
	redact_feed(&stream, text, length, add, &masked);
	if (length < size - 1)
		redact_flush(&stream, add, &masked);
	redact_stream_clear(&stream);
	memcpy(text, masked.s, masked.length + 1);
}
