#include "cli/prompt.h"

#include "cli/hidden.h"
#include "schema/utf8.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

bool prompt_is_piped(void)
{
	return !isatty(STDIN_FILENO);
}

void prompt_forget(char *secret)
{
	sodium_free(secret); /* wipes, and takes NULL */
}

/* With the end of its line, in the two ways that there are, and one byte to see that it is too long. */
enum { PIPED_MAX = PROMPT_BYTES_MAX + 3 };

/* Of what is piped in the first line alone, so byte by byte: what stands behind it is for somebody else. */
static ssize_t read_some(char *to, size_t room, bool line)
{
	return read(STDIN_FILENO, to, line && room ? 1 : room);
}

static int read_piped(const struct cli *cli, bool line, char *to, size_t *ret_length)
{
	size_t length = 0;
	ssize_t n;

	while ((n = read_some(to + length, PIPED_MAX - length, line)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cli_fail(cli, CLI_FAILED, "Broken", "standard input cannot be read: %s", strerror(errno));
		length += (size_t)n;
		if (length == PIPED_MAX || (line && to[length - 1] == '\n'))
			break;
	}
	if (length && to[length - 1] == '\n' && --length && to[length - 1] == '\r')
		length--;
	if (length > PROMPT_BYTES_MAX)
		return cli_fail(cli, CLI_USAGE, "Usage", "a secret has at most %d KiB", PROMPT_BYTES_MAX >> 10);
	if (memchr(to, '\0', length))
		return cli_fail(cli, CLI_USAGE, "Usage", "a secret has no NUL character in it");
	*ret_length = length;
	return CLI_DONE;
}

static int ask(const struct cli *cli, const char *question, bool twice, bool line, char **ret, size_t *ret_length)
{
	char *secret = sodium_malloc(PIPED_MAX);
	size_t length = 0;
	int status;

	if (!secret)
		return cli_fail(cli, CLI_FAILED, "MemlockTooSmall", "there is no memory for a secret");
	if (prompt_is_piped())
		status = read_piped(cli, line, secret, &length);
	else
		status = twice ? hidden_ask_new(cli, question, secret, PROMPT_BYTES_MAX + 2) : hidden_ask(cli, question, secret, PROMPT_BYTES_MAX + 2);
	if (!status && !prompt_is_piped())
		length = strlen(secret);
	if (!status && !length)
		status = cli_fail(cli, CLI_USAGE, "Usage", "%s: a secret cannot be empty", question);
	if (!status && utf8_valid(secret, length) != length)
		status = cli_fail(cli, CLI_USAGE, "Usage", "%s: a secret is a text in UTF-8, and this is none: give it as such, or its bytes as base64", question);
	if (status) {
		prompt_forget(secret);
		return status;
	}
	secret[length] = '\0';
	*ret = secret;
	*ret_length = length;
	return CLI_DONE;
}

int prompt_secret(const struct cli *cli, const char *question, bool twice, char **ret, size_t *ret_length)
{
	return ask(cli, question, twice, false, ret, ret_length);
}

int prompt_line(const struct cli *cli, const char *question, char **ret, size_t *ret_length)
{
	return ask(cli, question, false, true, ret, ret_length);
}
