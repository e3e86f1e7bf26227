/* How a device is there: its word, its reason, and a sentence that says what to do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "pure/queue/presence.h"
#include "pure/queue/reasons.h"

#include <string.h>

#define NOW_US INT64_C(1800000000000000)
#define LISTEN "tcp://10.0.0.5:8421"

static void says(const struct presence *presence, const char *word, const char *reason, const char *const *parts)
{
	struct text text;

	text_init(&text, 4096);
	presence_say(presence, &text);
	assert_string_equal(presence_word(presence), word);
	if (reason)
		assert_string_equal(presence_reason(presence), reason);
	else
		assert_null(presence_reason(presence));
	if (reason)
		assert_non_null(reason_named(reason));
	for (; *parts; parts++)
		if (!strstr(text.s, *parts))
			fail_msg("\"%s\" does not say \"%s\"", text.s, *parts);
	if (!text.length)
		assert_string_equal(word, "online");
	text_clear(&text);
}

#define SAYS(presence, word, reason, ...) says(presence, word, reason, (const char *const[]){__VA_ARGS__, NULL})

static void one_that_never_connected_says_what_is_missing(void **state)
{
	struct presence presence = {.gateway = "ts-02", .listen = LISTEN, .now_us = NOW_US};

	(void)state;
	SAYS(&presence, "never connected", "DeviceNeverConnected", "hostler gateway invite ts-02", LISTEN);
	presence.standing = PRESENCE_INVITED;
	presence.at_us = NOW_US;
	SAYS(&presence, "never connected", "DeviceNeverConnected", "invited until 2027-01-15T08:00:00Z", "hostler gateway join", LISTEN);
	presence.standing = PRESENCE_ADMITTED;
	presence.who = "felix";
	SAYS(&presence, "never connected", "DeviceNeverConnected", "let in by felix", "host_key", LISTEN);
	presence.standing = PRESENCE_OWN;
	SAYS(&presence, "never connected", "DeviceNeverConnected", "of this house", "doctor");
	presence.standing = PRESENCE_STRANGER;
	presence.listen = NULL;
	SAYS(&presence, "never connected", "DeviceNeverConnected", "listens for no other machine");
	presence.listen = "tcp://127.0.0.1:8421";
	SAYS(&presence, "never connected", "DeviceNeverConnected", "only this machine");
}

static void one_that_was_there_says_since_when_it_is_not(void **state)
{
	struct presence presence = {.gateway = "ts-02", .standing = PRESENCE_ADMITTED, .listen = LISTEN, .now_us = NOW_US,
				    .seen = true, .seen_us = NOW_US - 60 * 1000000, .address = "10.0.0.7"};

	(void)state;
	SAYS(&presence, "offline", "DeviceOffline", "2027-01-15T07:59:00Z", "10.0.0.7", "hostlerd runs there");
	presence.online = true;
	SAYS(&presence, "online", NULL, "");
	presence.drained = true;
	SAYS(&presence, "draining", "DeviceDraining", "maintenance");
	presence.drained_name = "cluster:pool";
	presence.drained_who = "anna";
	SAYS(&presence, "draining", "DeviceDraining", ", by anna, with cluster:pool; `hostler device resume cluster:pool`");
	presence.drained_name = "device:ts-01";
	SAYS(&presence, "draining", "DeviceDraining", ", by anna; `hostler device resume ts-01`");
	presence.standing = PRESENCE_REVOKED;
	presence.who = "felix";
	presence.at_us = NOW_US;
	SAYS(&presence, "revoked", "GatewayRevoked", "removed by felix at 2027-01-15T08:00:00Z", "hostler gateway invite ts-02");
	presence.turned_away_us = NOW_US;
	presence.turned_from = "10.0.0.9";
	SAYS(&presence, "revoked", "GatewayRevoked", "refused last", "10.0.0.9");
}

static void a_second_one_is_named_for_as_long_as_it_tries(void **state)
{
	struct presence presence = {.gateway = "ts-02", .standing = PRESENCE_ADMITTED, .listen = LISTEN, .now_us = NOW_US,
				    .seen = true, .online = true, .address = "10.0.0.7",
				    .turned_away_us = NOW_US - 19 * 1000000, .turned_from = "10.0.0.9"};

	(void)state;
	SAYS(&presence, "cloned", NULL, "10.0.0.9", "10.0.0.7", "key of its own");
	presence.now_us += 2 * 1000000;
	SAYS(&presence, "online", NULL, "");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_never_connected_says_what_is_missing),
		cmocka_unit_test(one_that_was_there_says_since_when_it_is_not),
		cmocka_unit_test(a_second_one_is_named_for_as_long_as_it_tries),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
