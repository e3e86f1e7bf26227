#include "cli/hidden.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { TRIES = 3, INTERRUPT = 3, TYPED_MAX = 4096 /* a terminal takes no longer line */ };

static int open_terminal(void)
{
	return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY);
}

bool hidden_can_ask(void)
{
	AUTO_CLOSE int fd = open_terminal();
	struct termios state;

	return fd >= 0 && tcgetattr(fd, &state) == 0;
}

static void say(int fd, const char *text)
{
	ssize_t n = write(fd, text, strlen(text));

	(void)n;
}

/* Ctrl-C ends a line like Return does, so that the terminal is always given back. */
static int read_line(int fd, char *to, size_t size, size_t *ret_length)
{
	size_t length = 0;
	ssize_t n = 0;

	while (length < size && (n = read(fd, to + length, size - length)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno;
		length += (size_t)n;
		if (to[length - 1] == '\n' || to[length - 1] == INTERRUPT)
			break;
	}
	*ret_length = length;
	return 0;
}

static int read_hidden(const struct cli *cli, int fd, char *to, size_t size)
{
	size_t length = 0;
	int why = read_line(fd, to, size, &length);

	say(fd, "\n");
	if (why)
		return cli_fail(cli, CLI_FAILED, "NoTerminal", "the terminal cannot be read: %s", strerror(why));
	if (!length || to[length - 1] == INTERRUPT)
		return cli_fail(cli, CLI_FAILED, "Cancelled", "nothing was done");
	if (to[length - 1] != '\n')
		return cli_fail(cli, CLI_USAGE, "Usage", "this is too long: at most %zu bytes", size - 1);
	to[length - 1] = '\0';
	if (strlen(to) != length - 1)
		return cli_fail(cli, CLI_USAGE, "Usage", "there is a NUL in it");
	return CLI_DONE;
}

int hidden_ask(const struct cli *cli, const char *prompt, char *to, size_t size)
{
	AUTO_CLOSE int fd = open_terminal();
	struct termios before, quiet;
	int status;

	if (fd < 0 || tcgetattr(fd, &before) != 0)
		return cli_fail(cli, CLI_USAGE, "NoTerminal", "there is no terminal to ask on (%s)", prompt);
	quiet = before;
	quiet.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ISIG);
	quiet.c_lflag |= ICANON;
	quiet.c_cc[VEOL] = INTERRUPT;
	/* What was typed before the question is no answer to it. */
	if (tcsetattr(fd, TCSAFLUSH, &quiet) != 0)
		return cli_fail(cli, CLI_FAILED, "NoTerminal", "the terminal cannot be made quiet: %s", strerror(errno));
	say(fd, prompt);
	say(fd, ": ");
	status = read_hidden(cli, fd, to, size);
	tcsetattr(fd, TCSANOW, &before);
	if (status)
		sodium_memzero(to, size);
	return status;
}

int hidden_ask_new(const struct cli *cli, const char *prompt, char *to, size_t size)
{
	char again[TYPED_MAX + 2];
	int status = CLI_DONE;

	for (int i = 0; i < TRIES; i++) {
		status = hidden_ask(cli, prompt, to, size);
		if (status || !*to)
			return status;
		status = hidden_ask(cli, "Once more", again, sizeof again);
		if (status || strcmp(to, again) == 0) {
			sodium_memzero(again, sizeof again);
			return status;
		}
		fputs("These were not the same.\n", stderr);
	}
	sodium_memzero(again, sizeof again);
	sodium_memzero(to, size);
	return cli_fail(cli, CLI_FAILED, "Cancelled", "nothing was done");
}

int hidden_unlock(const struct cli *cli, struct operator_key *key, const char *path)
{
	char passphrase[PASSPHRASE_MAX + 2], prompt[200];
	hst_error err = {{0}, {0}};
	int status = CLI_DONE, code = HST_OK;

	if (key->locked && !hidden_can_ask())
		return cli_fail(cli, CLI_USAGE, "NoTerminal",
		                "%s is behind a passphrase, and there is no terminal to ask for it on: give scripts a key of their own, with the rights "
		                "they need (`hostler operator new NAME --may … --yes`), and name its file in HOSTLER_KEY",
		                path);
	snprintf(prompt, sizeof prompt, "Passphrase of the key of %.100s", key->name + strlen("operator/"));
	for (int i = 0; i < TRIES && key->locked && !status; i++) {
		status = hidden_ask(cli, prompt, passphrase, sizeof passphrase);
		if (status)
			break;
		code = operator_key_unlock(key, passphrase, &err);
		if (code == HST_DENIED && i < TRIES - 1)
			fprintf(stderr, "hostler: %s\n", err.text);
		else if (code != HST_OK)
			status = cli_fail(cli, CLI_FAILED, err.reason[0] ? err.reason : "KeyLocked", "%s: %s", path, err.text);
	}
	sodium_memzero(passphrase, sizeof passphrase);
	return status;
}
