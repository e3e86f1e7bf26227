/* hostler-session in a session of a person: attaching, what comes over it while a flow runs, and letting it go. */
#include "session_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define HOUSE(state)                            \
	struct session_house *house = *(state); \
	if (!house)                             \
	skip()

static void people_are(struct session_house *house, const char *lines)
{
	AUTO_FREE char *path = files_join(house->root, "people");

	assert_int_equal(files_replace(path, lines, strlen(lines), 0600, false, NULL), HST_OK);
}

static void start(struct session_house *house, const char *what, const char *people)
{
	AUTO_FREE char *options = mem_printf("people = %s/people\n", house->root);

	people_are(house, people);
	session_house_configure(house, "null", options);
	session_house_start(house, what);
}

static void ask_for(struct session_house *house, const char *user, const char *session)
{
	struct message message;

	message_init(&message, WORD_open, 1);
	message_set_text(&message, "user", user);
	message_set_text(&message, "session", session);
	session_house_send(house, &message);
}

static void attach(struct session_house *house)
{
	ask_for(house, "ada", "person:ada");
	assert_string_equal(message_text(&session_house_hear(house, WORD_opened)->message, "session"), "person:ada");
}

static void assert_finished(struct session_house *house, const char *state, const char *reason)
{
	const struct session_heard *heard = session_house_hear(house, WORD_finished);

	if (strcmp(message_text(&heard->message, "state"), state) != 0)
		fail_msg("finished as %s: %s", message_text(&heard->message, "state"), heard->payload);
	assert_string_equal(message_text(&heard->message, "reason"), reason);
}

static void close_session(struct session_house *house)
{
	session_house_say(house, WORD_close, 3);
	session_house_hear(house, WORD_closed);
	assert_int_equal(session_house_wait(house), 0);
	assert_int_equal(session_house_count(house, "state/notes"), 0);
	assert_int_equal(session_house_count(house, "run/sessions"), 0);
}

static void a_flow_runs_in_the_session_of_a_person(void **state)
{
	HOUSE(state);

	start(house, "hold", "Ada active\n");
	session_house_package(house, "", "echo here\n");
	attach(house);
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(house, "succeeded", "");
	close_session(house);
}

static void only_the_users_own_unlocked_session_is_attached_to(void **state)
{
	static const struct {
		const char *people, *user, *session, *reason;
	} cases[] = {
		{"", "ada", "person:ada", "AttendedUserNotLoggedIn"},
		{"eve active\n", "ada", "person:eve", "AttendedUserNotLoggedIn"},
		{"ada active\n", "eve", "person:ada", "SessionCreationError"}, /* eve is no account */
		{"ada locked\n", "ada", "person:ada", "AttendedUserSessionNotActive"},
		{"ada disconnected\n", "ada", "person:ada", "AttendedUserSessionNotActive"},
		{"ada unknown\n", "ada", "person:ada", "SessionFactUnknown"},
	};
	HOUSE(state);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		start(house, "hold", cases[i].people);
		ask_for(house, cases[i].user, cases[i].session);
		assert_string_equal(message_text(&session_house_hear(house, WORD_error)->message, "reason"), cases[i].reason);
		close_session(house);
		session_house_leave(house);
	}
}

static void what_comes_over_the_session_fails_the_flow(void **state)
{
	static const struct {
		const char *how, *reason;
	} cases[] = {{"locked", "SessionLockedInRun"}, {"ended", "SessionEnded"}};
	HOUSE(state);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		start(house, "hold", "ada active\n");
		session_house_package(house, "", "hostler-event progress Main typing; sleep 60\n");
		attach(house);
		session_house_launch(house, 1, 60000, "{}");
		session_house_hear(house, WORD_progress);
		session_house_stop(house, 1, cases[i].how);
		assert_finished(house, "failed", cases[i].reason);
		close_session(house);
		session_house_leave(house);
	}
}

static void the_next_gateway_hears_that_it_is_a_persons(void **state)
{
	HOUSE(state);

	house->outlive = "60s";
	start(house, "hold", "ada active\n");
	attach(house);
	session_house_leave(house);
	session_house_adopt(house);
	assert_true(message_boolean(&session_house_hear(house, WORD_held)->message, "attended"));
	close_session(house);
}

static void the_watch_says_who_sits_there(void **state)
{
	HOUSE(state);

	start(house, "watch", "");
	assert_string_equal(session_house_hear(house, WORD_sessions)->payload, "[]");
	people_are(house, "Ada locked\n");
	assert_string_equal(session_house_hear(house, WORD_sessions)->payload,
			    "[{\"id\":\"person:ada\",\"user\":\"Ada\",\"key\":\"ada\",\"connected\":\"yes\","
			    "\"locked\":\"yes\",\"ours\":false}]");
	people_are(house, "Ada unknown\n");
	assert_non_null(strstr(session_house_hear(house, WORD_sessions)->payload, "\"doubt\":\"the file of people says so\""));
	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_flow_runs_in_the_session_of_a_person),
		CASE(only_the_users_own_unlocked_session_is_attached_to),
		CASE(what_comes_over_the_session_fails_the_flow),
		CASE(the_next_gateway_hears_that_it_is_a_persons),
		CASE(the_watch_says_who_sits_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
