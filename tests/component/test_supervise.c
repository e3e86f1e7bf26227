/* hostlerd itself, with children that are faked. */
#include "../fakes/fake_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "seal/operator_key.h"
#include "wire/invitation.h"
#include "wire/keys.h"

#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUSE                                                                             \
	"[host]\nstate_dir = state\nrun_dir = run\nlisten = none\n"                       \
	"[trigger start]\nplugin = button\n[connector orders]\nplugin = file\nworkers = 2\n" \
	"[gateway]\nname = desk\ndriver = null\naccounts = bot\n"

#define GUEST                                                                                  \
	"[gateway]\nname = desk\nhost = tcp://127.0.0.1:1\nhost_key = "                         \
	"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\ndriver = null\naccounts = bot\n"            \
	"state_dir = state\nrun_dir = run\n"

static void the_house_comes_up_in_order_and_goes_down_in_reverse(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	assert_true(house_in_order(&house, "engine starts", "worker.trigger.start.1 starts"));
	assert_true(house_in_order(&house, "engine starts", "gateway starts"));
	assert_true(house_file_has(&house, "heard", "worker.connector.orders.2 starts --instance connector/orders"));
	assert_true(house_file_has(&house, "state/children", "engine ready "));
	assert_true(house_file_has(&house, "state/children", "worker/connector/orders#2 ready "));
	assert_true(house_file_has(&house, "state/children", "gateway/desk ready "));
	assert_int_equal(house_stop(&house), 0);
	assert_true(house_in_order(&house, "gateway told to end", "worker.trigger.start.1 told to end"));
	assert_true(house_in_order(&house, "worker.connector.orders.2 told to end", "engine told to end"));
	assert_false(house_is_there(&house, "state/children"));
	house_clear(&house);
}

static void every_child_has_its_own_key_and_the_engine_knows_them_all(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	assert_true(house_file_has(&house, "heard", "engine key self engine\n"));
	assert_true(house_file_has(&house, "heard", "engine key peer worker/trigger/start\n"));
	assert_true(house_file_has(&house, "heard", "engine key peer worker/connector/orders#2\n"));
	assert_true(house_file_has(&house, "heard", "engine key peer gateway/desk\n"));
	assert_true(house_file_has(&house, "heard", "worker.connector.orders.2 key self worker/connector/orders#2\n"));
	assert_true(house_file_has(&house, "heard", "gateway key host "));
	assert_false(house_file_has(&house, "heard", "gateway key peer"));
	assert_true(house_file_has(&house, "heard", "worker.trigger.start.1 key seal trigger/start\n"));
	assert_true(house_file_has(&house, "heard", "worker.connector.orders.2 key seal connector/orders\n"));
	assert_false(house_file_has(&house, "heard", "engine key seal"));
	assert_false(house_file_has(&house, "heard", "gateway key seal"));
	house_clear(&house);
}

static void a_gateway_of_another_host_starts_alone_and_gets_its_invitation_once(void **state)
{
	struct house house;
	char *key;

	(void)state;
	house_make(&house, GUEST);
	house_keep(&house, "invitation", "hsj1.AAAA\n");
	house_start(&house);
	house_wait_ready(&house);
	assert_true(house_file_has(&house, "heard", "gateway key enrol hsj1.AAAA\n"));
	assert_false(house_is_there(&house, "state/invitation"));
	key = house_file(&house, "state/gateway.pub");
	assert_int_equal(strncmp(key, "peer gateway/desk ", 18), 0);
	free(key);
	assert_int_equal(house_stop(&house), 0);
	house_clear(&house);
}

static char *signing_invitation(void)
{
	struct invitation invitation = {.until_us = INT64_C(1800000000000000), .signs = true};
	char *line;

	strcpy(invitation.address, "tcp://127.0.0.1:1");
	strcpy(invitation.name, "desk");
	keys_random(&invitation.pair);
	memset(invitation.seed, 5, sizeof invitation.seed);
	memset(invitation.pin.cluster, 6, sizeof invitation.pin.cluster);
	memset(invitation.pin.sign, 7, sizeof invitation.pin.sign);
	line = invitation_write(&invitation);
	invitation_clear(&invitation);
	return line;
}

/* The gateway gets what lets it in, and nothing that could let in another. */
static void what_an_invitation_signs_with_stays_with_hostlerd(void **state)
{
	struct house house;
	char *line, *pin;

	(void)state;
	house_make(&house, GUEST);
	house_tell(&house, "gateway", "session");
	line = signing_invitation();
	house_keep(&house, "invitation", line);
	house_start(&house);
	house_wait_ready(&house);
	assert_true(house_file_has(&house, "heard", "gateway key enrol hsj1."));
	assert_false(house_file_has(&house, "heard", line));
	assert_true(house_file_has(&house, "heard", "gateway key joins joined\n"));
	assert_true(house_file_has(&house, "heard", "gateway key pin BgYGBgYGBgYGBgYGBgYGBg\n"));
	assert_false(house_file_has(&house, "heard", "gateway key seal"));
	assert_true(house_file_has(&house, "heard", "session.hold.desk key seal gateway/desk\n"));
	assert_true(house_file_has(&house, "heard", "session.hold.desk key pin BgYGBgYGBgYGBgYGBgYGBg\n"));
	pin = house_file(&house, "state/pin");
	assert_int_equal(strncmp(pin, "pin BgYGBgYGBgYGBgYGBgYGBg ", 27), 0);
	free(pin);
	invitation_forget(line);
	assert_int_equal(house_stop(&house), 0);
	house_clear(&house);
}

static void the_first_start_makes_seed_and_operator_key_and_later_ones_keep_them(void **state)
{
	struct house house;
	char *seed, *key, *roster, *again;
	struct operator_key own = {.name = ""};
	const struct roster_member *ada;
	struct roster *believed = NULL;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	key = house_file(&house, ".config/hostler/operator.key");
	roster = house_file(&house, "state/roster");
	seed = house_file(&house, "state/host.seed");
	assert_int_equal(operator_key_parse(key, strlen(key), "operator.key", &own, NULL), HST_OK);
	assert_true(own.has_seed && own.has_host && !own.guarded);
	assert_int_equal(roster_read(roster, strlen(roster), "roster", &believed, NULL), HST_OK);
	assert_int_equal(roster_verify_first(believed, NULL), HST_OK);
	assert_int_equal(believed->epoch, 1);
	ada = roster_member(believed, own.name);
	assert_non_null(ada);
	assert_true(ada->rights & RIGHT_ADMIN);
	assert_memory_equal(ada->wire, own.wire_public, SEAL_KEY_BYTES);
	assert_memory_equal(ada->sign, own.pairs.sign_public, SEAL_KEY_BYTES);
	assert_non_null(roster_member(believed, ROSTER_MACHINE));
	assert_non_null(roster_member(believed, "trigger/start"));
	assert_non_null(roster_member(believed, "connector/orders"));
	assert_non_null(roster_member(believed, "gateway/desk"));
	roster_free(believed);
	assert_int_equal(house_stop(&house), 0);

	house_start(&house);
	house_wait_ready(&house);
	again = house_file(&house, ".config/hostler/operator.key");
	assert_string_equal(again, key);
	free(again);
	again = house_file(&house, "state/roster");
	assert_string_equal(again, roster);
	free(again);
	again = house_file(&house, "state/host.seed");
	assert_memory_equal(again, seed, SEED_BYTES);
	free(again);
	free(seed);
	free(key);
	free(roster);
	operator_key_clear(&own);
	house_clear(&house);
}

/* What a version before rosters has left: a list of peers, and a key that cannot sign. */
static void an_older_list_of_operators_becomes_a_roster(void **state)
{
	struct house house;
	struct operator_key own = {.name = ""};
	struct roster *believed = NULL;
	AUTO_FREE char *older = NULL;
	char *roster, *key;

	(void)state;
	house_make(&house, HOUSE);
	older = mem_printf("peer operator/old AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA look,press\n");
	house_keep(&house, "roster", older);
	house_start(&house);
	house_wait_ready(&house);
	key = house_file(&house, ".config/hostler/operator.key");
	roster = house_file(&house, "state/roster");
	assert_int_equal(operator_key_parse(key, strlen(key), "operator.key", &own, NULL), HST_OK);
	assert_int_equal(roster_read(roster, strlen(roster), "roster", &believed, NULL), HST_OK);
	assert_int_equal(roster_verify_first(believed, NULL), HST_OK);
	assert_int_equal(roster_member(believed, "operator/old")->rights, RIGHT_LOOK | RIGHT_PRESS);
	assert_false(roster_member(believed, "operator/old")->has_open);
	assert_true(roster_member(believed, own.name)->rights & RIGHT_ADMIN);
	assert_int_equal(house_stop(&house), 0);
	roster_free(believed);
	operator_key_clear(&own);
	free(roster);
	free(key);
	house_clear(&house);
}

/* The engine may not write where the believed one lies: what it has kept is taken over only by who had signed for it. */
static void a_newer_roster_that_the_engine_kept_is_taken_over_if_an_operator_signed_it(void **state)
{
	struct house house;
	struct operator_key own = {.name = ""}, eve;
	struct roster *believed = NULL, *next = NULL;
	char *text, *key;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	assert_int_equal(house_stop(&house), 0);
	key = house_file(&house, ".config/hostler/operator.key");
	text = house_file(&house, "state/roster");
	assert_int_equal(operator_key_parse(key, strlen(key), "operator.key", &own, NULL), HST_OK);
	assert_int_equal(roster_read(text, strlen(text), "roster", &believed, NULL), HST_OK);
	free(text);

	/* Somebody else's, with a right that only they say they have. */
	operator_key_make(&eve, "eve");
	next = roster_copy(believed);
	{
		struct roster_member line = operator_key_line(&eve, RIGHT_ADMIN | RIGHT_CONTROL | RIGHT_PRESS | RIGHT_LOOK);

		roster_put(next, &line);
		roster_member_clear(&line);
	}
	assert_int_equal(roster_sign(next, eve.name, &eve.pairs, NULL), HST_OK);
	text = roster_write(next);
	house_keep(&house, "admitted/rosters/2", text);
	free(text);
	house_start(&house);
	house_wait_ready(&house);
	assert_int_equal(house_stop(&house), 0);
	assert_false(house_file_has(&house, "state/roster", "operator eve"));

	assert_int_equal(roster_sign(next, own.name, &own.pairs, NULL), HST_OK);
	text = roster_write(next);
	house_keep(&house, "admitted/rosters/2", text);
	free(text);
	house_start(&house);
	house_wait_ready(&house);
	assert_int_equal(house_stop(&house), 0);
	assert_true(house_file_has(&house, "state/roster", "operator eve"));
	roster_free(next);
	roster_free(believed);
	operator_key_clear(&own);
	operator_key_clear(&eve);
	free(key);
	house_clear(&house);
}

static void secrets_are_for_their_owner_alone(void **state)
{
	static const char *const names[] = {"state/host.seed", ".config/hostler/operator.key", "state", "run", ".config/hostler"};
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
		AUTO_FREE char *path = files_join(house.folder, names[i]);
		struct stat found;

		assert_int_equal(stat(path, &found), 0);
		if (found.st_mode & 077)
			fail_msg("%s has mode %o", names[i], (unsigned)found.st_mode & 07777);
	}
	house_clear(&house);
}

static void a_child_that_dies_is_started_again(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "worker.trigger.start.1", "die-once");
	house_start(&house);
	house_wait_ready(&house);
	assert_int_equal(house_count(&house, "worker.trigger.start.1 starts"), 2);
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/trigger/start ready "));
	assert_int_equal(house_count(&house, "engine starts"), 1);
	house_clear(&house);
}

static void a_misconfigured_child_is_left_alone_and_named(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "worker.trigger.start.1", "bad no such server");
	house_start(&house);
	WAIT_UNTIL(house_said(&house, "ready, but without worker/trigger/start\n"));
	assert_int_equal(house_count(&house, "worker.trigger.start.1 starts"), 1);
	WAIT_UNTIL(house_file_has(&house, "state/children", "worker/trigger/start degraded 0 "));
	assert_int_equal(house_stop(&house), 0);
	house_clear(&house);
}

static void one_that_keeps_dying_is_given_up_with_its_last_words(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "worker.trigger.start.1", "die");
	house_start(&house);
	WAIT_UNTIL(house_said(&house, "ready, but without worker/trigger/start\n"));
	assert_int_equal(house_count(&house, "worker.trigger.start.1 starts"), 5);
	assert_true(house_file_has(&house, "state/children", " 4\n\texit status 3\n\tabout to die\n"));
	house_clear(&house);
}

static void without_its_engine_a_house_does_not_come_up(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "engine", "bad the store is newer than this program");
	house_start(&house);
	assert_int_equal(house_wait(&house), 1);
	assert_int_equal(house_count(&house, "worker.trigger.start.1 starts"), 0);
	assert_int_equal(house_count(&house, "gateway starts"), 0);
	house_clear(&house);
}

static void a_wrong_configuration_starts_nothing(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE "# wrong\n");
	house_start(&house);
	assert_int_equal(house_wait(&house), 2);
	assert_false(house_is_there(&house, "state"));
	assert_false(house_is_there(&house, "heard"));
	house_clear(&house);
}

static void one_state_directory_has_one_hostlerd(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	assert_int_equal(house_run_once(&house, "--foreground"), 1);
	assert_int_equal(house_count(&house, "engine starts"), 1);
	house_clear(&house);
}

static void down_ends_the_running_one_and_waits_for_it(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	assert_int_equal(house_run_once(&house, "--down"), 0);
	assert_true(house_file_has(&house, "heard", "engine told to end"));
	assert_int_equal(house_wait(&house), 0);
	assert_int_equal(house_run_once(&house, "--down"), 3);
	house_clear(&house);
}

static void in_the_background_it_returns_when_ready(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	assert_int_equal(house_run_once(&house, NULL), 0);
	assert_true(house_file_has(&house, "state/children", "gateway/desk ready "));
	assert_int_equal(house_run_once(&house, "--down"), 0);
	assert_true(house_file_has(&house, "state/hostlerd.log", "stopping"));
	house_clear(&house);
}

static void when_the_supervisor_dies_its_children_see_it(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_start(&house);
	house_wait_ready(&house);
	kill(house.pid, SIGKILL);
	assert_int_equal(house_wait(&house), 128 + SIGKILL);
	WAIT_UNTIL(house_count(&house, "supervisor is gone") == 5);
	house_clear(&house);
}

static void the_gateway_gets_session_processes_and_their_end(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "gateway", "session");
	house_start(&house);
	house_wait_ready(&house);
	assert_true(house_file_has(&house, "heard", "session.hold.desk starts hold --device desk -c"));
	assert_true(house_file_has(&house, "heard", "session.hold.desk key seal gateway/desk\n"));
	assert_true(house_file_has(&house, "heard", "gateway record 3 7 pid 1\n"));
	assert_true(house_file_has(&house, "heard", "gateway session says HELLO\n"));
	assert_true(house_file_has(&house, "heard", "gateway record 4 7 9\n"));
	assert_true(house_file_has(&house, "heard", "gateway record 5 8 the gateway named no device 0\n"));
	house_clear(&house);
}

/* Records: 7 the process, with a number of the supervisor's, 8 that was all, 4 its end. */
static void session_processes_are_handed_to_the_next_gateway(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "gateway", "handover");
	house_start(&house);
	house_wait_ready(&house);
	assert_true(house_file_has(&house, "heard", "gateway record 8 0 0\n"));
	assert_true(house_file_has(&house, "heard", "gateway record 7 1 1\n"));
	assert_int_equal(house_count(&house, "gateway session says HELLO"), 2);
	assert_true(house_file_has(&house, "heard", "gateway record 8 0\n"));
	assert_true(house_file_has(&house, "heard", "gateway record 4 True 9\n"));
	assert_int_equal(house_count(&house, "session.hold.desk starts"), 1);
	house_clear(&house);
}

static void a_second_signal_ends_what_does_not_end(void **state)
{
	struct house house;

	(void)state;
	house_make(&house, HOUSE);
	house_tell(&house, "gateway", "stubborn");
	house_start(&house);
	house_wait_ready(&house);
	kill(house.pid, SIGINT);
	WAIT_UNTIL(house_file_has(&house, "state/children", "gateway/desk stopping "));
	kill(house.pid, SIGINT);
	assert_int_equal(house_wait(&house), 0);
	assert_true(house_file_has(&house, "heard", "engine told to end"));
	house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_house_comes_up_in_order_and_goes_down_in_reverse),
		cmocka_unit_test(every_child_has_its_own_key_and_the_engine_knows_them_all),
		cmocka_unit_test(a_gateway_of_another_host_starts_alone_and_gets_its_invitation_once),
		cmocka_unit_test(what_an_invitation_signs_with_stays_with_hostlerd),
		cmocka_unit_test(the_first_start_makes_seed_and_operator_key_and_later_ones_keep_them),
		cmocka_unit_test(an_older_list_of_operators_becomes_a_roster),
		cmocka_unit_test(a_newer_roster_that_the_engine_kept_is_taken_over_if_an_operator_signed_it),
		cmocka_unit_test(secrets_are_for_their_owner_alone),
		cmocka_unit_test(a_child_that_dies_is_started_again),
		cmocka_unit_test(a_misconfigured_child_is_left_alone_and_named),
		cmocka_unit_test(one_that_keeps_dying_is_given_up_with_its_last_words),
		cmocka_unit_test(without_its_engine_a_house_does_not_come_up),
		cmocka_unit_test(a_wrong_configuration_starts_nothing),
		cmocka_unit_test(one_state_directory_has_one_hostlerd),
		cmocka_unit_test(down_ends_the_running_one_and_waits_for_it),
		cmocka_unit_test(in_the_background_it_returns_when_ready),
		cmocka_unit_test(when_the_supervisor_dies_its_children_see_it),
		cmocka_unit_test(the_gateway_gets_session_processes_and_their_end),
		cmocka_unit_test(session_processes_are_handed_to_the_next_gateway),
		cmocka_unit_test(a_second_signal_ends_what_does_not_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
