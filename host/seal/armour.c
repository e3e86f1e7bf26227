#include "seal/armour.h"

#include "seal/form.h"

#include "base/auto.h"
#include "base/mem.h"

#include <sodium.h>
#include <string.h>

static const char prefix[] = "hsl1.";

enum { PREFIX = sizeof prefix - 1, VARIANT = sodium_base64_VARIANT_URLSAFE_NO_PADDING };

char *armour_write(const void *bytes, size_t length)
{
	size_t size = sodium_base64_encoded_len(length, VARIANT);
	char *text = mem_alloc(PREFIX + size);

	memcpy(text, prefix, PREFIX);
	sodium_bin2base64(text + PREFIX, size, bytes, length, VARIANT);
	return text;
}

/* Written anew and compared, because base64 leaves bits of the last character unused. */
int armour_read(const char *text, uint8_t **ret, size_t *ret_length, hst_error *err)
{
	AUTO_FREE uint8_t *bytes = NULL;
	AUTO_FREE char *again = NULL;
	size_t length = strnlen(text, PREFIX + ARMOUR_BYTES_MAX / 3 * 4 + 1), n = 0;

	if (strncmp(text, prefix, PREFIX) != 0)
		return FORM_REFUSE(err, "this is nothing sealed: that begins with %s", prefix);
	if (length > PREFIX + ARMOUR_BYTES_MAX / 3 * 4)
		return FORM_REFUSE(err, "this is longer than anything sealed");
	bytes = mem_alloc(length);
	if (sodium_base642bin(bytes, length, text + PREFIX, length - PREFIX, NULL, &n, NULL, VARIANT) == 0)
		again = armour_write(bytes, n);
	if (!n || !again || strcmp(again, text) != 0)
		return FORM_REFUSE(err, "what is sealed is cut off or changed: behind %s stand letters, digits, - and _ alone", prefix);
	*ret = take(bytes);
	*ret_length = n;
	return HST_OK;
}
