/* A part of a secret: the path in the first line, behind it JSON that an authentic sealer could have got wrong. */
#include "fuzz.h"

#include "base/auto.h"
#include "seal/select.h"

#include <string.h>

const char fuzz_name[] = "select";
const int fuzz_cases = 20000;

static int count(void *arg, const hst_secret *part, hst_error *err)
{
	(void)part, (void)err;
	++*(size_t *)arg;
	return HST_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	const uint8_t *end = length ? memchr(bytes, '\n', length) : NULL;
	AUTO_FREE char *path = fuzz_text(bytes, end ? (size_t)(end - bytes) : 0);
	const uint8_t *json = end ? end + 1 : bytes;
	AUTO(secret) hst_secret *from = NULL;
	AUTO(secret) hst_secret *part = NULL;
	size_t parts = 0, n;
	hst_error err = {0};
	int code;

	length -= (size_t)(json - bytes);
	if (length > SECRET_BYTES_MAX)
		return 0;
	fuzz_must(secret_new(json, length, &from, &err) == HST_OK);
	secret_set_form(from, SECRET_JSON);
	code = select_each(from, count, &parts, &err);
	fuzz_must(code == HST_OK || code == HST_INVALID);
	if (!select_path_right(path))
		return 0;
	code = select_part(from, path, &part, &err);
	fuzz_must(code == HST_OK || ((code == HST_NOT_FOUND || code == HST_INVALID) && err.text[0]));
	if (code == HST_OK) {
		secret_bytes(part, &n);
		fuzz_must(n <= length);
		fuzz_taken++;
	}
	return 0;
}
