/*
 * hostler-rdp-keeper: a client of a remote desktop without a screen, which keeps one session connected for the driver that started it
 * (../keeper.h). What a server sends may be hostile, so everything else is given up before the first byte of it is read. Its standard
 * input is a socket to the driver, and it ends with that.
 */
#include "client.h"
#include "confine.h"
#include "reach.h"
#include "say.h"
#include "secrecy.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

static const char help[] =
	"hostler-rdp-keeper keeps a session of a remote desktop connected, without a screen, for a driver of hostler.\n"
	"\n"
	"It is not started by hand: it takes no options, and its standard input has to be a socket to the driver, by which\n"
	"it is told the server, the user and, once it has accepted the server's certificate, the password. It sends no keys\n"
	"and no pointer, shares no clipboard, drives, printers or sound, throws away what the server draws, never connects a\n"
	"second time, and ends when the driver closes the socket or dies. docs/rdp.md says what it verifies.\n";

static char asked[KEEPER_ASK_MAX + 1];

/* The texts one behind the other, each with its NUL. */
static void understand(size_t n, struct client_wish *wish)
{
	const char *at = asked + 1, *end = asked + n;

	for (int i = 0; i < KEEPER_TEXTS; i++) {
		if (at >= end)
			_exit(1);
		wish->text[i] = at;
		at += strlen(at) + 1;
	}
	wish->tls_allowed = strcmp(wish->text[KEEPER_SECURITY], "tls") == 0;
	wish->width = (uint32_t)strtoul(wish->text[KEEPER_WIDTH], NULL, 10);
	wish->height = (uint32_t)strtoul(wish->text[KEEPER_HEIGHT], NULL, 10);
	wish->port = (uint32_t)strtoul(wish->text[KEEPER_PORT], NULL, 10);
}

static bool is_socket(int fd)
{
	int type = 0;
	socklen_t n = sizeof type;

	return getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &n) == 0 && type == SOCK_SEQPACKET;
}

int main(int argc, char **argv)
{
	struct client_wish wish = {.socket = -1};
	unsigned in_force;
	char why[200] = "";
	size_t n;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	if (argc == 2 && strcmp(argv[1], "--help") == 0)
		return fputs(help, stdout) < 0;
	if (argc != 1 || !is_socket(STDIN_FILENO)) {
		fputs("hostler-rdp-keeper is started by a driver of hostler, not by hand; see --help\n", stderr);
		return 2;
	}
	/* freerdp writes to a server that has gone as to any other. */
	signal(SIGPIPE, SIG_IGN);
	in_force = confine_begin();
	secrecy_begin();
	clearenv();
	setenv("HOME", "/", 1);
	client_prepare();
	n = say_hear(asked, sizeof asked - 1);
	if (asked[0] != KEEPER_ASK_CONNECT)
		return 1;
	understand(n, &wish);
	wish.socket = reach(wish.text[KEEPER_HOST], wish.text[KEEPER_PORT]);
	in_force |= confine(why, sizeof why);
	if (*why)
		say_over(KEEPER_UNFIT, "%s", why);
	say(KEEPER_READY, KEEPER_FRAMES_VERSION, "%c", (char)(KEEPER_CONFINED_BASE + in_force));
	client_keep(&wish);
	return 0;
}
