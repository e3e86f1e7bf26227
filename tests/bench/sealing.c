/*
 * Sealing a secret to eight recipients and opening it as one of them, again and again. The answer is one JSON object on
 * stdout; "seal_us" is of both together.
 */
#include "samples.h"

#include "seal/envelope_open.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RECIPIENTS = 8 };

static enum envelope_signer signer(const void *arg, const char *name, uint8_t ret_sign[SEAL_KEY_BYTES], unsigned *ret_rights)
{
	const struct seal_pairs *pairs = arg;

	(void)name, (void)ret_rights;
	memcpy(ret_sign, pairs->sign_public, SEAL_KEY_BYTES);
	return ENVELOPE_SIGNER_KNOWN;
}

static void check(int code, const hst_error *err)
{
	if (code == HST_OK)
		return;
	fprintf(stderr, "sealing: %s\n", err->text);
	exit(1);
}

static void seal_and_open(const struct seal_pairs *pairs, const struct envelope_recipient *to)
{
	static const char *const sinks[] = {"connector/orders.login.password"};
	struct envelope_header header = {.kind = ENVELOPE_VALUE, .name = "find.password", .run = "r-1", .sinks = sinks, .sink_count = 1,
	                                 .epoch = 1, .signer = "connector/find"};
	const struct envelope_house house = {.epoch = 1, .least = 1, .signer = signer, .arg = &pairs[0]};
	const struct envelope_check known = {.house = &house, .run = "r-1", .sink = sinks[0]};
	hst_secret *secret = NULL, *opened = NULL;
	struct envelope envelope;
	hst_error err = {0};
	uint8_t *bytes = NULL;
	size_t length = 0;

	check(secret_new("correct horse battery staple", 28, &secret, &err), &err);
	check(envelope_seal(&header, secret, to, RECIPIENTS, &pairs[0], &bytes, &length, &err), &err);
	check(envelope_read(bytes, length, &envelope, &err), &err);
	check(envelope_open(&envelope, &known, &pairs[RECIPIENTS - 1], &opened, &err), &err);
	secret_free(secret);
	secret_free(opened);
	free(bytes);
}

int main(int argc, char **argv)
{
	static const char *const names[RECIPIENTS] = {"connector/a", "connector/b", "connector/c", "gateway/d", "gateway/e", "gateway/f", "operator/g",
	                                              "trigger/h"};
	struct envelope_recipient to[RECIPIENTS];
	struct seal_pairs pairs[RECIPIENTS];
	struct samples samples = {0};
	double seconds = argc == 3 && strcmp(argv[1], "--seconds") == 0 ? atof(argv[2]) : 0;
	int64_t until_us;

	if (seconds <= 0 || sodium_init() < 0)
		return fputs("usage: sealing --seconds S\n", stderr), 2;
	for (size_t i = 0; i < RECIPIENTS; i++) {
		seal_pairs_random(&pairs[i]);
		to[i].name = names[i];
		memcpy(to[i].key, pairs[i].open_public, SEAL_KEY_BYTES);
	}
	until_us = now_us() + (int64_t)(seconds * 1e6);
	while (now_us() < until_us) {
		int64_t from_us = now_us();

		seal_and_open(pairs, to);
		samples_add(&samples, now_us() - from_us);
	}
	printf("{\"runs\": %zu", samples.n);
	samples_print(&samples, "seal_us");
	puts("}");
	samples_clear(&samples);
	return 0;
}
