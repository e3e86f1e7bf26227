/*
 * What the program that reads mails cannot do, tried by processes that gave up the same; and what becomes of a mail when it dies, hangs or
 * is not there.
 */
#include "mail_house.h"

#include "../../plugins/trigger/email/frames.h"
#include "../../plugins/trigger/email/parsing/confine.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const char plain[] = "From: ada@example.org\r\nSubject: fine\r\n\r\nwords\r\n";
static const char attached[] = "Subject: file\r\nContent-Type: application/pdf; name=a.pdf\r\n\r\nbytes\r\n";

#if defined(__SANITIZE_ADDRESS__)
enum { CONFINED = 0 };
#else
enum { CONFINED = 1 };
#endif

static int open_file(void)
{
	return open("/etc/passwd", O_RDONLY);
}

static int make_file(void)
{
	return openat(AT_FDCWD, "/tmp/made-by-a-confined-process", O_CREAT | O_WRONLY, 0600);
}

static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0);
}

static int make_local_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0);
}

static int fork_itself(void)
{
	return fork();
}

static int execute(void)
{
	char *const argv[] = {(char *)"true", NULL};

	return execve("/bin/true", argv, NULL);
}

static int kill_parent(void)
{
	return kill(getppid(), 0);
}

static int trace_parent(void)
{
	return (int)ptrace(PTRACE_ATTACH, getppid(), NULL, NULL);
}

static int get_message(void)
{
	char byte;

	return (int)recv(STDIN_FILENO, &byte, 1, MSG_DONTWAIT);
}

static int make_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) == MAP_FAILED ? -1 : 0;
}

static int read_other_descriptor(void)
{
	char byte;

	return (int)read(STDERR_FILENO, &byte, 1);
}

static int get_descriptor(void)
{
	return dup(STDIN_FILENO);
}

static int have_more_memory(void)
{
	return malloc((size_t)1 << 30) ? 0 : -1;
}

static int have_more_limits(void)
{
	const struct rlimit more = {1 << 20, 1 << 20};

	return setrlimit(RLIMIT_NOFILE, &more);
}

static int become_root(void)
{
	return setuid(0);
}

static const struct {
	const char *name;
	int (*attempt)(void);
	bool fails; /* without ending the process */
} attempts[] = {
	{"open a file", open_file, true},
	{"make a file", make_file, true},
	{"have a connection", make_socket, false},
	{"have a local socket", make_local_socket, false},
	{"fork", fork_itself, false},
	{"run a program", execute, false},
	{"kill its parent", kill_parent, false},
	{"trace its parent", trace_parent, false},
	{"receive a descriptor", get_message, false},
	{"make a page of code", make_code, false},
	{"read what it was not given", read_other_descriptor, false},
	{"copy a descriptor", get_descriptor, false},
	{"have a gigabyte", have_more_memory, true},
	{"have higher limits", have_more_limits, false},
	{"become root", become_root, false},
};

enum { UNFIT = 77, FAILED = 3, SUCCEEDED = 4 };

/* What a process ended with that has confined itself and then made the attempt. */
static int ended_with(int (*attempt)(void))
{
	int status = 0, pair[2];
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		char why[200];

		dup2(pair[1], STDIN_FILENO);
		if (!(mail_confine(STDIN_FILENO, why, sizeof why) & EMAIL_NO_CALLS))
			_exit(UNFIT);
		_exit(attempt() < 0 ? FAILED : SUCCEEDED);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(pair[0]);
	close(pair[1]);
	return status;
}

static void skip_where_nothing_is_confined(void)
{
	if (CONFINED)
		return;
	print_message("a sanitizer needs the system calls that are taken away\n");
	skip();
}

static void a_confined_process_can_do_nothing_else(void **unused)
{
	(void)unused;
	skip_where_nothing_is_confined();
	for (size_t i = 0; i < sizeof attempts / sizeof attempts[0]; i++) {
		int status = ended_with(attempts[i].attempt);

		print_message("%s: status %#x\n", attempts[i].name, (unsigned)status);
		if (attempts[i].fails)
			assert_true(WIFEXITED(status) && WEXITSTATUS(status) == FAILED);
		else
			assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS);
	}
}

static unsigned long long status_of(int pid, const char *name, int base)
{
	char path[64], line[256];
	unsigned long long value = 4711;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%d/status", pid);
	file = fopen(path, "r");
	assert_non_null(file);
	while (fgets(line, sizeof line, file))
		if (strncmp(line, name, strlen(name)) == 0)
			value = strtoull(line + strlen(name), NULL, base);
	fclose(file);
	return value;
}

static int files_of(int pid)
{
	char path[64];
	int n = -2; /* . and .. */
	DIR *folder;

	snprintf(path, sizeof path, "/proc/%d/fd", pid);
	folder = opendir(path);
	/* Of a process that nobody can look into root alone sees that. */
	if (!folder)
		return 1;
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void read_plain(struct mail_house *house)
{
	struct email_mail mail;
	hst_error err = {0};

	if (mail_house_read(house, plain, sizeof plain - 1, &mail, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_string_equal(mail.text, "words\n");
}

static void the_program_is_confined(void **unused)
{
	struct mail_house house;
	int pid;

	(void)unused;
	skip_where_nothing_is_confined();
	mail_house_open(&house);
	read_plain(&house);
	pid = mail_house_process();
	assert_int_equal(status_of(pid, "Seccomp:", 10), 2);
	assert_int_equal(status_of(pid, "NoNewPrivs:", 10), 1);
	assert_int_equal(status_of(pid, "CapEff:", 16), 0);
	assert_int_equal(files_of(pid), 1);
	mail_house_close(&house);
}

/* The C library would open a file for it. */
static void a_charset_that_was_not_loaded_is_unknown(void **unused)
{
	static const char ebcdic[] = "Subject: =?ebcdic-us?B?gYI=?=\r\nContent-Type: text/plain; charset=ebcdic-us\r\n\r\nwords\r\n";
	struct mail_house house;
	struct email_mail mail;
	hst_error err = {0};
	int pid;

	(void)unused;
	skip_where_nothing_is_confined();
	mail_house_open(&house);
	read_plain(&house);
	pid = mail_house_process();
	assert_int_equal(mail_house_read(&house, ebcdic, sizeof ebcdic - 1, &mail, &err), HST_OK);
	assert_string_equal(mail.text, "words\n");
	assert_int_equal(mail_house_process(), pid);
	mail_house_close(&house);
}

static void killed_between_mails_it_is_started_again(void **unused)
{
	struct mail_house house;
	int pid;

	(void)unused;
	mail_house_open(&house);
	read_plain(&house);
	pid = mail_house_process();
	assert_int_equal(kill(pid, SIGKILL), 0);
	read_plain(&house);
	assert_int_not_equal(mail_house_process(), pid);
	mail_house_close(&house);
}

/* A sink that does something to the process whenever it is asked, so many times. */
static struct {
	int signal, times, begun;
	struct mail_house *house;
} cruel;

static void cruel_begin(void *context)
{
	(void)context;
	cruel.begun++;
}

static int cruel_take(void *context, struct email_attachment *attachment, hst_error *err)
{
	(void)context, (void)attachment, (void)err;
	if (cruel.times-- > 0)
		kill(mail_house_process(), cruel.signal);
	return HST_OK;
}

static int cruel_bytes(void *context, struct email_attachment *attachment, const void *bytes, size_t n, hst_error *err)
{
	(void)context, (void)attachment, (void)bytes, (void)n, (void)err;
	return HST_OK;
}

/* A mail with an attachment that does not fit into what may wait in a socket: the process is at work on it when it is hurt. */
static int read_cruelly(struct mail_house *house, int signal, int times, hst_error *err)
{
	enum { N = 8 << 20 };
	const struct email_sink sink = {NULL, cruel_begin, cruel_take, cruel_bytes, NULL};
	struct email_limits limits = email_limits_usual;
	AUTO_FREE char *raw = mem_alloc(N);
	struct email_mail mail;

	limits.wait_ms = signal == SIGSTOP ? 500 : limits.wait_ms;
	memset(raw, 'x', N);
	memcpy(raw, attached, sizeof attached - 1);
	cruel.signal = signal;
	cruel.times = times;
	cruel.begun = 0;
	cruel.house = house;
	return email_parser_mail(house->parser, &house->host.call, raw, N, &limits, &sink, &mail, err);
}

static void killed_at_work_the_mail_is_tried_again(void **unused)
{
	struct mail_house house;
	hst_error err = {0};

	(void)unused;
	mail_house_open(&house);
	assert_int_equal(read_cruelly(&house, SIGKILL, 2, &err), HST_OK);
	assert_int_equal(cruel.begun, 3);
	mail_house_close(&house);
}

static void a_mail_that_kills_it_three_times_is_set_aside(void **unused)
{
	struct mail_house house;
	hst_error err = {0};

	(void)unused;
	mail_house_open(&house);
	assert_int_equal(read_cruelly(&house, SIGABRT, 3, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "signal 6"));
	assert_int_equal(cruel.begun, 3);
	read_plain(&house);
	mail_house_close(&house);
}

static void one_that_hangs_is_killed(void **unused)
{
	struct mail_house house;
	hst_error err = {0};

	(void)unused;
	mail_house_open(&house);
	assert_int_equal(read_cruelly(&house, SIGSTOP, 3, &err), HST_INVALID);
	assert_non_null(strstr(err.text, "took too long"));
	read_plain(&house);
	mail_house_close(&house);
}

static void what_the_sink_says_is_what_is_said(void **unused)
{
	static const char full[] = "Subject: file\r\nContent-Type: application/pdf; name=full.bin\r\n\r\nbytes\r\n";
	struct mail_house house;
	struct email_mail mail = {.subject = "untouched"};
	hst_error err = {0};

	(void)unused;
	mail_house_open(&house);
	assert_int_equal(mail_house_read(&house, full, sizeof full - 1, &mail, &err), HST_RETRY);
	assert_string_equal(err.text, "the disk is full");
	assert_string_equal(mail.subject, "untouched");
	read_plain(&house);
	mail_house_close(&house);
}

static void what_is_not_wanted_any_more_ends(void **unused)
{
	struct mail_house house;
	struct email_mail mail;
	hst_error err = {0};

	(void)unused;
	mail_house_open(&house);
	house.host.cancelled = true;
	assert_int_equal(mail_house_read(&house, plain, sizeof plain - 1, &mail, &err), HST_CANCELLED);
	house.host.cancelled = false;
	read_plain(&house);
	mail_house_close(&house);
}

static void a_program_that_is_not_there_is_named(void **unused)
{
	struct email_parser *parser = NULL;
	hst_error err = {0};

	(void)unused;
	assert_int_equal(email_parser_open("/nowhere/hostler-mail-parser", &parser, &err), HST_BROKEN);
	assert_non_null(strstr(err.text, "/nowhere/hostler-mail-parser"));
	assert_null(parser);
}

/* Of a process that is made and killed, the parser; a descriptor that is readable once that has ended. */
static int parser_of_a_killed_worker(void)
{
	int pipe_of[2], parser = 0, end;
	pid_t worker;

	assert_int_equal(pipe2(pipe_of, O_CLOEXEC), 0);
	worker = fork();
	if (worker == 0) {
		struct mail_house house;

		mail_house_open(&house);
		read_plain(&house);
		parser = mail_house_process();
		if (write(pipe_of[1], &parser, sizeof parser) != sizeof parser)
			_exit(1);
		pause();
	}
	assert_int_equal(read(pipe_of[0], &parser, sizeof parser), sizeof parser);
	end = (int)syscall(SYS_pidfd_open, parser, 0);
	assert_true(end >= 0);
	kill(worker, SIGKILL);
	waitpid(worker, NULL, 0);
	close(pipe_of[0]);
	close(pipe_of[1]);
	return end;
}

static void it_ends_with_its_worker(void **unused)
{
	AUTO_CLOSE int end = parser_of_a_killed_worker();
	struct pollfd it = {end, POLLIN, 0};

	(void)unused;
	assert_int_equal(poll(&it, 1, 10000), 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_confined_process_can_do_nothing_else),
		cmocka_unit_test(the_program_is_confined),
		cmocka_unit_test(a_charset_that_was_not_loaded_is_unknown),
		cmocka_unit_test(killed_between_mails_it_is_started_again),
		cmocka_unit_test(killed_at_work_the_mail_is_tried_again),
		cmocka_unit_test(a_mail_that_kills_it_three_times_is_set_aside),
		cmocka_unit_test(one_that_hangs_is_killed),
		cmocka_unit_test(what_the_sink_says_is_what_is_said),
		cmocka_unit_test(what_is_not_wanted_any_more_ends),
		cmocka_unit_test(a_program_that_is_not_there_is_named),
		cmocka_unit_test(it_ends_with_its_worker),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
