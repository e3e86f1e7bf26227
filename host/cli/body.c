#include "cli/body.h"

#include "base/auto.h"
#include "base/text.h"
#include "os/files.h"
#include "schema/value.h"

#include <stdio.h>
#include <string.h>

static char *read_stdin(size_t *ret_length)
{
	struct text text;
	char part[4096];
	size_t n;

	text_init(&text, VALUE_BYTES_MAX + 1);
	while ((n = fread(part, 1, sizeof part, stdin)) > 0)
		text_bytes(&text, part, n);
	*ret_length = text.length;
	return text_take(&text);
}

int body_read(const struct cli *cli, const char *path, const char *what, const hst_value **ret, hst_error *err)
{
	AUTO_FREE char *bytes = NULL;
	bool piped = strcmp(path, "-") == 0;
	hst_error why = {0};
	size_t length = 0;
	int code = HST_OK;

	if (piped)
		bytes = read_stdin(&length);
	else
		code = files_read(path, VALUE_BYTES_MAX, &bytes, &length, err);
	if (code != HST_OK)
		return code;
	if (length > VALUE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the %s is larger than 1 MiB", what);
	code = value_parse_json(cli->arena, bytes, length, ret, &why);
	if (code == HST_OK && value_kind(*ret) != HST_VALUE_RECORD)
		code = hst_fail(&why, HST_INVALID, "it is no JSON object");
	return code == HST_OK ? code
			      : hst_fail(err, code, "%s is no %s: %s", piped ? "stdin" : path, what, why.text);
}
