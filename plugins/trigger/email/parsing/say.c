#include "say.h"

#include <string.h>

void mail_say_flush(struct mail_say *say)
{
	if (say->n > 0 && !say->failed)
		say->failed = !say->write(say->context, say->waiting, say->n);
	say->n = 0;
}

static void add(struct mail_say *say, const void *bytes, gsize n)
{
	if (n > 0)
		memcpy(say->waiting + say->n, bytes, n);
	say->n += n;
}

static void begin(struct mail_say *say, enum email_kind kind, gsize n)
{
	unsigned char head[EMAIL_FRAME_HEAD] = {(unsigned char)kind};

	g_assert(n <= EMAIL_FRAME_MAX);
	if (say->n + sizeof head + n > sizeof say->waiting)
		mail_say_flush(say);
	email_put32(head + 1, (uint32_t)n);
	add(say, head, sizeof head);
}

void mail_say(struct mail_say *say, enum email_kind kind, const void *bytes, gsize n)
{
	begin(say, kind, n);
	add(say, bytes, n);
}

void mail_say_pair(struct mail_say *say, enum email_kind kind, const char *first, gsize first_n, const char *second, gsize second_n)
{
	begin(say, kind, first_n + 1 + second_n);
	add(say, first, first_n);
	add(say, "", 1);
	add(say, second, second_n);
}

void mail_say_long(struct mail_say *say, enum email_kind kind, const char *bytes, gsize n)
{
	while (n > 0) {
		gsize part = MIN(n, EMAIL_FRAME_MAX);

		mail_say(say, kind, bytes, part);
		bytes += part;
		n -= part;
	}
}
