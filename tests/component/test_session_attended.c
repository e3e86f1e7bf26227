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
	AUTO_FREE char *options = mem_printf("people_file = %s/people\n", house->root);

	people_are(house, people);
	session_house_configure(house, "sim", options);
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

static void close_leaving(struct session_house *house, int in_sessions)
{
	session_house_say(house, WORD_close, 3);
	session_house_hear(house, WORD_closed);
	assert_int_equal(session_house_wait(house), 0);
	assert_int_equal(session_house_count(house, "state/notes"), 0);
	assert_int_equal(session_house_count(house, "run/sessions"), in_sessions);
}

static void close_session(struct session_house *house)
{
	close_leaving(house, 0);
}

static void a_flow_runs_in_the_session_of_a_person(void **state)
{
	HOUSE(state);

	start(house, "hold", "Ada signs in\n");
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
		{"eve signs in\n", "ada", "person:eve", "AttendedUserNotLoggedIn"},
		{"ada signs in\n", "eve", "person:ada", "SessionCreationError"}, /* eve is no account */
		{"ada signs in\nada locks\n", "ada", "person:ada", "AttendedUserSessionNotActive"},
		{"ada signs in\nada disconnects\n", "ada", "person:ada", "AttendedUserSessionNotActive"},
		{"ada signs in\nlock state of ada unknown\n", "ada", "person:ada", "SessionFactUnknown"},
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
		start(house, "hold", "ada signs in\n");
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

/* Nobody has to say it: the session process looks for itself. */
static void what_the_driver_sees_of_its_session_fails_the_flow(void **state)
{
	static const struct {
		const char *happening, *reason;
		int taken;
	} cases[] = {{"eve throws out ada\n", "SessionTaken", 1}, {"eve signs out ada\n", "SessionEnded", 0}};
	HOUSE(state);

	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		AUTO_FREE char *later = mem_printf("at 10ms %s", cases[i].happening);

		start(house, "hold", "");
		session_house_package(house, "", "hostler-event progress Main typing; sleep 60\n");
		session_house_open(house, "ada");
		session_house_launch(house, 1, 60000, "{}");
		session_house_hear(house, WORD_progress);
		people_are(house, later);
		assert_finished(house, "failed", cases[i].reason);
		close_leaving(house, cases[i].taken);
		session_house_leave(house);

		/* That it is a person's is known as long as it is there. */
		start(house, "watch", "");
		session_house_hear(house, WORD_sessions);
		session_house_leave(house);
		assert_int_equal(session_house_count(house, "run/sessions"), 0);
	}
}

/* A flow that goes on once what the file of people says at 20ms has happened, by the clock of the file that it stands in. */
static char *until_signed_out(const struct session_house *house, const char *then)
{
	return mem_printf("hostler-event progress Main typing\np=%s/people\n"
			  "until grep -q out $p && [ $(($(date +%%s%%N) - $(date -r $p +%%s%%N))) -gt 21000000 ]; do sleep 0.01; done\n%s\n",
			  house->root, then);
}

/* Whoever notices first: programs end with the session that they are in, before anybody has looked at it. */
static void a_flow_that_fails_with_its_session_says_so(void **state)
{
	HOUSE(state);
	AUTO_FREE char *script = until_signed_out(house, "exit 3");

	start(house, "hold", "");
	session_house_package(house, "", script);
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	session_house_hear(house, WORD_progress);
	people_are(house, "at 20ms eve signs out ada\n");
	assert_finished(house, "failed", "SessionEnded");
	close_session(house);
}

static void assert_refused(struct session_house *house, int64_t code)
{
	const struct message *refusal = &session_house_hear(house, WORD_error)->message;

	assert_string_equal(message_text(refusal, "reason"), "SessionEnded");
	assert_int_equal(message_integer(refusal, "code"), code);
}

/* One of hostler's own, and nobody has asked: its gateway is told, and what was on its way to it never begins. */
static void a_session_that_ends_while_it_is_kept_is_used_no_more(void **state)
{
	HOUSE(state);

	start(house, "hold", "");
	session_house_package(house, "", "echo here\n");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	assert_finished(house, "succeeded", "");
	people_are(house, "at 20ms eve signs out ada\n");
	assert_refused(house, HST_CANCELLED);
	session_house_launch(house, 2, 60000, "{}");
	assert_refused(house, HST_RETRY);
	close_session(house);
}

/* The flow's own words are told with it, since it may have been the flow that ended the session; and before the end of the flow is
 * said it is said that the session is not to be kept. */
static void the_last_words_of_a_flow_are_told_with_the_end_of_its_session(void **state)
{
	HOUSE(state);
	AUTO_FREE char *script = until_signed_out(house, "echo the screen is gone >&2; exit 3");
	const struct session_heard *heard;

	start(house, "hold", "");
	session_house_package(house, "", script);
	session_house_open(house, "ada");
	session_house_launch(house, 1, 60000, "{}");
	session_house_hear(house, WORD_progress);
	people_are(house, "at 20ms eve signs out ada\n");
	heard = session_house_hear(house, WORD_finished);
	assert_string_equal(message_text(&heard->message, "reason"), "SessionEnded");
	assert_non_null(strstr(heard->payload, "eve signed ada out"));
	assert_non_null(strstr(heard->payload, "the screen is gone"));
	assert_refused(house, HST_CANCELLED);
	close_session(house);
}

static void the_next_gateway_hears_that_it_is_a_persons(void **state)
{
	HOUSE(state);

	house->outlive = "60s";
	start(house, "hold", "ada signs in\n");
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
	people_are(house, "Ada signs in\nAda locks\n");
	assert_string_equal(session_house_hear(house, WORD_sessions)->payload,
			    "[{\"id\":\"person:ada\",\"user\":\"Ada\",\"key\":\"ada\",\"connected\":\"yes\","
			    "\"locked\":\"yes\",\"ours\":false}]");
	people_are(house, "Ada signs in\nlock state of Ada unknown\n");
	assert_non_null(strstr(session_house_hear(house, WORD_sessions)->payload, "\"doubt\":\"the script says that it cannot be found out\""));
	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_flow_runs_in_the_session_of_a_person),
		CASE(only_the_users_own_unlocked_session_is_attached_to),
		CASE(what_comes_over_the_session_fails_the_flow),
		CASE(what_the_driver_sees_of_its_session_fails_the_flow),
		CASE(a_flow_that_fails_with_its_session_says_so),
		CASE(a_session_that_ends_while_it_is_kept_is_used_no_more),
		CASE(the_last_words_of_a_flow_are_told_with_the_end_of_its_session),
		CASE(the_next_gateway_hears_that_it_is_a_persons),
		CASE(the_watch_says_who_sits_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
