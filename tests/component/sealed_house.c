#include "sealed_house.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "os/files.h"
#include "seal/armour.h"
#include "seal/composition.h"
#include "seal/envelope_house.h"
#include "seal/items.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

void house_begin(struct house *house, const char *instance, const char *sections)
{
	struct seal_pairs gone;
	hst_error err = {0};

	memset(house, 0, sizeof *house);
	fake_engine_start(&house->engine, instance, sections);
	house->roster = roster_new();
	seal_pairs_random(&house->ada);
	roster_add(house->roster, ROSTER_OPERATOR, "operator/ada", &house->ada, RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	roster_add_machine(house->roster, house->engine.seed);
	roster_add_member(house->roster, house->engine.seed, instance, &house->own);
	roster_add_member(house->roster, house->engine.seed, "connector/other", &house->other);
	seal_pairs_random(&gone);
	roster_add(house->roster, ROSTER_REVOKED, "gateway/gone", &gone, 0);
	house->roster->epoch = 2;
	house->roster->least = 2;
	must(roster_sign(house->roster, "operator/ada", &house->ada, &err), &err);
	house->text = roster_write(house->roster);
	house->engine.roster = house->text;
}

void house_end(struct house *house)
{
	fake_engine_end(&house->engine);
	roster_free(house->roster);
	free(house->text);
}

uint8_t *make(struct house *house, struct making making, size_t *ret_length)
{
	const char *const sinks[] = {making.sink ? making.sink : "connector/odd.give.pin", "connector/odd.leak.pin"};
	bool by_other = making.by_other || (making.signer && strcmp(making.signer, "connector/other") == 0);
	struct envelope_header header = {.kind = making.kind ? making.kind : ENVELOPE_INPUT,
	                                 .name = "start.pin",
	                                 .run = making.run ? making.run : "",
	                                 .sinks = sinks,
	                                 .sink_count = making.sink ? 1 : 2,
	                                 .epoch = house->roster->epoch - making.epochs_ago,
	                                 .created_us = clock_wall_us(),
	                                 .not_after_us = making.not_after_us,
	                                 .serial = making.kind == ENVELOPE_SECRET && !making.serial ? 1 : making.serial,
	                                 .signer = making.signer ? making.signer : "operator/ada"};
	struct envelope_recipient to[] = {{.name = house->engine.instance}, {.name = "operator/ada"}};
	AUTO(secret) hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	hst_error err = {0};

	memcpy(header.cluster, house->roster->cluster, sizeof header.cluster);
	header.cluster[0] ^= making.of_another_house;
	memcpy(to[0].key, making.to_other ? house->other.open_public : house->own.open_public, sizeof to[0].key);
	memcpy(to[1].key, house->ada.open_public, sizeof to[1].key);
	must(secret_new(making.value ? making.value : CANARY, strlen(making.value ? making.value : CANARY), &secret, &err), &err);
	if (making.json)
		secret_set_form(secret, SECRET_JSON);
	must(envelope_seal(&header, secret, to, 2, by_other ? &house->other : &house->ada, &bytes, ret_length, &err), &err);
	if (making.changed)
		bytes[making.changed > 0 ? (size_t)making.changed : *ret_length - (size_t)-making.changed] ^= 1;
	return bytes;
}

void item_of(struct text *to, const char *name, const uint8_t *bytes, size_t length, const struct directions *directions)
{
	struct item items[2] = {{.name = name, .bytes = bytes, .length = length}, {.name = "*"}};
	AUTO(text) struct text said;
	hst_error err = {0};

	text_init(&said, DIRECTIONS_BYTES_MAX);
	text_init(to, SEALED_BYTES_MAX);
	if (directions) {
		must(directions_write(&said, directions, &err), &err);
		items[1].bytes = (const uint8_t *)said.s;
		items[1].length = said.length;
	}
	must(items_write(to, name ? items : items + 1, (size_t)(name != NULL) + (size_t)(directions != NULL), &err), &err);
}

const struct fake_heard *call_with(struct house *house, const char *action, struct making making, const struct directions *directions)
{
	static int64_t step = 1;
	AUTO(text) struct text sealed;
	size_t length = 0;
	AUTO_FREE uint8_t *bytes = make(house, making, &length);

	item_of(&sealed, "pin", bytes, length, directions);
	return fake_engine_answer(&house->engine, fake_engine_call_sealed(&house->engine, step++, action, RUN,
	                                                                  "{\"pin\":{\"sealed\":\"start.pin\"},\"note\":\"hello\"}", &sealed));
}

void sealed_is(const struct house *house, const struct fake_heard *answer, const char *output, const char *sink,
                      const struct seal_pairs *who, const char *value)
{
	struct envelope_house roster;
	struct envelope_check check = {.house = &roster, .run = RUN, .sink = sink, .now_us = clock_wall_us()};
	AUTO(secret) hst_secret *secret = NULL;
	struct item item;
	hst_error err = {0};
	size_t length;

	envelope_house_init(&roster, house->roster);
	must(items_find(answer->sealed, answer->sealed_length, output, &item, &err), &err);
	must(composition_open(item.bytes, item.length, &check, who, &secret, &err), &err);
	assert_string_equal(secret_bytes(secret, &length), value);
}

void nothing_was_said(struct house *house, const struct fake_heard *answer)
{
	AUTO_FREE char *printed = fake_engine_printed(&house->engine);

	assert_null(strstr(printed, CANARY));
	if (answer) {
		assert_null(strstr(answer->payload, CANARY));
		assert_null(memmem(answer->sealed, answer->sealed_length, CANARY, strlen(CANARY)));
	}
}

void start_odd(struct house *house)
{
	house_begin(house, "connector/odd", ODD);
	fake_engine_spawn(&house->engine);
	fake_engine_expect_said(&house->engine, "ready\n");
}

void put_secret_file(struct house *house, struct making making)
{
	AUTO_FREE char *folder = files_join(house->engine.folder, "secrets.d");
	AUTO_FREE char *path = files_join(folder, "ledger.seal");
	size_t length = 0;
	AUTO_FREE uint8_t *bytes = make(house, making, &length);
	AUTO_FREE char *armour = armour_write(bytes, length);
	hst_error err = {0};

	must(files_make_directory(folder, 0700, &err), &err);
	must(files_replace(path, armour, strlen(armour), 0600, false, &err), &err);
}
