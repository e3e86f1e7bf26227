#include "cli/prompt.h"

#include "cli/hidden.h"

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

static int read_piped(const struct cli *cli, char *to, size_t *ret_length)
{
	size_t length = 0;
	ssize_t n;

	while ((n = read(STDIN_FILENO, to + length, PROMPT_BYTES_MAX + 2 - length)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return cli_fail(cli, CLI_FAILED, "Broken", "standard input cannot be read: %s", strerror(errno));
		length += (size_t)n;
		if (length == PROMPT_BYTES_MAX + 2)
			break;
	}
	if (length && to[length - 1] == '\n')
		length--;
	if (length > PROMPT_BYTES_MAX)
		return cli_fail(cli, CLI_USAGE, "Usage", "a secret has at most %d KiB", PROMPT_BYTES_MAX >> 10);
	if (memchr(to, '\0', length))
		return cli_fail(cli, CLI_USAGE, "Usage", "a secret has no NUL character in it");
	*ret_length = length;
	return CLI_DONE;
}

int prompt_secret(const struct cli *cli, const char *question, bool twice, char **ret, size_t *ret_length)
{
	char *secret = sodium_malloc(PROMPT_BYTES_MAX + 3);
	size_t length = 0;
	int status;

	if (!secret)
		return cli_fail(cli, CLI_FAILED, "MemlockTooSmall", "there is no memory for a secret");
	if (prompt_is_piped())
		status = read_piped(cli, secret, &length);
	else
		status = twice ? hidden_ask_new(cli, question, secret, PROMPT_BYTES_MAX + 2) : hidden_ask(cli, question, secret, PROMPT_BYTES_MAX + 2);
	if (!status && !prompt_is_piped())
		length = strlen(secret);
	if (!status && !length)
		status = cli_fail(cli, CLI_USAGE, "Usage", "a secret cannot be empty");
	if (status) {
		prompt_forget(secret);
		return status;
	}
	secret[length] = '\0';
	*ret = secret;
	*ret_length = length;
	return CLI_DONE;
}
