#include "cli/prompt.h"

#include "base/auto.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { ATTEMPTS = 3 };

static volatile sig_atomic_t interrupted;

static void on_interrupt(int number)
{
	interrupted = number;
}

bool prompt_is_piped(void)
{
	return !isatty(STDIN_FILENO);
}

void prompt_forget(char *secret)
{
	sodium_free(secret); /* wipes, and takes NULL */
}

static int interrupted_read(hst_error *err)
{
	return hst_fail(err, HST_CANCELLED, "nothing was typed to its end");
}

/* Up to the first newline, or with `whole` to the end of the file. The buffer has one byte more than it takes. */
static int read_into(int fd, bool whole, char *to, size_t *ret_length, hst_error *err)
{
	size_t length = 0;

	for (;;) {
		ssize_t n = read(fd, to + length, whole ? PROMPT_BYTES_MAX + 1 - length : 1);

		if (n < 0 && errno == EINTR && !interrupted)
			continue;
		if (n < 0)
			return interrupted ? interrupted_read(err) : hst_fail(err, HST_BROKEN, "what was typed cannot be read: %s", strerror(errno));
		if (n == 0 && !whole && length == 0)
			return interrupted_read(err);
		if (n == 0 || (!whole && to[length] == '\n'))
			break;
		length += (size_t)n;
		if (length > PROMPT_BYTES_MAX)
			return hst_fail(err, HST_INVALID, "a secret has at most %d KiB", PROMPT_BYTES_MAX >> 10);
	}
	*ret_length = length;
	return HST_OK;
}

/* Signals that would end us are only noted meanwhile, so that the terminal is left as it was found. */
static int read_unseen(int tty, const char *question, char *to, size_t *ret_length, hst_error *err)
{
	static const int signals[] = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};
	enum { SIGNALS = sizeof signals / sizeof *signals };
	const struct sigaction note = {.sa_handler = on_interrupt};
	struct sigaction before[SIGNALS];
	struct termios was, unseen;
	int code;

	if (tcgetattr(tty, &was) < 0)
		return hst_fail(err, HST_BROKEN, "the terminal does not answer: %s", strerror(errno));
	interrupted = 0;
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &note, &before[i]);
	unseen = was;
	unseen.c_lflag &= ~(tcflag_t)(ECHO | ECHOE | ECHOK | ECHONL);
	unseen.c_lflag |= ICANON | ISIG;
	dprintf(tty, "%s: ", question);
	code = tcsetattr(tty, TCSAFLUSH, &unseen) < 0 ? hst_fail(err, HST_BROKEN, "the terminal cannot be told to hide what is typed: %s", strerror(errno))
	                                              : read_into(tty, false, to, ret_length, err);
	tcsetattr(tty, TCSAFLUSH, &was);
	dprintf(tty, "\n");
	for (size_t i = 0; i < SIGNALS; i++)
		sigaction(signals[i], &before[i], NULL);
	return code;
}

static int check(const char *secret, size_t length, hst_error *err)
{
	if (length == 0)
		return hst_fail(err, HST_INVALID, "the secret is empty");
	if (memchr(secret, '\0', length))
		return hst_fail(err, HST_INVALID, "the secret has a NUL character in it");
	return HST_OK;
}

static int read_twice(int tty, const char *question, char *to, size_t *ret_length, hst_error *err)
{
	char *again = sodium_malloc(PROMPT_BYTES_MAX + 2);
	int code = again ? HST_OK : hst_fail(err, HST_BROKEN, "no memory for a secret");
	bool same = false;

	for (int i = 0; code == HST_OK && !same && i < ATTEMPTS; i++) {
		size_t length = 0;

		code = read_unseen(tty, question, to, ret_length, err);
		if (code == HST_OK)
			code = check(to, *ret_length, err);
		if (code == HST_OK)
			code = read_unseen(tty, "The same once more", again, &length, err);
		same = code == HST_OK && length == *ret_length && sodium_memcmp(to, again, length) == 0;
		if (code == HST_OK && !same)
			dprintf(tty, "The two are not the same.\n");
	}
	sodium_free(again);
	return code == HST_OK && !same ? hst_fail(err, HST_INVALID, "what was typed twice was not the same") : code;
}

static int read_piped(char *to, size_t *ret_length, hst_error *err)
{
	int code = read_into(STDIN_FILENO, true, to, ret_length, err);

	if (code == HST_OK && *ret_length && to[*ret_length - 1] == '\n')
		--*ret_length;
	return code == HST_OK ? check(to, *ret_length, err) : code;
}

int prompt_secret(const char *question, bool twice, char **ret, size_t *ret_length, hst_error *err)
{
	AUTO_CLOSE int tty = prompt_is_piped() ? -1 : open("/dev/tty", O_RDWR | O_NOCTTY | O_CLOEXEC);
	char *secret = sodium_malloc(PROMPT_BYTES_MAX + 2);
	size_t length = 0;
	int code;

	if (!secret)
		return hst_fail(err, HST_BROKEN, "no memory for a secret");
	if (tty < 0)
		code = read_piped(secret, &length, err);
	else if (twice)
		code = read_twice(tty, question, secret, &length, err);
	else if ((code = read_unseen(tty, question, secret, &length, err)) == HST_OK)
		code = check(secret, length, err);
	if (code != HST_OK) {
		prompt_forget(secret);
		return code;
	}
	secret[length] = '\0';
	*ret = secret;
	*ret_length = length;
	return HST_OK;
}
