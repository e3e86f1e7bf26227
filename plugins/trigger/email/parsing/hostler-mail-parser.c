/*
 * hostler-mail-parser: is given mails by the worker of a mail trigger, one after another, and says what is in them (../frames.h). What
 * it reads was written by anybody, so it gives up everything else before it reads any of it. It has no options: its standard input is a
 * socket to the worker, and it ends with that.
 */
#include "answer.h"
#include "confine.h"

#include "../parser.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { CPU_SECONDS_EACH = 60 }; /* the worker loses patience long before, unless it is gone */

static bool write_all(void *unused, const void *bytes, gsize n)
{
	const char *at = bytes;

	(void)unused;
	while (n > 0) {
		ssize_t written = write(STDIN_FILENO, at, n);

		if (written < 0 && errno != EINTR)
			return false;
		if (written > 0) {
			at += written;
			n -= (gsize)written;
		}
	}
	return true;
}

static bool read_all(void *to, gsize n)
{
	char *at = to;

	while (n > 0) {
		ssize_t got = read(STDIN_FILENO, at, n);

		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		if (got > 0) {
			at += got;
			n -= (gsize)got;
		}
	}
	return true;
}

/* False when no more come. */
static bool next_mail(struct mail_say *say)
{
	unsigned char head[EMAIL_FRAME_HEAD + EMAIL_LIMITS_BYTES];
	uint64_t limits[EMAIL_LIMIT_COUNT];
	char *raw;
	gsize n;
	bool there;

	mail_confine_seconds(0);
	if (!read_all(head, sizeof head))
		return false;
	mail_confine_seconds(CPU_SECONDS_EACH);
	n = email_get32(head + 1);
	if ((head[0] != EMAIL_ASK_HEAD && head[0] != EMAIL_ASK_MAIL) || n < EMAIL_LIMITS_BYTES || n - EMAIL_LIMITS_BYTES > EMAIL_RAW_MAX)
		return false;
	n -= EMAIL_LIMITS_BYTES;
	for (int i = 0; i < EMAIL_LIMIT_COUNT; i++)
		limits[i] = email_get64(head + EMAIL_FRAME_HEAD + 8 * i);
	raw = g_malloc(n + 1);
	there = read_all(raw, n);
	if (there)
		mail_answer(say, (enum email_asked)head[0], limits, (struct mail_span){raw, n});
	g_free(raw);
	return there && !say->failed;
}

int main(void)
{
	static struct mail_say say = {.write = write_all};
	char why[200] = "";
	unsigned in_force;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	mail_answer_prepare();
	in_force = mail_confine(STDIN_FILENO, why, sizeof why);
	if (!in_force) {
		mail_say(&say, EMAIL_UNFIT, why, strlen(why));
		mail_say_flush(&say);
		return 1;
	}
	mail_say(&say, EMAIL_READY, (const char[]){EMAIL_FRAMES_VERSION, (char)in_force}, 2);
	mail_say_flush(&say);
	while (next_mail(&say))
		;
	return 0;
}
