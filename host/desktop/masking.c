#include "desktop/masking.h"

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

enum { LASTING_MAX = 256, OF_CALL_MAX = 1024, FDS_FROM = 100, SLICE = 16 << 10 };

static struct {
	struct loop *loop;
	struct redact *redact; /* NULL: no secret is known yet */
	struct redact_stream stream;
	int from, out, err; /* the pipe; where stdout and stderr led */
	/* Most calls print nothing, so secrets are looked at only once something is printed. */
	const hst_secret *lasting[LASTING_MAX], *of_call[OF_CALL_MAX];
	size_t lasting_count, of_call_count, lasting_learned, of_call_learned;
	bool blind; /* one could not be looked for: nothing is shown until the call is over */
} masking;

static void learn(const hst_secret *const *secrets, size_t n, size_t *learned)
{
	for (; *learned < n; ++*learned)
		masking.blind |= redact_add(masking.redact, secrets[*learned], NULL) != HST_OK;
}

static void learn_all(void)
{
	learn(masking.lasting, masking.lasting_count, &masking.lasting_learned);
	learn(masking.of_call, masking.of_call_count, &masking.of_call_learned);
}

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
	while ((n = read(masking.from, bytes, sizeof bytes)) > 0) {
		learn_all();
		if (!masking.blind)
			redact_feed(&masking.stream, bytes, (size_t)n, put, NULL);
	}
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

int masking_know(const hst_secret *secret, bool lasting, hst_error *err)
{
	int code = begin(err);

	if (code != HST_OK)
		return code;
	if (lasting && masking.lasting_count < LASTING_MAX)
		masking.lasting[masking.lasting_count++] = secret;
	else if (masking.of_call_count < OF_CALL_MAX)
		masking.of_call[masking.of_call_count++] = secret;
	else
		masking.blind = true;
	return HST_OK;
}

void masking_call_over(void)
{
	bool forgets = masking.of_call_learned || masking.blind;

	if (!masking.redact)
		return;
	fflush(stdout);
	masking_pass();
	forgets |= masking.of_call_learned || masking.blind;
	if (!masking.blind)
		redact_flush(&masking.stream, put, NULL);
	masking.of_call_count = masking.of_call_learned = 0;
	masking.blind = false;
	if (!forgets)
		return;
	redact_stream_clear(&masking.stream);
	redact_free(masking.redact);
	masking.redact = redact_new();
	redact_stream_init(&masking.stream, masking.redact);
	masking.lasting_learned = 0;
}

void masking_end(void)
{
	if (!masking.redact)
		return;
	fflush(NULL);
	masking_pass();
	if (!masking.blind)
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
	masking.lasting_count = masking.lasting_learned = masking.of_call_count = masking.of_call_learned = 0;
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
	if (!masking.redact || !length)
		return;
	learn_all();
	if (masking.blind) {
		snprintf(text, size, "what it says cannot be searched for secrets, so it is not shown");
		return;
	}
	redact_stream_init(&stream, masking.redact);
	redact_feed(&stream, text, length, add, &masked);
	if (length < size - 1)
		redact_flush(&stream, add, &masked);
	redact_stream_clear(&stream);
	memcpy(text, masked.s, masked.length + 1);
}
