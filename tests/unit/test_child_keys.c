/* What each child reads on its fd 4: who gets pairs to seal with, and who does not. */
#include "supervise/keys.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#define ROSTER "hostler-roster 1\ncluster AAAA\nsigned ada BBBB\n"

static const uint8_t seed[SEED_BYTES] = {5, 6, 7};

static struct key_ring read_back(char *keys_take)
{
	struct key_ring ring = {0};
	hst_error err = {0};

	if (keys_parse(&ring, "keys", keys_take, strlen(keys_take), &err) != HST_OK)
		fail_msg("%s", err.text);
	keys_forget(keys_take);
	return ring;
}

static void assert_pairs_of(const struct key_ring *ring, const char *name)
{
	struct seal_pairs pairs;

	assert_string_equal(ring->seal.name, name);
	seal_pairs_derive(seed, name, &pairs);
	assert_memory_equal(ring->seal.pairs, &pairs, sizeof pairs);
	seal_pairs_wipe(&pairs);
}

static void workers_of_one_instance_share_its_pairs_and_have_wires_of_their_own(void **state)
{
	uint8_t host[KEY_BYTES];
	struct key_ring first, second;

	(void)state;
	keys_host(seed, host);
	first = read_back(keys_for_worker(seed, "worker/connector/orders", host, ROSTER));
	second = read_back(keys_for_worker(seed, "worker/connector/orders#2", host, ROSTER));
	assert_pairs_of(&first, "connector/orders");
	assert_pairs_of(&second, "connector/orders");
	assert_string_equal(second.name, "worker/connector/orders#2");
	assert_memory_not_equal(first.self.secret_key, second.self.secret_key, KEY_BYTES);
	assert_string_equal(second.roster, ROSTER);
	keys_clear(&first);
	keys_clear(&second);
}

static void a_hold_has_the_pairs_of_its_gateway_and_nothing_of_the_wire(void **state)
{
	struct key_ring ring = read_back(keys_with_roster(keys_for_hold(seed, "gateway/desk", "gateway/desk"), ROSTER));

	(void)state;
	assert_pairs_of(&ring, "gateway/desk");
	assert_null(ring.name);
	assert_string_equal(ring.roster, ROSTER);
	keys_clear(&ring);
}

static void engine_and_gateway_have_no_pairs_to_seal_with(void **state)
{
	static const char *const peers[] = {"worker/connector/orders", "gateway/desk"};
	uint8_t host[KEY_BYTES];
	char *engine = keys_for_engine(seed, peers, 2), *gateway;

	(void)state;
	keys_host(seed, host);
	gateway = keys_with_roster(keys_for_child(seed, "gateway/desk", host), ROSTER);
	assert_null(strstr(engine, "seal "));
	assert_null(strstr(gateway, "seal "));
	assert_non_null(strstr(gateway, "\nroster hostler-roster 1\nroster cluster AAAA\n"));
	keys_forget(engine);
	keys_forget(gateway);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(workers_of_one_instance_share_its_pairs_and_have_wires_of_their_own),
		cmocka_unit_test(a_hold_has_the_pairs_of_its_gateway_and_nothing_of_the_wire),
		cmocka_unit_test(engine_and_gateway_have_no_pairs_to_seal_with),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
