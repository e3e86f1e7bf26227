/* What is sealed, as text: taken only where it is written the same way again. */
#include "fuzz.h"

#include "base/auto.h"
#include "seal/armour.h"

#include <string.h>

const char fuzz_name[] = "armour";
const int fuzz_cases = 40000;

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t length)
{
	AUTO_FREE char *text = fuzz_text(bytes, length);
	AUTO_FREE uint8_t *read = NULL;
	AUTO_FREE char *again = NULL;
	hst_error err = {0};
	size_t n = 0;
	int code = armour_read(text, &read, &n, &err);

	fuzz_must(code == HST_OK || (code == HST_INVALID && err.text[0]));
	if (code != HST_OK)
		return 0;
	again = armour_write(read, n);
	fuzz_must(strcmp(again, text) == 0);
	fuzz_taken++;
	return 0;
}
