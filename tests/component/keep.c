/*
 * A driver with a keeper and nothing else, for tests with real servers:
 *
 *	keep PROGRAM WORD=VALUE…	address name ca fingerprint security user domain width height within
 *
 * The password is the first line of its standard input. It says one line of each step that was verified and then "connected PID", or
 * "failed CODE REASON TEXT" with exit status 1. Then it holds until its standard input ends and says "stopped"; or until it is lost, and
 * says "lost STATE", and for each word that is read then (gone disconnected active unknown) the sentence.
 */
#include "../../plugins/driver/keeper.h"
#include "../fakes/fake_host.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct {
	const char *word;
	enum keeper_seen seen;
} seen[] = {{"unknown", KEEPER_SEEN_UNKNOWN}, {"gone", KEEPER_SEEN_GONE}, {"disconnected", KEEPER_SEEN_DISCONNECTED}, {"active", KEEPER_SEEN_ACTIVE}};

static const char *value(int argc, char **argv, const char *word)
{
	size_t n = strlen(word);

	for (int i = 2; i < argc; i++)
		if (strncmp(argv[i], word, n) == 0 && argv[i][n] == '=')
			return argv[i] + n + 1;
	return NULL;
}

static int number(int argc, char **argv, const char *word, int otherwise)
{
	const char *text = value(argc, argv, word);

	return text ? (int)strtol(text, NULL, 10) : otherwise;
}

static void show(const struct keeper_facts *facts)
{
	if (*facts->reached)
		printf("reached %s\n", facts->reached);
	if (*facts->certificate)
		printf("certificate %s\n", facts->certificate);
	if (*facts->security)
		printf("security %s\n", facts->security);
	if (facts->connected)
		printf("size %dx%d\nconfined %d\nconnected %d\n", facts->width, facts->height, facts->confined, facts->pid);
	fflush(stdout);
}

static void tell_of_loss(struct keeper *keeper, enum keeper_state state)
{
	char line[64];

	printf("lost %d\n", state);
	fflush(stdout);
	while (fgets(line, sizeof line, stdin)) {
		line[strcspn(line, "\n")] = '\0';
		for (size_t i = 0; i < sizeof seen / sizeof seen[0]; i++) {
			hst_error err = {0};

			if (strcmp(line, seen[i].word) != 0)
				continue;
			keeper_lost(keeper, seen[i].seen, &err);
			printf("%s %s\n", err.reason, err.text);
			fflush(stdout);
		}
	}
}

static void hold(struct keeper *keeper)
{
	for (;;) {
		struct pollfd both[] = {{STDIN_FILENO, POLLIN, 0}, {keeper_fd(keeper), POLLIN, 0}};
		enum keeper_state state;

		poll(both, 2, -1);
		state = keeper_poll(keeper);
		if (state != KEEPER_HOLDS) {
			tell_of_loss(keeper, state);
			return;
		}
		if (both[0].revents)
			return;
	}
}

int main(int argc, char **argv)
{
	struct keeper_target target = {.program = argc > 1 ? argv[1] : NULL,
	                               .address = value(argc, argv, "address"),
	                               .name = value(argc, argv, "name"),
	                               .ca = value(argc, argv, "ca"),
	                               .fingerprint = value(argc, argv, "fingerprint"),
	                               .user = value(argc, argv, "user"),
	                               .domain = value(argc, argv, "domain"),
	                               .width = number(argc, argv, "width", 0),
	                               .height = number(argc, argv, "height", 0)};
	const char *security = value(argc, argv, "security");
	struct keeper_facts facts;
	struct keeper *keeper = NULL;
	struct fake_host fake;
	hst_error err = {0};
	char password[1024];
	size_t n = 0;
	int code;

	/* Byte by byte, since what comes behind it is asked about with poll. */
	while (n < sizeof password - 1 && read(STDIN_FILENO, password + n, 1) == 1 && password[n] != '\n')
		n++;
	password[n] = '\0';
	fake_host_init(&fake, "keep");
	target.password = fake_host_secret(&fake, password);
	explicit_bzero(password, sizeof password);
	target.security = security && strcmp(security, "tls") == 0 ? KEEPER_TLS_ALLOWED : KEEPER_NLA_REQUIRED;
	code = keeper_start(&target, &fake.call, number(argc, argv, "within", 15000), &keeper, &facts, &err);
	show(&facts);
	if (code != HST_OK) {
		printf("failed %d %s %s\n", code, *err.reason ? err.reason : "-", err.text);
	} else {
		hold(keeper);
		keeper_stop(keeper);
		printf("stopped\n");
	}
	fake_host_clear(&fake);
	return code == HST_OK ? 0 : 1;
}
