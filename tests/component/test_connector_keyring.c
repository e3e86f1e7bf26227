/* The connector "keyring" as it is installed: which secret it gives, and what it says of those it has not. */
#include "../contract/staged.h"

#include "plugin/connector.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "seal/secret.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define PAIRS(...) ((const char *const[]){__VA_ARGS__, NULL})

static void open_keyring(struct staged *staged)
{
	fields_use_secrets(&secret_table);
	staged_load(staged, HST_CONNECTOR, "keyring");
	staged->host.secrets = &secret_table;
	staged_open(staged, PAIRS("secret.ledger-east", "rising sun", "secret.ledger-west", "setting sun"));
}

static int get(struct staged *staged, const char *name, const hst_value **ret, hst_error *err)
{
	const hst_action *action = connector_action(staged->instance, "get");

	assert_non_null(action);
	return connector_run(staged->instance, action, NULL, &staged->call, staged_record(staged->arena, PAIRS("name", name)), false, ret, err);
}

static void it_gives_the_secret_of_a_name(void **state)
{
	const hst_value *outputs = NULL;
	struct staged staged;
	hst_error err = {0};

	(void)state;
	open_keyring(&staged);
	assert_int_equal(get(&staged, "ledger-west", &outputs, &err), HST_OK);
	assert_string_equal(value_text(value_get(outputs, "value")), "setting sun");
	staged_close(&staged);
}

static void its_output_is_a_secret_by_its_own_words(void **state)
{
	const hst_field *value;
	struct staged staged;

	(void)state;
	open_keyring(&staged);
	value = fields_find(connector_action(staged.instance, "get")->outputs, "value");
	assert_int_equal(field_type(value), HST_TYPE_SECRET);
	staged_close(&staged);
}

static void who_does_not_know_a_name_learns_none(void **state)
{
	const hst_value *outputs = NULL;
	struct staged staged;
	hst_error err = {0};

	(void)state;
	open_keyring(&staged);
	assert_int_equal(get(&staged, "ledger-north", &outputs, &err), HST_NOT_FOUND);
	assert_null(strstr(err.text, "east"));
	assert_non_null(strstr(err.text, "no secret of that name"));
	/* Neither is the beginning of a name one. */
	assert_int_equal(get(&staged, "ledger", &outputs, &err), HST_NOT_FOUND);
	staged_close(&staged);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_gives_the_secret_of_a_name),
		cmocka_unit_test(its_output_is_a_secret_by_its_own_words),
		cmocka_unit_test(who_does_not_know_a_name_learns_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
