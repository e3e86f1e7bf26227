/* What the engine does with what it cannot open: items in, envelopes of the core; what the core wants put together, items out. */
#include "definitions/secrets.h"
#include "engine/envelopes.h"
#include "engine/secrets.h"
#include "seal_house.h"

#include "base/mem.h"
#include "os/files.h"
#include "seal/armour.h"
#include "seal/composition.h"
#include "seal/directions.h"
#include "seal/items.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

struct place {
	char folder[64];
	struct seal_house seals;
	struct engine engine;
	struct definitions definitions;
	struct conf conf;
	struct conf_connection connections[2];
	struct flow flow;
	struct flow_step flow_step;
	struct run run;
	struct step step;
	struct core_action action;
	hst_error err;
};

static bool no_connection(void *arg, const char *name, const char **ret_target, const char **ret_user)
{
	(void)arg;
	(void)name;
	(void)ret_target;
	(void)ret_user;
	return false;
}

static int setup(void **state)
{
	static const struct core_policy policy = {.connection = no_connection};
	struct place *place = calloc(1, sizeof *place);
	struct engine *engine = &place->engine;

	assert_true(sodium_init() >= 0);
	strcpy(place->folder, "/tmp/hostler-envelopes-XXXXXX");
	assert_non_null(mkdtemp(place->folder));
	seal_house_init(&place->seals);
	place->connections[0] = (struct conf_connection){.name = "ledger", .password = "ledger"};
	place->connections[1] = (struct conf_connection){.name = "open"};
	place->conf = (struct conf){.path = mem_printf("%s/hostler.ini", place->folder), .connections = place->connections, .connection_count = 2};
	for (size_t i = 0; i < place->conf.connection_count; i++)
		table_set(&place->conf.connections_by_name, place->connections[i].name, &place->connections[i]);
	place->definitions.conf = &place->conf;
	engine->definitions = &place->definitions;
	engine->scratch = arena_new();
	engine->loop = loop_new(loop_wait_poll);
	text_init(&engine->sealed, SEALED_BYTES_MAX);
	core_effects_init(&engine->effects);
	engine->core = core_new(&policy);
	place->step = (struct step){.run = &place->run, .flow_step = &place->flow_step};
	place->action = (struct core_action){.kind = CORE_CALL, .step = &place->step};
	*state = place;
	return 0;
}

static int teardown(void **state)
{
	struct place *place = *state;
	struct engine *engine = &place->engine;

	envelopes_clear(engine);
	secrets_clear(engine);
	core_effects_clear(&engine->effects);
	core_free(engine->core);
	loop_free(engine->loop);
	arena_free(engine->scratch);
	seal_house_clear(&place->seals);
	files_remove_tree(place->folder, NULL);
	table_clear(&place->conf.connections_by_name);
	free(place->conf.path);
	free(place);
	return 0;
}

static void put_file(struct place *place, const char *name, const char *text)
{
	char *folder = mem_printf("%s/secrets.d", place->folder), *path = mem_printf("%s/%s.seal", folder, name);

	assert_int_equal(files_make_directory(folder, 0700, NULL), HST_OK);
	assert_int_equal(files_replace(path, text, strlen(text), 0600, false, NULL), HST_OK);
	free(path);
	free(folder);
}

/* As `hostler seal` does; the caller frees the envelope. */
static uint8_t *put_secret(struct place *place, int64_t serial, size_t *ret_length)
{
	uint8_t *bytes;
	char *armour, *line;

	place->seals.header.serial = serial;
	bytes = seal_house_seal(&place->seals, "geheim", ret_length);
	armour = armour_write(bytes, *ret_length);
	line = mem_printf("%s\n", armour);
	put_file(place, "ledger", line);
	free(line);
	free(armour);
	return bytes;
}

static void assert_unusable(struct place *place, const char *says)
{
	struct secret_envelope secret;

	assert_int_equal(secrets_get(&place->engine, "ledger", &secret, &place->err), HST_DENIED);
	assert_string_equal(place->err.reason, "SecretUnusable");
	assert_non_null(strstr(place->err.text, "secrets.d/ledger.seal"));
	assert_non_null(strstr(place->err.text, "`hostler seal ledger`"));
	if (!strstr(place->err.text, says))
		fail_msg("%s does not say: %s", place->err.text, says);
}

static void a_secret_is_read_anew_once_its_file_has_changed(void **state)
{
	struct place *place = *state;
	struct secret_envelope secret;
	const void *before;

	for (int64_t serial = 1; serial <= 3; serial++) {
		size_t length;
		uint8_t *bytes = put_secret(place, serial, &length);

		assert_int_equal(secrets_get(&place->engine, "ledger", &secret, &place->err), HST_OK);
		assert_int_equal(secret.serial, serial);
		assert_int_equal(secret.length, length);
		assert_memory_equal(secret.bytes, bytes, length);
		before = secret.bytes;
		assert_int_equal(secrets_get(&place->engine, "ledger", &secret, &place->err), HST_OK);
		assert_ptr_equal(secret.bytes, before);
		free(bytes);
	}
}

static void what_cannot_be_used_is_said_with_its_file_and_the_remedy(void **state)
{
	struct place *place = *state;
	size_t length;
	uint8_t *bytes;
	char *armour;

	assert_unusable(place, "No such file");
	put_file(place, "ledger", "geheim\n");
	assert_unusable(place, "");
	put_file(place, "ledger", "hsl1.SFNFMQ\n");
	assert_unusable(place, "");
	place->seals.header.name = "other";
	free(put_secret(place, 1, &length));
	assert_unusable(place, "the secret \"other\"");
	place->seals.header.name = "ledger";
	place->seals.header.kind = ENVELOPE_VALUE;
	place->seals.header.run = "r-1";
	free(put_secret(place, 0, &length));
	assert_unusable(place, "no named secret");
	place->seals.header.kind = ENVELOPE_SECRET;
	place->seals.header.run = "";
	bytes = put_secret(place, 2, &length);
	assert_int_equal(secrets_get(&place->engine, "ledger", &(struct secret_envelope){0}, &place->err), HST_OK);
	bytes[length - 1] = 0;
	armour = armour_write(bytes, length - 1);
	put_file(place, "ledger", armour);
	assert_unusable(place, "");
	free(armour);
	free(bytes);
}

static void the_configuration_says_which_secrets_are_used(void **state)
{
	struct place *place = *state;

	assert_true(definitions_use_secret(&place->definitions, "ledger"));
	assert_false(definitions_use_secret(&place->definitions, "open"));
	assert_false(definitions_use_secret(&place->definitions, "../ledger"));
}

/* Nobody can fill the memory with names, or have a file of another place read. */
static void what_is_no_secret_leaves_nothing_behind(void **state)
{
	static const char *const names[] = {"../elsewhere/ledger", "secrets.d/../ledger", "", "Ledger", "/etc/shadow", "nothere"};
	struct place *place = *state;
	struct secret_envelope secret;
	char *folder = mem_printf("%s/elsewhere", place->folder);

	assert_int_equal(files_make_directory(folder, 0700, NULL), HST_OK);
	put_file(place, "../elsewhere/ledger", "hsl1.SFNFMQ\n");
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		assert_int_equal(secrets_get(&place->engine, names[i], &secret, &place->err), HST_DENIED);
		assert_string_equal(place->err.reason, "SecretUnusable");
		assert_null(strstr(place->err.text, "elsewhere/ledger.seal"));
		assert_int_equal(place->engine.secrets.n, 0);
	}
	free(folder);
}

static struct item item_of(struct place *place, const char *name)
{
	struct text *sealed = &place->engine.sealed;
	struct item item;

	assert_int_equal(items_find(sealed->s, sealed->length, name, &item, &place->err), HST_OK);
	return item;
}

static size_t items_made(struct place *place)
{
	struct text *sealed = &place->engine.sealed;
	struct items items;
	struct item item;

	items_begin(&items, sealed->s, sealed->length);
	while (items_next(&items, &item, &place->err) == HST_OK && item.name)
		;
	return items.count;
}

static void sealed_inputs_become_items(void **state)
{
	struct place *place = *state;
	size_t length, file_length;
	uint8_t *bytes = seal_house_seal(&place->seals, "{\"name\":\"x\"}", &length), *file = put_secret(place, 9, &file_length);
	const struct flow_envelope envelope = {.name = "row", .bytes = bytes, .length = length};
	const struct flow_piece whole = {.kind = FLOW_PIECE_ENVELOPE, .envelope = &envelope};
	const struct flow_piece secret = {.kind = FLOW_PIECE_SECRET, .text = "ledger"};
	const struct flow_piece pieces[] = {{.kind = FLOW_PIECE_LITERAL, .text = "user=", .length = 5},
	                                    {.kind = FLOW_PIECE_ENVELOPE, .text = "name", .envelope = &envelope}};
	const struct flow_composed composed[] = {{"whole", &whole, 1}, {"both", pieces, 2}, {"secret", &secret, 1}};
	struct composition composition;
	struct item item;

	place->action.sealed = composed;
	place->action.sealed_count = 3;
	assert_int_equal(envelopes_of_action(&place->engine, &place->action, &place->err), HST_OK);
	assert_int_equal(items_made(place), 3);
	item = item_of(place, "whole");
	assert_int_equal(item.kind, ITEM_ENVELOPE);
	assert_int_equal(item.length, length);
	assert_memory_equal(item.bytes, bytes, length);
	item = item_of(place, "secret");
	assert_int_equal(item.length, file_length);
	assert_memory_equal(item.bytes, file, file_length);
	item = item_of(place, "both");
	assert_int_equal(item.kind, ITEM_COMPOSITION);
	assert_int_equal(composition_read(item.bytes, item.length, &composition, &place->err), HST_OK);
	assert_int_equal(composition.count, 2);
	assert_memory_equal(composition.pieces[0].bytes, "user=", 5);
	assert_string_equal(composition.pieces[1].path, "name");
	assert_memory_equal(composition.pieces[1].bytes, bytes, length);
	free(bytes);
	free(file);
}

static void an_input_whose_secret_is_missing_is_not_sent(void **state)
{
	struct place *place = *state;
	const struct flow_piece secret = {.kind = FLOW_PIECE_SECRET, .text = "ledger"};
	const struct flow_composed composed = {"secret", &secret, 1};

	place->action.sealed = &composed;
	place->action.sealed_count = 1;
	assert_int_equal(envelopes_of_action(&place->engine, &place->action, &place->err), HST_DENIED);
	assert_string_equal(place->err.reason, "SecretUnusable");
	assert_int_equal(place->engine.sealed.length, 0);
}

static void what_nobody_takes_is_sealed_to_operators_alone(void **state)
{
	static const char *const members[] = {"connector/post", "gateway/ts-01"};
	static const char *const sinks[] = {"connector/post.send.text", "desktop/enter.password"};
	static const struct core_direction directions[] = {{"password", members, 2, sinks, 2}, {"token", NULL, 0, NULL, 0}};
	struct place *place = *state;
	struct directions read;
	struct item item;

	place->action.directions = directions;
	place->action.direction_count = 2;
	assert_int_equal(envelopes_of_action(&place->engine, &place->action, &place->err), HST_OK);
	item = item_of(place, ENVELOPES_DIRECTIONS);
	assert_int_equal(item.kind, ITEM_DIRECTIONS);
	assert_int_equal(directions_read(place->engine.scratch, item.bytes, item.length, &read, &place->err), HST_OK);
	assert_int_equal(directions_find(&read, "password")->to_count, 2);
	assert_string_equal(directions_find(&read, "password")->sinks[1], "desktop/enter.password");
	assert_int_equal(directions_find(&read, "token")->to_count, 0);
	assert_string_equal(directions_find(&read, "token")->sinks[0], "operator");
}

static void what_goes_to_too_many_places_is_said_with_the_way_out(void **state)
{
	struct place *place = *state;
	const char *sinks[DIRECTIONS_SINKS_MAX + 1];
	const struct core_direction direction = {"pin", NULL, 0, sinks, DIRECTIONS_SINKS_MAX + 1};
	struct core_direction most = direction;

	for (size_t i = 0; i <= DIRECTIONS_SINKS_MAX; i++)
		sinks[i] = arena_printf(place->engine.scratch, "connector/post.send.t%zu", i);
	assert_int_equal(envelopes_of_directions(&place->engine, &direction, 1, &place->err), HST_INVALID);
	assert_string_equal(place->err.reason, "InputInvalid");
	assert_non_null(strstr(place->err.text, "\"pin\" is secret and goes to 65 inputs of steps, and one secret can be for 64"));
	most.sink_count = DIRECTIONS_SINKS_MAX;
	assert_int_equal(envelopes_of_directions(&place->engine, &most, 1, &place->err), HST_OK);
	assert_int_equal(items_made(place), 1);
}

static void an_offer_carries_the_password_of_its_connection(void **state)
{
	struct place *place = *state;
	size_t length;
	uint8_t *bytes = put_secret(place, 6, &length);
	struct item item;

	place->action.kind = CORE_OFFER;
	place->step.facts.connection = "ledger";
	assert_int_equal(envelopes_of_action(&place->engine, &place->action, &place->err), HST_OK);
	item = item_of(place, "connection/ledger.password");
	assert_memory_equal(item.bytes, bytes, length);
	assert_int_equal(secrets_failed(&place->engine, &place->step), 6);
	free(bytes);
	/* What was offered is what has failed, whatever was sealed since. */
	free(put_secret(place, 7, &length));
	assert_int_equal(secrets_failed(&place->engine, &place->step), 6);
	/* Of an offer that was made before this engine began nobody knows better than that it was this one. */
	place->step.serial = 0;
	assert_int_equal(secrets_failed(&place->engine, &place->step), 7);
	place->step.facts.attended = true;
	assert_int_equal(envelopes_of_action(&place->engine, &place->action, &place->err), HST_OK);
	assert_int_equal(place->engine.sealed.length, 0);
	place->step.facts.attended = false;
	place->step.facts.connection = "open";
	assert_int_equal(envelopes_of_action(&place->engine, &place->action, &place->err), HST_OK);
	assert_int_equal(place->engine.sealed.length, 0);
	assert_int_equal(secrets_failed(&place->engine, &place->step), 0);
}

static void envelopes_come_with_messages_and_nothing_else_does(void **state)
{
	static const struct composition_piece literal = {.kind = PIECE_LITERAL, .path = "", .bytes = "x", .length = 1};
	struct place *place = *state;
	const struct flow_envelope *envelopes;
	size_t length, n;
	uint8_t *bytes = seal_house_seal(&place->seals, "geheim", &length);
	struct item items[] = {{.name = "password", .bytes = bytes, .length = length}, {.name = "both"}};
	const struct composition_piece pieces[] = {literal, {.kind = PIECE_ENVELOPE, .path = "", .bytes = bytes, .length = length}};
	struct message message;
	struct text text, composition;

	text_init(&text, SEALED_BYTES_MAX);
	text_init(&composition, SEALED_BYTES_MAX);
	message_init(&message, WORD_returned, 1);
	assert_int_equal(envelopes_read(place->engine.scratch, &message, &envelopes, &n, &place->err), HST_OK);
	assert_int_equal(n, 0);
	assert_int_equal(items_write(&text, items, 1, &place->err), HST_OK);
	message_set_sealed(&message, text.s, text.length);
	assert_int_equal(envelopes_read(place->engine.scratch, &message, &envelopes, &n, &place->err), HST_OK);
	assert_int_equal(n, 1);
	assert_string_equal(envelopes[0].name, "password");
	assert_memory_equal(envelopes[0].bytes, bytes, length);
	message_set_sealed(&message, text.s, text.length - 1);
	assert_int_equal(envelopes_read(place->engine.scratch, &message, &envelopes, &n, &place->err), HST_INVALID);
	assert_int_equal(composition_write(&composition, pieces, 2, &place->err), HST_OK);
	items[1].bytes = (const uint8_t *)composition.s;
	items[1].length = composition.length;
	text_reset(&text);
	assert_int_equal(items_write(&text, items, 2, &place->err), HST_OK);
	message_set_sealed(&message, text.s, text.length);
	assert_int_equal(envelopes_read(place->engine.scratch, &message, &envelopes, &n, &place->err), HST_INVALID);
	assert_int_equal(n, 0);
	text_clear(&composition);
	text_clear(&text);
	free(bytes);
}

static void blocked(struct place *place, const char *connection, const char *block)
{
	assert_int_equal(core_restore_standing(place->engine.core, "blocked", connection, block, strlen(block), &place->err), HST_OK);
	assert_non_null(core_blocked(place->engine.core, connection));
}

/* Rule R29. */
static void a_newer_serial_unblocks_its_connection_alone(void **state)
{
	static const char block[] = "{\"at_us\":1,\"user\":\"bot\",\"device\":\"a\",\"reason\":\"SessionCreationInvalidCredentials\","
				    "\"text\":\"\",\"serial\":4}";
	struct place *place = *state;
	struct engine *engine = &place->engine;
	size_t length;

	secrets_look(engine);
	assert_null(engine->secrets_look);
	blocked(place, "open", block);
	secrets_look(engine);
	assert_null(engine->secrets_look);
	blocked(place, "ledger", block);
	for (int64_t serial = 3; serial <= 4; serial++) {
		free(put_secret(place, serial, &length));
		secrets_look(engine);
		assert_non_null(core_blocked(engine->core, "ledger"));
		assert_non_null(engine->secrets_look);
	}
	free(put_secret(place, 5, &length));
	secrets_look(engine);
	assert_null(core_blocked(engine->core, "ledger"));
	assert_non_null(core_blocked(engine->core, "open"));
}

int main(int argc, char **argv)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
	const struct CMUnitTest tests[] = {
		TEST(a_secret_is_read_anew_once_its_file_has_changed),
		TEST(what_cannot_be_used_is_said_with_its_file_and_the_remedy),
		TEST(the_configuration_says_which_secrets_are_used),
		TEST(what_is_no_secret_leaves_nothing_behind),
		TEST(sealed_inputs_become_items),
		TEST(an_input_whose_secret_is_missing_is_not_sent),
		TEST(what_nobody_takes_is_sealed_to_operators_alone),
		TEST(what_goes_to_too_many_places_is_said_with_the_way_out),
		TEST(an_offer_carries_the_password_of_its_connection),
		TEST(envelopes_come_with_messages_and_nothing_else_does),
		TEST(a_newer_serial_unblocks_its_connection_alone),
	};

	if (argc > 1)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
