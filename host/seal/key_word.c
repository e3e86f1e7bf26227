#include "seal/key_word.h"

#include "base/mem.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define PREFIX "hok1."
#define OPERATOR "operator/"

enum { KEYS = 3 * SEAL_KEY_BYTES, CHECK = 4, ALL_MAX = 1 + ROSTER_NAME_MAX + KEYS + CHECK };

static void check_of(const uint8_t *all, size_t length, uint8_t ret[CHECK])
{
	uint8_t hash[crypto_generichash_BYTES];

	crypto_generichash(hash, sizeof hash, all, length, NULL, 0);
	memcpy(ret, hash, CHECK);
}

char *key_word_write(const struct roster_member *operator)
{
	const char *name = operator->name + strlen(OPERATOR);
	char text[sodium_base64_ENCODED_LEN(ALL_MAX, sodium_base64_VARIANT_URLSAFE_NO_PADDING)];
	uint8_t all[ALL_MAX];
	size_t n = strlen(name);

	all[0] = (uint8_t)n;
	memcpy(all + 1, name, n++);
	memcpy(all + n, operator->wire, SEAL_KEY_BYTES);
	memcpy(all + n + SEAL_KEY_BYTES, operator->open, SEAL_KEY_BYTES);
	memcpy(all + n + 2 * SEAL_KEY_BYTES, operator->sign, SEAL_KEY_BYTES);
	check_of(all, n + KEYS, all + n + KEYS);
	sodium_bin2base64(text, sizeof text, all, n + KEYS + CHECK, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	return mem_printf(PREFIX "%s", text);
}

int key_word_read(const char *word, struct roster_member *ret, hst_error *err)
{
	uint8_t all[ALL_MAX], check[CHECK];
	char name[ROSTER_NAME_MAX + 1];
	size_t length = 0, n;

	if (strncmp(word, PREFIX, strlen(PREFIX)) != 0)
		return hst_fail(err, HST_INVALID, "a key that is handed over begins with " PREFIX "; `hostler operator key` prints it");
	word += strlen(PREFIX);
	if (sodium_base642bin(all, sizeof all, word, strlen(word), NULL, &length, NULL, sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    length < 1 + 1 + KEYS + CHECK || (n = all[0]) + 1 + KEYS + CHECK != length)
		return hst_fail(err, HST_INVALID, "the key was not copied whole");
	check_of(all, length - CHECK, check);
	if (memcmp(check, all + length - CHECK, CHECK) != 0)
		return hst_fail(err, HST_INVALID, "the key was not copied as it is: its last characters do not fit the rest");
	memcpy(name, all + 1, n);
	name[n] = '\0';
	if (strlen(name) != n || !roster_name_is_fit(name))
		return hst_fail(err, HST_INVALID, "the key is of a name that no operator can have");
	*ret = (struct roster_member){.kind = ROSTER_OPERATOR, .has_wire = true, .has_open = true, .has_sign = true};
	ret->name = mem_printf(OPERATOR "%s", name);
	memcpy(ret->wire, all + 1 + n, SEAL_KEY_BYTES);
	memcpy(ret->open, all + 1 + n + SEAL_KEY_BYTES, SEAL_KEY_BYTES);
	memcpy(ret->sign, all + 1 + n + 2 * SEAL_KEY_BYTES, SEAL_KEY_BYTES);
	return HST_OK;
}
