/*
 * What a driver makes of its keeper: of one that works, before servers that speak nonsense; and of one that a server has taken over, which
 * may say anything. This program is that one, too: under the name of a keeper it does as the host tells it that it is sent to.
 */
#include "../../plugins/driver/keeper.h"
#include "../../plugins/driver/keeper/endings.h"
#include "../../plugins/driver/keeper_causes.h"
#include "../fakes/fake_host.h"

#include "base/auto.h"
#include "os/files.h"

#include <arpa/inet.h>
#include <freerdp/error.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

enum { SEEDS = 24 };

static char self[PATH_MAX], program[PATH_MAX];

/* The keeper that was taken over. */
static void say_bytes(const void *bytes, size_t n)
{
	if (send(STDIN_FILENO, bytes, n, MSG_NOSIGNAL) < 0)
		_exit(9);
}

static int be_hostile(void)
{
	static char asked[KEEPER_ASK_MAX], large[2 * KEEPER_WORD_MAX];
	const char *host = asked + 1;

	if (recv(STDIN_FILENO, asked, sizeof asked - 1, 0) <= 0)
		return 9;
	memset(large, 'A', sizeof large);
	if (strcmp(host, "large") == 0)
		say_bytes(large, sizeof large);
	else if (strcmp(host, "short") == 0)
		say_bytes("\1", 1);
	else if (strcmp(host, "unknown") == 0)
		say_bytes("\77 hello", 7);
	else if (strcmp(host, "escape") == 0)
		say_bytes("\6\10\33]0;owned\7\n\t%s%n", 18);
	else if (strcmp(host, "cause") == 0)
		say_bytes("\6\377", 2);
	else if (strcmp(host, "old") == 0)
		say_bytes("\1\143@", 3);
	else if (strcmp(host, "full") == 0) {
		large[0] = KEEPER_SECURED;
		say_bytes(large, KEEPER_WORD_MAX);
		large[0] = KEEPER_REACHED;
		say_bytes(large, KEEPER_WORD_MAX);
		say_bytes("\5\0" "99999x", 8);
	} else if (strcmp(host, "chatter") == 0) {
		for (;;)
			say_bytes("\2\0again", 7);
	} else if (strcmp(host, "abort") == 0)
		abort();
	else
		pause();
	return 3;
}

static int start(const char *with, const char *address, int within_ms, hst_error *err)
{
	struct keeper_target target = {.program = with, .address = address, .user = "bot", .fingerprint =
	                               "0000000000000000000000000000000000000000000000000000000000000000"};
	struct keeper *keeper = NULL;
	struct keeper_facts facts;
	struct fake_host fake;
	int code;

	fake_host_init(&fake, "keep");
	target.password = fake_host_secret(&fake, "word");
	code = keeper_start(&target, &fake.call, within_ms, &keeper, &facts, err);
	keeper_stop(keeper);
	fake_host_clear(&fake);
	return code;
}

static const struct {
	const char *host, *said;
	int code;
} hostile[] = {
	{"large", "itself has ended", HST_BROKEN},  {"short", "itself has ended", HST_BROKEN},
	{"unknown", "itself has ended", HST_BROKEN}, {"cause", "itself has ended", HST_BROKEN},
	{"escape", "?]0;owned???%s%n", HST_DENIED},  {"old", "not of this version", HST_BROKEN},
	{"full", "itself has ended", HST_BROKEN},   {"abort", "died of signal", HST_BROKEN},
	{"chatter", "itself has ended", HST_BROKEN},
	{"silence", "did not answer in time", HST_TIMEOUT},
};

static void a_keeper_that_was_taken_over_is_not_believed(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < sizeof hostile / sizeof hostile[0]; i++) {
		hst_error err = {0};
		int code = start(self, hostile[i].host, strcmp(hostile[i].host, "silence") == 0 ? 200 : 20000, &err);

		print_message("%s: %d %s %s\n", hostile[i].host, code, err.reason, err.text);
		assert_int_equal(code, hostile[i].code);
		assert_non_null(strstr(err.text, hostile[i].said));
		for (const char *at = err.text; *at; at++)
			assert_true(*at >= ' ' && *at < 127);
	}
}

static void a_program_that_is_not_there_is_named(void **unused)
{
	hst_error err = {0};

	(void)unused;
	assert_int_equal(start("/nowhere/hostler-rdp-keeper", "h", 1000, &err), HST_BROKEN);
	assert_non_null(strstr(err.text, "/nowhere/hostler-rdp-keeper"));
	assert_non_null(strstr(err.text, "freerdp2-dev"));
}

/* Bytes that hang on the seed alone, behind an answer that agrees to NLA where the seed is odd. */
static void whom_it_is_to_reach_is_checked_beforehand(void **unused)
{
	static const struct {
		const char *address, *fingerprint, *says;
	} wrong[] = {
		{"ts-01:99999", NULL, "no port between 1 and 65535"},
		{":3389", NULL, "names no host"},
		{"here:port:7", NULL, "several colons"},
		{"[here]:7", NULL, "in its brackets"},
		{"[::1", NULL, "does not go on"},
		{"ts-01", "zz:yy", "64 hexadecimal digits"},
		{"ts-01", "11:22", "64 hexadecimal digits"},
	};
	static const char *const right[] = {"127.0.0.1:3389", "ts-01", "ts-01:7", "::1", "[::1]", "[fe80::1%eth0]:3389", "fe80::1%eth0"};
	hst_error err = {0};

	(void)unused;
	for (size_t i = 0; i < sizeof right / sizeof *right; i++)
		assert_int_equal(keeper_target_fit(&(struct keeper_target){.address = right[i]}, &err), HST_OK);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct keeper_target target = {.address = wrong[i].address, .fingerprint = wrong[i].fingerprint};

		assert_int_equal(keeper_target_fit(&target, &err), HST_INVALID);
		assert_non_null(strstr(err.text, wrong[i].says));
	}
}

static void speak_nonsense(int client, unsigned seed)
{
	static const unsigned char agreed[] = {3, 0, 0, 19, 14, 0xd0, 0, 0, 0x12, 0x34, 0, 2, 0, 8, 0, 2, 0, 0, 0};
	unsigned char bytes[700];
	uint32_t state = seed * 2654435761u + 1;

	if (recv(client, bytes, sizeof bytes, 0) <= 0)
		return;
	if (seed % 2 && send(client, agreed, sizeof agreed, MSG_NOSIGNAL) < 0)
		return;
	for (size_t i = 0; i < sizeof bytes; i++) {
		state = state * 1664525u + 1013904223u;
		bytes[i] = (unsigned char)(state >> 24);
	}
	/* As a packet of RDP, or a record of TLS, whose length is right. */
	if (seed % 3 == 0)
		memcpy(bytes, (const unsigned char[]){3, 0, sizeof bytes >> 8, sizeof bytes & 255}, 4);
	else if (seed % 3 == 1)
		memcpy(bytes, (const unsigned char[]){22, 3, 3, (sizeof bytes - 5) >> 8, (sizeof bytes - 5) & 255, 2}, 6);
	send(client, bytes, sizeof bytes, MSG_NOSIGNAL);
}

static pid_t serve_nonsense(char address[32])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t n = sizeof at;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	pid_t pid;

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&at, n), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
	assert_int_equal(listen(fd, 8), 0);
	snprintf(address, 32, "127.0.0.1:%u", ntohs(at.sin_port));
	pid = fork();
	assert_true(pid >= 0);
	for (unsigned seed = 0; pid == 0; seed++) {
		int client = accept(fd, NULL, NULL);

		speak_nonsense(client, seed);
		close(client);
	}
	close(fd);
	return pid;
}

static int next_descriptor(void)
{
	int fd = dup(STDIN_FILENO);

	close(fd);
	return fd;
}

static void servers_that_speak_nonsense_are_told_by_a_reason(void **unused)
{
	char address[32];
	pid_t server = serve_nonsense(address);
	int before = next_descriptor();

	(void)unused;
	for (int seed = 0; seed < SEEDS; seed++) {
		hst_error err = {0};
		int code = start(program, address, 20000, &err);

		if (code == HST_OK || strcmp(err.reason, "SessionCreationError") != 0 || strstr(err.text, "itself"))
			fail_msg("seed %d: %d %s %s", seed, code, err.reason, err.text);
	}
	assert_int_equal(next_descriptor(), before);
	kill(server, SIGKILL);
	assert_int_equal(waitpid(server, NULL, 0), server);
	/* No keeper is left, not even unburied. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void every_cause_has_a_reason_that_is_in_the_list(void **unused)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *page = NULL;
	hst_error err = {0};
	size_t n = 0;

	(void)unused;
	if (asprintf(&path, "%s/docs/reasons.md", getenv("SRCDIR") ? getenv("SRCDIR") : ".") < 0)
		abort();
	if (files_read(path, 1 << 20, &page, &n, &err) != HST_OK)
		fail_msg("%s", err.text);
	for (unsigned cause = 1; cause < KEEPER_CAUSES; cause++) {
		const struct keeper_meaning *meaning = keeper_meaning_of(cause);
		char row[80];

		snprintf(row, sizeof row, "| `%s` |", meaning->reason);
		if (!strstr(page, row) || meaning->code == HST_OK || !meaning->sentence || !meaning->remedy)
			fail_msg("cause %u: %s", cause, meaning->reason);
		assert_true(cause == KEEPER_ENDED_ITSELF || meaning != keeper_meaning_of(KEEPER_ENDED_ITSELF));
	}
	assert_ptr_equal(keeper_meaning_of(255), keeper_meaning_of(KEEPER_ENDED_ITSELF));
}

static void what_freerdp_says_is_told_by_our_reasons(void **unused)
{
	static const struct {
		uint32_t said;
		const char *reason;
	} before[] = {
		{FREERDP_ERROR_CONNECT_LOGON_FAILURE, "SessionCreationInvalidCredentials"},
		{FREERDP_ERROR_CONNECT_ACCOUNT_LOCKED_OUT, "SessionCreationInvalidCredentials"},
		{FREERDP_ERROR_CONNECT_PASSWORD_MUST_CHANGE, "SessionCreationInvalidCredentials"},
		{FREERDP_ERROR_CONNECT_LOGON_TYPE_NOT_GRANTED, "RdpPermissionNotGranted"},
		{FREERDP_ERROR_SERVER_DENIED_CONNECTION, "RDPIsNotEnabled"},
		{FREERDP_ERROR_SERVER_INSUFFICIENT_PRIVILEGES, "RdpPermissionNotGranted"},
		{FREERDP_ERROR_SERVER_FRESH_CREDENTIALS_REQUIRED, "SessionCreationUserPromptedForCredentialsAfterConnection"},
		{12345, "SessionCreationError"},
	};

	(void)unused;
	for (size_t i = 0; i < sizeof before / sizeof before[0]; i++)
		assert_string_equal(keeper_meaning_of(ending_of_connecting(before[i].said))->reason, before[i].reason);
	assert_string_equal(keeper_meaning_of(ending_of_server(ERRINFO_DISCONNECTED_BY_OTHER_CONNECTION, true))->reason, "SessionTaken");
	assert_string_equal(keeper_meaning_of(ending_of_server(ERRINFO_LOGOFF_BY_USER, true))->reason, "SessionEnded");
	assert_string_equal(keeper_meaning_of_loss(KEEPER_LOGGED_OFF, KEEPER_SEEN_ACTIVE)->reason, "SessionTaken");
	assert_string_equal(keeper_meaning_of_loss(KEEPER_LOGGED_OFF, KEEPER_SEEN_UNKNOWN)->reason, "SessionEnded");
	assert_string_equal(keeper_meaning_of_loss(KEEPER_TAKEN_OVER, KEEPER_SEEN_GONE)->reason, "SessionTaken");
	for (uint32_t said = 1; said < 0x1200; said++)
		assert_true(ending_of_server(said, said % 2) > 0 && ending_of_server(said, said % 2) < KEEPER_CAUSES);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_keeper_that_was_taken_over_is_not_believed),
		cmocka_unit_test(a_program_that_is_not_there_is_named),
		cmocka_unit_test(whom_it_is_to_reach_is_checked_beforehand),
		cmocka_unit_test(servers_that_speak_nonsense_are_told_by_a_reason),
		cmocka_unit_test(every_cause_has_a_reason_that_is_in_the_list),
		cmocka_unit_test(what_freerdp_says_is_told_by_our_reasons),
	};
	const char *plugins = getenv("HOSTLER_PLUGINS");

	/* Started in the place of the keeper, which is given no environment. */
	if (!environ[0])
		return be_hostile();
	snprintf(program, sizeof program, "%s/../hostler-rdp-keeper", plugins ? plugins : ".");
	if (readlink("/proc/self/exe", self, sizeof self - 1) < 0)
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
