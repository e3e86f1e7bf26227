#include "mail_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

const char *mail_house_program(void)
{
	static char path[4096];
	const char *plugins = getenv("HOSTLER_PLUGINS");

	if (!plugins)
		fail_msg("HOSTLER_PLUGINS is not set");
	snprintf(path, sizeof path, "%s/../hostler-mail-parser", plugins);
	return path;
}

static void begin(void *context)
{
	struct mail_house *house = context;

	for (size_t i = 0; i < house->taken_n; i++)
		free(house->taken[i]);
	free(house->taken);
	house->taken = NULL;
	house->taken_n = house->bytes = 0;
}

static int take(void *context, struct email_attachment *attachment, hst_error *err)
{
	struct mail_house *house = context;

	if (strcmp(attachment->name, "unwanted.exe") == 0)
		return hst_fail(err, HST_DENIED, "programs are not wanted");
	if (strcmp(attachment->name, "full.bin") == 0)
		return hst_fail(err, HST_RETRY, "the disk is full");
	house->taken = realloc(house->taken, (house->taken_n + 1) * sizeof *house->taken);
	assert_non_null(house->taken);
	attachment->taken = house->taken[house->taken_n++] = calloc(1, attachment->size + 1);
	assert_non_null(attachment->taken);
	house->bytes = 0;
	return HST_OK;
}

static int bytes(void *context, struct email_attachment *attachment, const void *more, size_t n, hst_error *err)
{
	struct mail_house *house = context;

	(void)err;
	assert_true(n > 0 && n <= 64 << 10 && house->bytes + n <= attachment->size);
	memcpy((char *)attachment->taken + house->bytes, more, n);
	house->bytes += n;
	return HST_OK;
}

static int done(void *context, struct email_attachment *attachment, hst_error *err)
{
	struct mail_house *house = context;

	(void)err;
	assert_int_equal(house->bytes, attachment->size);
	return HST_OK;
}

void mail_house_open(struct mail_house *house)
{
	hst_error err = {0};

	memset(house, 0, sizeof *house);
	fake_host_init(&house->host, "inbox");
	house->sink = (struct email_sink){house, begin, take, bytes, done};
	if (email_parser_open(mail_house_program(), &house->parser, &err) != HST_OK)
		fail_msg("%s", err.text);
}

void mail_house_close(struct mail_house *house)
{
	begin(house);
	email_parser_close(house->parser);
	fake_host_clear(&house->host);
}

int mail_house_read(struct mail_house *house, const void *raw, size_t n, struct email_mail *ret, hst_error *err)
{
	return email_parser_mail(house->parser, &house->host.call, raw, n, NULL, &house->sink, ret, err);
}

int mail_house_process(void)
{
	char path[100];
	int pid = 0;
	FILE *file;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)getpid());
	file = fopen(path, "r");
	if (!file || fscanf(file, "%d", &pid) != 1)
		fail_msg("%s: there is no parser", path);
	fclose(file);
	return pid;
}
