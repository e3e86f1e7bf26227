/* Mails that are made to break a parser: none does, none takes long, and the next one is read by the same process. */
#include "mail_hostile.h"
#include "mail_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

enum { SECONDS = 15, MEMORY_KIB = 400 << 10 };

static const char plain[] = "From: ada@example.org\r\nSubject: fine\r\n\r\nwords\r\n";

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static long most_memory_kib(int pid)
{
	char path[64], line[256];
	long kib = -1;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		sscanf(line, "VmHWM: %ld", &kib);
	fclose(file);
	return kib;
}

/* In the process that is there before; returns its id. */
static int read_hostile(struct mail_house *house, const struct mail_hostile *hostile)
{
	struct email_mail mail;
	hst_error err = {0};
	char *raw = NULL;
	size_t n = 0;
	FILE *to = open_memstream(&raw, &n);
	int64_t from_ms;

	assert_non_null(to);
	hostile->write(to);
	fclose(to);
	from_ms = now_ms();
	if (mail_house_read(house, raw, n, &mail, &err) != HST_OK)
		fail_msg("%s: %s", hostile->name, err.text);
	print_message("%s: %.1f MiB in %d ms, at most %ld MiB, %zu headers, %zu attachments%s\n", hostile->name, (double)n / (1 << 20),
	              (int)(now_ms() - from_ms), most_memory_kib(mail_house_process()) >> 10, mail.headers_n, mail.attachments_n,
	              mail.cut ? ", cut" : "");
	assert_true(now_ms() - from_ms < SECONDS * 1000);
	free(raw);
	return mail_house_process();
}

static void none_breaks_it(void **unused)
{
	struct mail_house house;
	struct email_mail mail;
	hst_error err = {0};
	int pid;

	(void)unused;
	mail_house_open(&house);
	assert_int_equal(mail_house_read(&house, plain, sizeof plain - 1, &mail, &err), HST_OK);
	pid = mail_house_process();
	for (const struct mail_hostile *hostile = mail_hostile_all; hostile->name; hostile++) {
		/* It did not die of it in secret. */
		assert_int_equal(read_hostile(&house, hostile), pid);
		assert_int_equal(mail_house_read(&house, plain, sizeof plain - 1, &mail, &err), HST_OK);
		assert_string_equal(mail.text, "words\n");
	}
#if !defined(__SANITIZE_ADDRESS__)
	assert_true(most_memory_kib(pid) < MEMORY_KIB);
#endif
	mail_house_close(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(none_breaks_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
