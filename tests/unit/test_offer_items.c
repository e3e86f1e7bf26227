/* Which of the sealed values of an offer goes to whom. */
#include "gateway/gateway.h"

#include "seal/items.h"
#include "seal_house.h"

#include <setjmp.h>
#include <sodium.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const names[] = {"*", "connection", "connection/ledger.password", "password", "user"};

static void assert_chosen(const struct admission_run *run, bool password, const char *expected)
{
	struct text chosen, seen;
	struct items items;
	struct item item;

	text_init(&chosen, SEALED_BYTES_MAX);
	text_init(&seen, 1000);
	offer_items(run, password, &chosen);
	items_begin(&items, chosen.s, chosen.length);
	while (chosen.length && items_next(&items, &item, NULL) == HST_OK && item.name) {
		assert_int_equal(item.kind, ITEM_ENVELOPE);
		text_addf(&seen, "%s ", item.name);
	}
	assert_string_equal(seen.s, expected);
	text_clear(&chosen);
	text_clear(&seen);
}

static void the_password_goes_where_the_session_is_opened_and_nothing_else_does(void **state)
{
	struct admission_run run = {.sealed = ""};
	struct item items[sizeof names / sizeof *names];
	struct seal_house house;
	struct text text;
	uint8_t *bytes;
	size_t length;

	(void)state;
	seal_house_init(&house);
	bytes = seal_house_seal(&house, "geheim", &length);
	for (size_t i = 0; i < sizeof names / sizeof *names; i++)
		items[i] = (struct item){.name = names[i], .bytes = bytes, .length = length};
	text_init(&text, SEALED_BYTES_MAX);
	assert_int_equal(items_write(&text, items, sizeof names / sizeof *names, NULL), HST_OK);
	assert_chosen(&run, true, "");
	assert_chosen(&run, false, "");
	run.sealed = text.s;
	run.sealed_length = text.length;
	assert_chosen(&run, true, "connection/ledger.password ");
	assert_chosen(&run, false, "* connection password user ");
	text_clear(&text);
	free(bytes);
	seal_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_password_goes_where_the_session_is_opened_and_nothing_else_does),
	};

	return sodium_init() < 0 ? 1 : cmocka_run_group_tests(tests, NULL, NULL);
}
