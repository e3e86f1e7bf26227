#include "fuzz.h"

#include <string.h>

size_t fuzz_taken;

uint8_t *fuzz_exactly(const uint8_t *bytes, size_t length)
{
	uint8_t *copy = malloc(length + !length);

	fuzz_must(copy);
	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

char *fuzz_text(const uint8_t *bytes, size_t length)
{
	char *copy = malloc(length + 1);

	fuzz_must(copy);
	if (length)
		memcpy(copy, bytes, length);
	copy[length] = '\0';
	return copy;
}
