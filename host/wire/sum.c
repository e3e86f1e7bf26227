#include "wire/sum.h"

#include <sodium.h>
#include <string.h>

enum { SUM_BYTES = 32 };

_Static_assert(sizeof(crypto_generichash_state) <= SUM_STATE_BYTES, "the state fits");

/* Its type wants an alignment that memory of the heap has not, so it is copied to where it has. */
static void load(const struct sum *sum, crypto_generichash_state *ret)
{
	memcpy(ret, sum->state, sizeof *ret);
}

static void keep(struct sum *sum, const crypto_generichash_state *state)
{
	memcpy(sum->state, state, sizeof *state);
}

void sum_begin(struct sum *sum)
{
	crypto_generichash_state state;

	crypto_generichash_init(&state, NULL, 0, SUM_BYTES);
	keep(sum, &state);
}

void sum_add(struct sum *sum, const void *bytes, size_t length)
{
	crypto_generichash_state state;

	if (!length)
		return;
	load(sum, &state);
	crypto_generichash_update(&state, bytes, length);
	keep(sum, &state);
}

void sum_end(struct sum *sum, char ret[SUM_SIZE])
{
	crypto_generichash_state state;
	unsigned char bytes[SUM_BYTES];

	load(sum, &state);
	crypto_generichash_final(&state, bytes, sizeof bytes);
	sodium_bin2base64(ret, SUM_SIZE, bytes, sizeof bytes, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}
