/* Keys and the list of peers. */
#include "wire/keys.h"

#include "base/mem.h"
#include "wire/messages.h"

#include <setjmp.h>
#include <stdarg.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static void derived_keys_depend_on_seed_and_name_alone(void **state)
{
	uint8_t seed[SEED_BYTES] = {1, 2, 3}, other[SEED_BYTES] = {1, 2, 4};
	struct key_pair a, b;

	(void)state;
	keys_derive(seed, "gateway/ts-01", &a);
	keys_derive(seed, "gateway/ts-01", &b);
	assert_memory_equal(&a, &b, sizeof a);
	keys_derive(seed, "gateway/ts-02", &b);
	assert_memory_not_equal(a.secret_key, b.secret_key, KEY_BYTES);
	keys_derive(other, "gateway/ts-01", &b);
	assert_memory_not_equal(a.public_key, b.public_key, KEY_BYTES);
}

/* A change of the derivation would lock every gateway out: the pair of a known seed is written down here. */
static void derivation_never_changes(void **state)
{
	uint8_t seed[SEED_BYTES];
	struct key_pair pair;
	char text[KEY_TEXT];

	(void)state;
	for (size_t i = 0; i < sizeof seed; i++)
		seed[i] = (uint8_t)i;
	keys_derive(seed, "worker/connector/orders", &pair);
	keys_text(pair.public_key, text);
	assert_string_equal(text, "XXITgrGRAiF6mvCAC42T3C4Pc04oRPOa_nfXHYo1m3I");
}

static void pairs_to_seal_with_come_from_their_seed(void **state)
{
	static const uint8_t seed[SEAL_SEED_BYTES] = {7};
	struct key_ring ring = {0};
	struct seal_pairs pairs;
	uint8_t own[SEAL_SEED_BYTES];
	char text[SEAL_KEY_TEXT], line[128];
	hst_error err = {0};

	(void)state;
	seal_seed_derive(seed, "connector/post", own);
	seal_key_text(own, text);
	snprintf(line, sizeof line, "seal connector/post %s\n", text);
	assert_int_equal(keys_parse(&ring, "keys", line, strlen(line), NULL), HST_OK);
	assert_string_equal(ring.seal.name, "connector/post");
	seal_pairs_derive(seed, "connector/post", &pairs);
	assert_memory_equal(ring.seal.pairs, &pairs, sizeof pairs);
	assert_int_equal(keys_parse(&ring, "keys", line, strlen(line), &err), HST_INVALID);
	assert_string_equal(err.text, "keys:1: error: there is more than one line \"seal\"");
	keys_clear(&ring);
	assert_null(ring.seal.name);
	assert_null(ring.seal.pairs);
	assert_int_equal(keys_parse(&ring, "keys", "seal connector/post short\n", 26, NULL), HST_INVALID);
	assert_null(ring.seal.name);
	keys_clear(&ring);
}

static void the_roster_is_put_together_again_byte_by_byte(void **state)
{
	static const char text[] = "roster hostler-roster 1\nseal-like line\n";
	static const char lines[] = "roster hostler-roster 1\nroster  two  blanks \nroster self a b c\n";
	struct key_ring ring = {0};

	(void)state;
	assert_int_equal(keys_parse(&ring, "keys", text, sizeof text - 1, NULL), HST_INVALID);
	assert_null(ring.roster);
	assert_int_equal(keys_parse(&ring, "keys", lines, sizeof lines - 1, NULL), HST_OK);
	assert_string_equal(ring.roster, "hostler-roster 1\n two  blanks \nself a b c\n");
	assert_null(ring.name);
	keys_clear(&ring);
}

static void random_keys_differ(void **state)
{
	struct key_pair a, b;

	(void)state;
	keys_random(&a);
	keys_random(&b);
	assert_memory_not_equal(a.secret_key, b.secret_key, KEY_BYTES);
}

static void keys_are_read_as_they_are_written(void **state)
{
	struct key_pair pair;
	char text[KEY_TEXT];
	uint8_t key[KEY_BYTES];

	(void)state;
	keys_random(&pair);
	keys_text(pair.public_key, text);
	assert_int_equal(strlen(text), 43);
	assert_null(strpbrk(text, "+/="));
	assert_int_equal(keys_read_text(text, key, NULL), HST_OK);
	assert_memory_equal(key, pair.public_key, KEY_BYTES);
}

static void what_is_no_key_is_refused(void **state)
{
	static const char *const bad[] = {
		"",
		"AAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA+",
		"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB", /* bits behind the end */
	};
	uint8_t key[KEY_BYTES];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
		assert_int_equal(keys_read_text(bad[i], key, NULL), HST_INVALID);
}

#define KEY_A "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
#define KEY_B "BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBA"
#define KEY_C "CCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCCA"

static int parse(struct key_ring *ring, const char *text, hst_error *err)
{
	return keys_parse(ring, "keys", text, strlen(text), err);
}

static void lines_make_a_ring(void **state)
{
	static const char lines[] = "# for people\n"
				    "self engine " KEY_A " " KEY_B "\n"
				    "\n"
				    "host " KEY_A "\r\n"
				    "peer operator/felix " KEY_B " look,press\n"
				    "peer gateway/ts-01 " KEY_C " -";
	struct key_ring ring = {0};

	(void)state;
	assert_int_equal(parse(&ring, lines, NULL), HST_OK);
	assert_string_equal(ring.name, "engine");
	assert_int_equal(ring.peer_count, 2);
	assert_string_equal(ring.peers[0].name, "operator/felix");
	assert_int_equal(ring.peers[0].rights, RIGHT_LOOK | RIGHT_PRESS);
	assert_string_equal(ring.peers[1].name, "gateway/ts-01");
	assert_int_equal(ring.peers[1].rights, RIGHT_NONE);
	assert_int_equal(parse(&ring, "peer worker/x " KEY_A " -\n", NULL), HST_OK);
	assert_int_equal(ring.peer_count, 3);
	keys_clear(&ring);
	assert_int_equal(ring.peer_count, 0);
	assert_null(ring.peers);
}

static void the_list_of_gateways_says_when_and_who(void **state)
{
	static const char lines[] = "peer gateway/ts-01 " KEY_A " - 2026-11-22T01:02:03Z felix\n"
				    "invited gateway/ts-02 " KEY_B " 2026-11-22T02:02:03Z felix\n"
				    "revoked gateway/ts-01 " KEY_C " 2026-11-21T01:02:03Z eve\n";
	struct key_ring ring = {0};

	(void)state;
	assert_int_equal(parse(&ring, lines, NULL), HST_OK);
	assert_int_equal(ring.peer_count, 3);
	assert_int_equal(ring.peers[0].standing, KEY_IN);
	assert_true(ring.peers[0].at_us == INT64_C(1795309323000000));
	assert_string_equal(ring.peers[0].who, "felix");
	assert_int_equal(ring.peers[1].standing, KEY_INVITED);
	assert_int_equal(ring.peers[2].standing, KEY_REVOKED);
	assert_string_equal(ring.peers[2].who, "eve");
	keys_clear(&ring);
}

static void bad_lines_are_refused_with_their_number(void **state)
{
	static const char *const bad[] = {
		"peer operator/felix " KEY_A "\n",
		"peer operator/felix " KEY_A " look press\n",
		"peer operator/felix short look\n",
		"peer operator/felix " KEY_A " everything\n",
		"peer operator/felix " KEY_A " look,\n",
		"peer felix " KEY_A " look\n",
		"peer operator/ " KEY_A " look\n",
		"peer operator/f\xc3\xa4 " KEY_A " look\n",
		"peer operator/a " KEY_A " look\npeer operator/a " KEY_B " look\n",
		"peer operator/a " KEY_A " look\npeer operator/b " KEY_A " look\n",
		"self engine " KEY_A "\n",
		"self engine " KEY_A " " KEY_A "\nself engine " KEY_A " " KEY_A "\n",
		"host " KEY_A "\nhost " KEY_B "\n",
		"host\n",
		"pear operator/felix " KEY_A " look\n",
		"peer gateway/a " KEY_A " - yesterday felix\n",
		"enrol one two\n",
		"enrol one\nenrol two\n",
		"invited gateway/a " KEY_A "\n",
		"invited gateway/a " KEY_A " 2026-11-22T01:02:03Z\n",
		"revoked operator " KEY_A " 2026-11-22T01:02:03Z felix\n",
		"peer gateway/a " KEY_A " -\nrevoked gateway/b " KEY_A " 2026-11-22T01:02:03Z felix\n",
	};
	char line[1200];

	(void)state;
	for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
		struct key_ring ring = {0};
		hst_error err = {0};
		char where[32];

		snprintf(where, sizeof where, "keys:%d: error: ", strchr(bad[i], '\n')[1] ? 2 : 1);
		assert_int_equal(parse(&ring, bad[i], &err), HST_INVALID);
		assert_memory_equal(err.text, where, strlen(where));
		keys_clear(&ring);
	}
	memset(line, 'x', sizeof line);
	assert_int_equal(keys_parse(&(struct key_ring){0}, "keys", line, sizeof line, NULL), HST_INVALID);
	assert_int_equal(keys_parse(&(struct key_ring){0}, "keys", "host\0", 5, NULL), HST_INVALID);
}

static void an_error_does_not_show_a_key(void **state)
{
	struct key_ring ring = {0};
	hst_error err = {0};

	(void)state;
	assert_int_equal(parse(&ring, "self engine " KEY_A " BBBBsecret\n", &err), HST_INVALID);
	assert_null(strstr(err.text, "BBBB"));
	keys_clear(&ring);
}

static void peers_have_a_ceiling(void **state)
{
	char *text = mem_alloc((PEERS_MAX + 1) * 80), *at = text, key[KEY_TEXT];
	struct key_ring ring = {0};
	hst_error err;
	uint8_t number[KEY_BYTES] = {0};

	(void)state;
	for (int i = 0; i <= PEERS_MAX; i++) {
		memcpy(number, &i, sizeof i);
		keys_text(number, key);
		at += sprintf(at, "peer gateway/%d %s -\n", i, key);
	}
	assert_int_equal(keys_parse(&ring, "keys", text, (size_t)(at - text), &err), HST_INVALID);
	assert_int_equal(ring.peer_count, PEERS_MAX);
	keys_clear(&ring);
	free(text);
}

static void a_descriptor_is_read_to_its_end_and_closed(void **state)
{
	static const char lines[] = "self gateway/ts-01 " KEY_A " " KEY_B "\nhost " KEY_C "\n";
	struct key_ring ring = {0};
	int pair[2];

	(void)state;
	assert_int_equal(pipe(pair), 0);
	assert_int_equal(write(pair[1], lines, sizeof lines - 1), sizeof lines - 1);
	close(pair[1]);
	assert_int_equal(keys_read_fd(&ring, pair[0], NULL), HST_OK);
	assert_string_equal(ring.name, "gateway/ts-01");
	assert_int_equal(close(pair[0]), -1);
	keys_clear(&ring);
	assert_int_equal(keys_read_fd(&ring, 999, NULL), HST_BROKEN);
}

static void rights_are_a_list_of_words(void **state)
{
	char text[64];
	unsigned rights = 0;

	(void)state;
	rights_text(RIGHT_NONE, text, sizeof text);
	assert_string_equal(text, "-");
	rights_text(RIGHT_LOOK | RIGHT_CONTROL, text, sizeof text);
	assert_string_equal(text, "look,control");
	assert_int_equal(rights_read("control,look", &rights, NULL), HST_OK);
	assert_int_equal(rights, RIGHT_LOOK | RIGHT_CONTROL);
	assert_int_equal(rights_read("-", &rights, NULL), HST_OK);
	assert_int_equal(rights, RIGHT_NONE);
	assert_int_equal(rights_read("admin", &rights, NULL), HST_OK);
	assert_int_equal(rights, RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	assert_int_equal(rights_read("", &rights, NULL), HST_INVALID);
	assert_int_equal(rights_read("loo", &rights, NULL), HST_INVALID);
	assert_int_equal(rights_read("look,-", &rights, NULL), HST_INVALID);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(derived_keys_depend_on_seed_and_name_alone),
		cmocka_unit_test(derivation_never_changes),
		cmocka_unit_test(pairs_to_seal_with_come_from_their_seed),
		cmocka_unit_test(the_roster_is_put_together_again_byte_by_byte),
		cmocka_unit_test(random_keys_differ),
		cmocka_unit_test(keys_are_read_as_they_are_written),
		cmocka_unit_test(what_is_no_key_is_refused),
		cmocka_unit_test(lines_make_a_ring),
		cmocka_unit_test(the_list_of_gateways_says_when_and_who),
		cmocka_unit_test(bad_lines_are_refused_with_their_number),
		cmocka_unit_test(an_error_does_not_show_a_key),
		cmocka_unit_test(peers_have_a_ceiling),
		cmocka_unit_test(a_descriptor_is_read_to_its_end_and_closed),
		cmocka_unit_test(rights_are_a_list_of_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
