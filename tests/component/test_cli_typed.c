/* What is typed for a press, against a host that says to whom it is to be sealed, and need not be honest. */
#include "../fakes/fake_desk.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/mem.h"
#include "cli/run_sealed.h"
#include "schema/value.h"
#include "seal/composition.h"
#include "seal/directions.h"
#include "seal/envelope_house.h"
#include "seal/items.h"
#include "seal/operator_key.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define SINK "connector/post.send.text"
#define CANARY "canary-51d0"

struct place {
	struct fake_desk *desk;
	struct operator_key felix;
	struct seal_pairs machine, post;
	struct roster *roster;
	char *shown; /* the host's answer */
	struct text directions;
};

static struct place place;

static void must(int code, const hst_error *err)
{
	if (code != HST_OK)
		fail_msg("%s: %s", err->reason, err->text);
}

static void add_operator(struct roster *roster, const struct operator_key *key)
{
	struct roster_member line = operator_key_line(key, RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);

	roster_put(roster, &line);
	roster_member_clear(&line);
}

/* A roster of this operator's, with a machine and connector/post. */
static struct roster *roster_of(const struct operator_key *key)
{
	struct roster *roster = roster_new();
	struct roster_member line = {.kind = ROSTER_MACHINES, .name = mem_text(ROSTER_MACHINE), .has_sign = true};
	hst_error err = {{0}, {0}};

	add_operator(roster, key);
	memcpy(line.sign, place.machine.sign_public, sizeof line.sign);
	roster_put(roster, &line);
	roster_member_clear(&line);
	roster_certify(roster->cluster, ROSTER_MACHINE, &place.machine, "connector/post", &place.post, &line);
	roster_put(roster, &line);
	roster_member_clear(&line);
	must(roster_sign(roster, key->name, &key->pairs, &err), &err);
	return roster;
}

static void show(const struct roster *roster)
{
	hst_arena *arena = arena_new();
	hst_value *answer = value_make_record(arena), *list = value_make_list(arena);
	char *text = roster_write(roster);
	struct text json;

	value_append(list, value_make_text(arena, text, strlen(text)));
	value_set(answer, "rosters", list);
	value_set_integer(answer, "epoch", roster->epoch);
	text_init(&json, 1 << 20);
	value_write_json(&json, answer);
	free(place.shown);
	place.shown = text_take(&json);
	table_set(&place.desk->answers, "roster", place.shown);
	free(text);
	arena_free(arena);
}

static void direct(const char *to)
{
	static const char *const sinks[] = {SINK};
	const struct direction direction = {.output = "pin", .to = &to, .to_count = 1, .sinks = sinks, .sink_count = 1};
	struct item item = {.name = "*"};
	struct text text;
	hst_error err = {{0}, {0}};

	text_init(&text, DIRECTIONS_BYTES_MAX);
	must(directions_write(&text, &(struct directions){&direction, 1}, &err), &err);
	item.bytes = (const uint8_t *)text.s;
	item.length = text.length;
	text_reset(&place.directions);
	must(items_write(&place.directions, &item, 1, &err), &err);
	text_clear(&text);
}

static int setup(void **state)
{
	struct fake_desk *desk;
	hst_error err = {{0}, {0}};

	fake_desk_setup(state);
	desk = *state;
	place = (struct place){.desk = desk};
	operator_key_make(&place.felix, "felix");
	memcpy(place.felix.wire_public, desk->operator_ring.self.public_key, KEY_BYTES);
	memcpy(place.felix.wire_secret, desk->operator_ring.self.secret_key, KEY_BYTES);
	memcpy(place.felix.host, desk->ring.self.public_key, KEY_BYTES);
	place.felix.has_host = true;
	must(operator_key_write(&place.felix, fake_desk_file(desk, "operator.key", NULL), &err), &err);
	seal_pairs_random(&place.machine);
	seal_pairs_random(&place.post);
	place.roster = roster_of(&place.felix);
	text_init(&place.directions, SEALED_BYTES_MAX);
	show(place.roster);
	direct("connector/post");
	desk->fields = "[{\"name\":\"pin\",\"required\":true,\"taken\":true,\"there\":false}]";
	desk->directions = &place.directions;
	desk->accepted = "[{\"id\":\"r-1\",\"number\":1,\"flow\":\"f\"}]";
	desk->given = CANARY "\n";
	return 0;
}

static int teardown(void **state)
{
	text_clear(&place.directions);
	roster_free(place.roster);
	free(place.shown);
	return fake_desk_teardown(state);
}

static int opened_by(const struct seal_pairs *pairs, const char *sink, hst_secret **ret, hst_error *err)
{
	struct envelope_house house;
	struct envelope_check check = {.house = &house, .sink = sink, .now_us = clock_wall_us()};
	struct item item = {0};

	must(items_find(place.desk->sealed, place.desk->sealed_length, "pin", &item, err), err);
	envelope_house_init(&house, place.roster);
	return composition_open(item.bytes, item.length, &check, pairs, ret, err);
}

static void assert_typed_for_30_days(void)
{
	struct envelope *envelope = mem_alloc(sizeof *envelope);
	struct item item = {0};
	hst_error err = {{0}, {0}};

	must(items_find(place.desk->sealed, place.desk->sealed_length, "pin", &item, &err), &err);
	must(envelope_read(item.bytes, item.length, envelope, &err), &err);
	assert_int_equal(envelope->header.not_after_us - envelope->header.created_us, INT64_C(30) * 86400 * 1000000);
	free(envelope);
}

/* A host could send another picture than the one that was asked for. */
static void a_picture_that_is_another_one_is_refused(void **state)
{
	static const char *const sinks[] = {"operator"};
	hst_error err = {{0}, {0}};
	struct cli cli = {.kept = &err};
	struct connect connect = {.cli = &cli, .key = place.felix};
	struct envelope_header header = {.kind = ENVELOPE_FILE, .run = "r-1", .sinks = sinks, .sink_count = 1, .epoch = 1, .created_us = 1,
					 .signer = "gateway/here", .name = "other.end.png.sealed"};
	struct envelope_recipient to = {.name = "operator/felix"};
	uint8_t *sealed = NULL, *bytes = NULL;
	size_t length = 0, got = 0;

	(void)state;
	memcpy(to.key, place.felix.pairs.open_public, SEAL_KEY_BYTES);
	must(envelope_seal_file(&header, "PNG", 3, &to, 1, &place.machine, &sealed, &length, &err), &err);
	assert_int_equal(run_sealed_open(&connect, "r-1", "step", "screenshots/end.png.sealed", sealed, length, &bytes, &got), CLI_FAILED);
	assert_string_equal(err.reason, "SecretUnusable");
	assert_non_null(strstr(err.text, "is sealed as \"other.end.png.sealed\", not as \"step.end.png.sealed\""));
	assert_null(bytes);
	free(sealed);
}

static void what_is_typed_is_sealed_to_who_takes_it(void **state)
{
	struct seal_pairs stranger;
	hst_secret *secret = NULL;
	hst_error err = {{0}, {0}};
	size_t length;

	(void)state;
	assert_int_equal(DESK_RUN(place.desk, "press", "start", "--secret", "pin"), 0);
	assert_int_equal(place.desk->word, WORD_press);
	assert_string_equal(place.desk->payload, "{}");
	fake_desk_complained(place.desk, "pin: for " SINK);
	assert_typed_for_30_days();
	must(opened_by(&place.post, SINK, &secret, &err), &err);
	assert_string_equal(secret_bytes(secret, &length), CANARY);
	secret_free(secret);
	seal_pairs_random(&stranger);
	assert_int_equal(opened_by(&stranger, SINK, &secret, &err), HST_DENIED);
	assert_int_equal(opened_by(&place.post, "connector/post.send.to", &secret, &err), HST_DENIED);
	assert_string_equal(err.reason, "EnvelopeSink");
}

static void who_is_in_no_roster_is_sealed_nothing(void **state)
{
	(void)state;
	direct("connector/evil");
	assert_int_equal(DESK_RUN(place.desk, "press", "start", "--secret", "pin"), 1);
	fake_desk_complained(place.desk, "connector/evil has no key in this house");
	fake_desk_complained(place.desk, "\"pin\" goes to nobody with a key");
	assert_int_equal(place.desk->word, WORD_NONE);
}

static void a_roster_that_nobody_believed_has_signed_is_refused(void **state)
{
	struct operator_key evil;
	struct roster *other;

	(void)state;
	assert_int_equal(DESK_RUN(place.desk, "press", "start", "--secret", "pin"), 0);
	place.desk->word = WORD_NONE;
	operator_key_make(&evil, "felix");
	other = roster_of(&evil);
	other->epoch = 2;
	show(other);
	roster_free(other);
	assert_int_equal(DESK_RUN(place.desk, "press", "start", "--secret", "pin"), 1);
	fake_desk_complained(place.desk, "the roster that the host shows is not believed");
	assert_int_equal(place.desk->word, WORD_NONE);
}

static void answers_that_are_none_are_refused(void **state)
{
	static const char *const fields[] = {"{", "[{\"required\":true}]", "[1]", "{\"name\":\"pin\"}", "[{\"name\":7,\"taken\":true}]"};

	(void)state;
	for (size_t i = 0; i < sizeof fields / sizeof *fields; i++) {
		place.desk->fields = fields[i];
		place.desk->word = WORD_NONE;
		assert_int_not_equal(DESK_RUN(place.desk, "press", "start", "--secret", "pin"), 0);
		assert_int_equal(place.desk->word, WORD_NONE);
	}
	place.desk->fields = "[{\"name\":\"pin\",\"required\":true}]";
	place.desk->directions = NULL;
	assert_int_equal(DESK_RUN(place.desk, "press", "start", "--secret", "pin"), 1);
	fake_desk_complained(place.desk, "cannot be read");
	assert_int_equal(place.desk->word, WORD_NONE);
}

static void all_that_are_needed_are_named(void **state)
{
	(void)state;
	place.desk->fields = "[{\"name\":\"pin\",\"required\":true},{\"name\":\"code\",\"taken\":true},{\"name\":\"spare\"}]";
	assert_int_equal(DESK_RUN(place.desk, "press", "start"), 2);
	fake_desk_complained(place.desk, "secret inputs \"pin\" and \"code\": say --secret pin --secret code, and give them on standard input, each on a line");
	assert_int_equal(DESK_RUN(place.desk, "press", "start", "--secret", "pin"), 2);
	fake_desk_complained(place.desk, "secret input \"code\": say --secret pin --secret code");
}

#define TYPED_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		TYPED_TEST(what_is_typed_is_sealed_to_who_takes_it),
		TYPED_TEST(a_picture_that_is_another_one_is_refused),
		TYPED_TEST(who_is_in_no_roster_is_sealed_nothing),
		TYPED_TEST(a_roster_that_nobody_believed_has_signed_is_refused),
		TYPED_TEST(answers_that_are_none_are_refused),
		TYPED_TEST(all_that_are_needed_are_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
