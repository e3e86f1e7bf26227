#include "wire/invitation.h"

#include "base/mem.h"

#include <sodium.h>
#include <stdbool.h>
#include <string.h>

#define FIRST "hsj1."

enum { FIRST_LENGTH = sizeof FIRST - 1, CHECK_BYTES = 4, ROSTER_PART_BYTES = ROSTER_CLUSTER_BYTES + SEAL_KEY_BYTES + SEAL_SEED_BYTES,
       BYTES_MAX = 2 * (INVITATION_PART_MAX + 1) + 8 + 2 * KEY_BYTES + ROSTER_PART_BYTES + CHECK_BYTES };

/* The bytes under way, written or read. */
struct bytes {
	uint8_t at[BYTES_MAX];
	size_t n, read;
};

static void put(struct bytes *bytes, const void *from, size_t n)
{
	memcpy(bytes->at + bytes->n, from, n);
	bytes->n += n;
}

static void put_text(struct bytes *bytes, const char *text)
{
	uint8_t length = (uint8_t)strlen(text);

	put(bytes, &length, 1);
	put(bytes, text, length);
}

static bool take_bytes(struct bytes *bytes, void *to, size_t n)
{
	if (bytes->n - bytes->read < n)
		return false;
	memcpy(to, bytes->at + bytes->read, n);
	bytes->read += n;
	return true;
}

/* Printable, so that it can be shown and written into a file. */
static bool take_text(struct bytes *bytes, char to[INVITATION_PART_MAX + 1])
{
	uint8_t length;

	if (!take_bytes(bytes, &length, 1) || length == 0 || !take_bytes(bytes, to, length))
		return false;
	to[length] = '\0';
	for (size_t i = 0; i < length; i++)
		if (to[i] <= ' ' || to[i] > '~')
			return false;
	return true;
}

static void check_of(const struct bytes *bytes, uint8_t to[crypto_generichash_BYTES])
{
	crypto_generichash(to, crypto_generichash_BYTES, bytes->at, bytes->n, NULL, 0);
}

char *invitation_write(const struct invitation *invitation)
{
	uint8_t end[8], check[crypto_generichash_BYTES];
	uint64_t seconds = (uint64_t)(invitation->until_us / 1000000);
	struct bytes bytes = {.n = 0};
	size_t size;
	char *line;

	put_text(&bytes, invitation->address);
	put_text(&bytes, invitation->name);
	for (size_t i = 0; i < sizeof end; i++)
		end[i] = (uint8_t)(seconds >> (56 - 8 * i));
	put(&bytes, end, sizeof end);
	put(&bytes, invitation->host, KEY_BYTES);
	put(&bytes, invitation->pair.secret_key, KEY_BYTES);
	if (invitation->signs) {
		put(&bytes, invitation->pin.cluster, ROSTER_CLUSTER_BYTES);
		put(&bytes, invitation->pin.sign, SEAL_KEY_BYTES);
		put(&bytes, invitation->seed, SEAL_SEED_BYTES);
	}
	check_of(&bytes, check);
	put(&bytes, check, CHECK_BYTES);
	size = sodium_base64_encoded_len(bytes.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	line = mem_alloc(FIRST_LENGTH + size);
	memcpy(line, FIRST, FIRST_LENGTH);
	sodium_bin2base64(line + FIRST_LENGTH, size, bytes.at, bytes.n, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
	sodium_memzero(&bytes, sizeof bytes);
	return line;
}

void invitation_forget(char *line)
{
	if (line)
		sodium_memzero(line, strlen(line));
	free(line);
}

void invitation_clear(struct invitation *invitation)
{
	sodium_memzero(invitation, sizeof *invitation);
}

/* An invitation of a house without a roster ends before it. */
static bool take_roster_part(struct bytes *bytes, struct invitation *to)
{
	to->signs = bytes->n > bytes->read;
	return !to->signs || (take_bytes(bytes, to->pin.cluster, ROSTER_CLUSTER_BYTES) && take_bytes(bytes, to->pin.sign, SEAL_KEY_BYTES) &&
			      take_bytes(bytes, to->seed, SEAL_SEED_BYTES));
}

static bool take_parts(struct bytes *bytes, struct invitation *to)
{
	uint8_t end[8], check[CHECK_BYTES], right[crypto_generichash_BYTES];
	uint64_t seconds = 0;

	if (bytes->n < CHECK_BYTES)
		return false;
	bytes->n -= CHECK_BYTES;
	memcpy(check, bytes->at + bytes->n, CHECK_BYTES);
	check_of(bytes, right);
	if (memcmp(check, right, CHECK_BYTES) != 0 || !take_text(bytes, to->address) || !take_text(bytes, to->name) ||
	    !take_bytes(bytes, end, sizeof end) || !take_bytes(bytes, to->host, KEY_BYTES) ||
	    !take_bytes(bytes, to->pair.secret_key, KEY_BYTES) || !take_roster_part(bytes, to) || bytes->read != bytes->n)
		return false;
	for (size_t i = 0; i < sizeof end; i++)
		seconds = seconds << 8 | end[i];
	to->until_us = seconds > INT64_MAX / 1000000 ? INT64_MAX : (int64_t)seconds * 1000000;
	return crypto_scalarmult_base(to->pair.public_key, to->pair.secret_key) == 0;
}

int invitation_read(const char *line, struct invitation *ret, hst_error *err)
{
	struct bytes bytes = {.n = 0};
	const char *first = line + strspn(line, " \t\r\n"), *end;
	size_t length = strcspn(first, " \t\r\n");
	int code = HST_OK;

	memset(ret, 0, sizeof *ret);
	if (strncmp(first, "hsj", 3) != 0)
		return hst_fail_as(err, HST_INVALID, "InvitationUnreadable",
				   "this is no invitation; it is the line that begins with hsj1., from `hostler gateway invite`");
	if (strncmp(first, FIRST, FIRST_LENGTH) != 0)
		return hst_fail_as(err, HST_INVALID, "InvitationUnreadable",
				   "this invitation is of another version of hostler; install the same release on both machines");
	if (length > INVITATION_LINE_MAX || first[length + strspn(first + length, " \t\r\n")] ||
	    sodium_base642bin(bytes.at, sizeof bytes.at, first + FIRST_LENGTH, length - FIRST_LENGTH, NULL, &bytes.n, &end,
			      sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0 ||
	    end != first + length || !take_parts(&bytes, ret))
		code = hst_fail_as(err, HST_INVALID, "InvitationUnreadable",
				   "the invitation is not whole: copy its line from the first character to the last");
	sodium_memzero(&bytes, sizeof bytes);
	if (code)
		invitation_clear(ret);
	return code;
}
