/* A hold without its gateway: it goes on, is handed to the next one, and tells that one everything. */
#include "session_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "desktop/outcome.h"
#include "os/files.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUSE(state)                            \
	struct session_house *house = *(state); \
	if (!house)                             \
	skip()

/* Says that it began, and ends when its file is there. */
static void configure(struct session_house *house, const char *outlive)
{
	AUTO_FREE char *script =
		mem_printf("echo '{\"event\":\"progress\",\"action\":\"a\"}' > $HOSTLER_EVENTS\n"
			   "until [ -e %s/gate ]; do sleep 0.05; done\necho b > out/b\n",
			   house->marks);

	house->outlive = outlive;
	session_house_configure(house, "noting", "");
	session_house_package(house, "", script);
}

static void begin(struct session_house *house, const char *outlive)
{
	configure(house, outlive);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 600000, "{}");
	session_house_hear(house, WORD_progress);
}

static void open_the_gate(struct session_house *house)
{
	AUTO_FREE char *gate = files_join(house->marks, "gate");

	assert_int_equal(files_replace(gate, "", 0, 0644, false, NULL), HST_OK);
}

static void assert_held(struct session_house *house, const char *state, int64_t step)
{
	const struct message *held = &session_house_hear(house, WORD_held)->message;

	assert_string_equal(message_text(held, "state"), state);
	assert_string_equal(message_text(held, "user"), "ada");
	assert_string_equal(message_text(held, "key"), "ada");
	assert_true(*message_text(held, "session"));
	assert_int_equal(message_integer(held, "step"), step);
	assert_int_equal(message_integer(held, "token"), step ? 7 : 0);
}

static void a_flow_goes_on_and_its_outcome_is_kept_until_a_gateway_has_it(void **state)
{
	HOUSE(state);

	begin(house, "1h");
	session_house_leave(house);
	session_house_adopt(house);
	assert_held(house, "running", 1);
	session_house_leave(house);
	open_the_gate(house);
	session_house_adopt(house);
	assert_held(house, "running", 1);
	assert_string_equal(message_text(&session_house_hear(house, WORD_finished)->message, "state"), "succeeded");
	/* That gateway died before it had it in its journal. */
	session_house_leave(house);
	session_house_adopt(house);
	assert_held(house, "running", 1);
	assert_int_equal(session_house_hear(house, WORD_finished)->message.id, 101);
	session_house_say(house, WORD_done, 101);
	session_house_leave(house);
	session_house_adopt(house);
	assert_held(house, "idle", 0);
	assert_true(session_house_has(house, SESSION_RESULTS "/out/b"));
	session_house_say(house, WORD_close, 3);
	session_house_hear(house, WORD_closed);
	assert_int_equal(session_house_wait(house), 0);
	assert_false(session_house_has(house, SESSION_RESULTS "/.outcome"));
}

/* Its journal says that it was launched, so launched it must be. */
static void the_last_words_of_a_gateway_count(void **state)
{
	HOUSE(state);
	struct stream *old;

	configure(house, "1h");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 600000, "{}");
	old = house->stream;
	session_house_adopt(house);
	stream_free(old);
	assert_held(house, "running", 1);
	open_the_gate(house);
	session_house_hear(house, WORD_finished);
}

static void assert_left(struct session_house *house, const char *end, const char *reason, const char *text)
{
	AUTO_CLOSE int folder = open(house->results, O_RDONLY | O_DIRECTORY);
	struct outcome outcome;
	hst_error err;

	if (outcome_read(folder, &outcome, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_string_equal(outcome.state, end);
	assert_string_equal(outcome.reason, reason);
	assert_non_null(strstr(outcome.payload, text));
	assert_true((outcome.started_us > 0) == (strcmp(end, OUTCOME_NEVER) != 0) && outcome.ended_us >= outcome.started_us);
	outcome_clear(&outcome);
	assert_false(session_house_has(house, "marks/session"));
	assert_int_equal(session_house_count(house, "state/notes"), 0);
	assert_int_equal(session_house_count(house, "state/work"), 0);
}

static void launch_that_waits(struct session_house *house, int64_t step)
{
	struct message message;

	session_house_launch_of(house, step, 600000, "{\"order\":\"A 7\"}", &message);
	message_set_boolean(&message, "wait", true);
	session_house_send(house, &message);
}

static void say_begin(struct session_house *house, int64_t step)
{
	struct message message;

	message_init(&message, WORD_begin, (uint64_t)(100 + step));
	message_set_integer(&message, "step", step);
	message_set_integer(&message, "token", 7);
	session_house_send(house, &message);
}

/* It answers a question that is asked after it, so it has heard what came before. */
static void let_it_hear(struct session_house *house)
{
	session_house_stop(house, 99, "cancel");
}

static void configure_waiting(struct session_house *house)
{
	AUTO_FREE char *script = mem_printf("echo x >> %s/began\necho \"$HOSTLER_INPUT_ORDER\" > out/order\n", house->marks);

	house->outlive = "1h";
	session_house_configure(house, "noting", "");
	session_house_package(house, "[input order]\ntype = text\n", script);
	session_house_start(house, "hold");
	session_house_open(house, "ada");
}

static void what_waits_begins_when_that_is_said_and_not_before(void **state)
{
	HOUSE(state);
	AUTO_FREE char *order = NULL, *began = NULL;
	const struct message *said;

	configure_waiting(house);
	launch_that_waits(house, 1);
	let_it_hear(house);
	assert_true(session_house_count(house, "state/work") > 0);
	assert_false(session_house_has(house, "marks/began"));
	/* Another one than that which is ready. */
	say_begin(house, 2);
	said = &session_house_hear(house, WORD_error)->message;
	assert_int_equal(said->id, 102);
	assert_false(session_house_has(house, "marks/began"));
	say_begin(house, 1);
	said = &session_house_hear(house, WORD_finished)->message;
	assert_string_equal(message_text(said, "state"), "succeeded");
	assert_int_equal(said->id, 101);
	assert_true(message_integer(said, "started_us") > 0);
	order = session_house_read(house, SESSION_RESULTS "/out/order");
	assert_string_equal(order, "A 7\n");
	began = session_house_read(house, "marks/began");
	assert_string_equal(began, "x\n");
	/* Once. */
	say_begin(house, 1);
	session_house_hear(house, WORD_error);
}

/* The gateway died before its journal had it: to the next one it never began, and the next flow finds nothing of it. */
static void what_waits_is_nothing_to_another_gateway(void **state)
{
	HOUSE(state);
	AUTO_FREE char *order = NULL, *began = NULL;

	configure_waiting(house);
	launch_that_waits(house, 1);
	let_it_hear(house);
	session_house_leave(house);
	session_house_adopt(house);
	assert_held(house, "idle", 0);
	say_begin(house, 1);
	session_house_hear(house, WORD_error);
	assert_int_equal(session_house_count(house, "state/work"), 0);
	assert_false(session_house_has(house, "marks/began"));
	assert_false(session_house_has(house, SESSION_RESULTS "/.outcome"));
	session_house_launch(house, 1, 600000, "{\"order\":\"B\"}");
	assert_string_equal(message_text(&session_house_hear(house, WORD_finished)->message, "state"), "succeeded");
	order = session_house_read(house, SESSION_RESULTS "/out/order");
	assert_string_equal(order, "B\n");
	began = session_house_read(house, "marks/began");
	assert_string_equal(began, "x\n");
}

/* Its launch may be in the journal, and with nobody to adopt the process nobody would know that it never began. */
static void what_waits_and_finds_no_other_gateway_leaves_that_it_never_began(void **state)
{
	HOUSE(state);

	configure_waiting(house);
	launch_that_waits(house, 1);
	let_it_hear(house);
	session_house_leave(house);
	assert_int_equal(kill(house->pid, SIGTERM), 0);
	assert_int_equal(session_house_wait(house), 0);
	assert_left(house, OUTCOME_NEVER, "", "");
	assert_false(session_house_has(house, "marks/began"));
}

/* It was said to begin in time: whatever a gateway says last counts. */
static void what_was_said_to_begin_begins_for_the_next_gateway(void **state)
{
	HOUSE(state);
	struct stream *old;

	configure(house, "1h");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	launch_that_waits(house, 1);
	say_begin(house, 1);
	old = house->stream;
	session_house_adopt(house);
	stream_free(old);
	assert_held(house, "running", 1);
	open_the_gate(house);
	session_house_hear(house, WORD_finished);
}

static void what_waits_is_undone_when_the_session_is_closed(void **state)
{
	HOUSE(state);

	configure_waiting(house);
	launch_that_waits(house, 1);
	session_house_say(house, WORD_close, 3);
	session_house_hear(house, WORD_closed);
	assert_int_equal(session_house_wait(house), 0);
	assert_false(session_house_has(house, "marks/began"));
	assert_int_equal(session_house_count(house, "state/work"), 0);
	assert_int_equal(session_house_count(house, "state/notes"), 0);
}

/* Its record is in the journal, so its outcome is left: it never began. */
static void what_waits_when_the_house_goes_down_is_refused(void **state)
{
	HOUSE(state);

	configure_waiting(house);
	launch_that_waits(house, 1);
	let_it_hear(house);
	close(house->life);
	house->life = -1;
	while (session_house_count(house, "run/sessions") > 0)
		poll(NULL, 0, 5);
	say_begin(house, 1);
	assert_string_equal(message_text(&session_house_hear(house, WORD_finished)->message, "reason"), "SessionEnded");
	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
	assert_left(house, "failed", "SessionEnded", "before the flow began");
	assert_false(session_house_has(house, "marks/began"));
}

static void a_process_without_a_session_is_handed_over_too(void **state)
{
	HOUSE(state);
	const struct message *held;

	configure(house, "1h");
	session_house_start(house, "hold");
	session_house_leave(house);
	session_house_adopt(house);
	held = &session_house_hear(house, WORD_held)->message;
	assert_string_equal(message_text(held, "state"), "warm");
	session_house_open(house, "ada");
}

static void a_pause_is_said_again(void **state)
{
	HOUSE(state);

	configure(house, "1h");
	session_house_package(house, "",
			      "while hostler-event checkpoint; do\n"
			      "echo '{\"event\":\"progress\",\"action\":\"a\"}' > $HOSTLER_EVENTS; sleep 0.05; done\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	session_house_launch(house, 1, 600000, "{}");
	session_house_hear(house, WORD_progress);
	session_house_stop(house, 1, "pause");
	assert_string_equal(message_text(&session_house_hear(house, WORD_stage)->message, "state"), "paused");
	session_house_leave(house);
	session_house_adopt(house);
	assert_held(house, "running", 1);
	assert_string_equal(message_text(&session_house_hear(house, WORD_stage)->message, "state"), "paused");
}

static void without_another_gateway_it_ends_and_leaves_the_outcome(void **state)
{
	HOUSE(state);

	begin(house, "1s");
	session_house_leave(house);
	/* One that dies before it has said a word makes the time no longer. */
	session_house_adopt(house);
	session_house_hear(house, WORD_held);
	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
	assert_left(house, "failed", "SessionEnded", "the gateway of the device was away for too long");
}

static void when_the_house_goes_down_the_outcome_is_left(void **state)
{
	HOUSE(state);

	begin(house, "1h");
	session_house_leave(house);
	assert_int_equal(kill(house->pid, SIGTERM), 0);
	assert_int_equal(session_house_wait(house), 0);
	assert_left(house, "failed", "SessionEnded", "hostler was stopped on the device");
}

static void when_the_supervisor_dies_the_outcome_is_left(void **state)
{
	HOUSE(state);

	begin(house, "1h");
	close(house->life);
	house->life = -1;
	close(house->handover);
	house->handover = -1;
	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
	assert_left(house, "failed", "SessionEnded", "hostler was stopped on the device");
}

/* The gateway has not noticed yet that the house is over: its last launch is in its journal. */
static void what_is_launched_too_late_has_its_outcome_left(void **state)
{
	HOUSE(state);

	session_house_configure(house, "null", "");
	session_house_package(house, "", "exit 0\n");
	session_house_start(house, "hold");
	session_house_open(house, "ada");
	close(house->life);
	house->life = -1;
	while (session_house_count(house, "run/sessions") > 0)
		poll(NULL, 0, 5);
	session_house_launch(house, 1, 60000, "{}");
	assert_string_equal(message_text(&session_house_hear(house, WORD_finished)->message, "reason"), "SessionEnded");
	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
	assert_left(house, "failed", "SessionEnded", "before the flow began");
}

static void an_outcome_survives_as_it_was(void **state)
{
	HOUSE(state);
	AUTO_CLOSE int folder = open(house->results, O_RDONLY | O_DIRECTORY);
	const struct outcome written = {.state = (char *)"succeeded",
					.reason = (char *)"",
					.started_us = 5,
					.ended_us = 7,
					.payload = (char *)"{\n\"a\":\"b\"}",
					.length = 11,
					.sealed = (char *)"HSE1\n\0x",
					.sealed_length = 7};
	struct outcome open_one = written;
	AUTO_FREE char *path = files_join(house->results, ".outcome");
	struct outcome outcome;

	assert_int_equal(outcome_read(folder, &outcome, NULL), HST_NOT_FOUND);
	for (int i = 0; i < 2; i++)
		assert_int_equal(outcome_write(folder, &written, NULL), HST_OK);
	assert_int_equal(outcome_read(folder, &outcome, NULL), HST_OK);
	assert_string_equal(outcome.state, "succeeded");
	assert_string_equal(outcome.reason, "");
	assert_int_equal(outcome.started_us, 5);
	assert_int_equal(outcome.ended_us, 7);
	assert_int_equal(outcome.length, 11);
	assert_memory_equal(outcome.payload, written.payload, 11);
	assert_int_equal(outcome.sealed_length, 7);
	assert_memory_equal(outcome.sealed, written.sealed, 7);
	outcome_clear(&outcome);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(outcome_read(folder, &outcome, NULL), HST_INVALID);
	open_one.sealed_length = 0;
	assert_int_equal(outcome_write(folder, &open_one, NULL), HST_OK);
	assert_int_equal(outcome_read(folder, &outcome, NULL), HST_OK);
	assert_memory_equal(outcome.payload, written.payload, 11);
	assert_int_equal(outcome.length, 11);
	assert_int_equal(outcome.sealed_length, 0);
	outcome_clear(&outcome);
	assert_int_equal(truncate(path, 40), 0);
	assert_int_equal(outcome_read(folder, &outcome, NULL), HST_INVALID);
	assert_int_equal(unlink(path), 0);
	assert_int_equal(symlink("/etc/passwd", path), 0);
	assert_true(outcome_read(folder, &outcome, NULL) != HST_OK);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_flow_goes_on_and_its_outcome_is_kept_until_a_gateway_has_it),
		CASE(the_last_words_of_a_gateway_count),
		CASE(what_waits_begins_when_that_is_said_and_not_before),
		CASE(what_waits_is_nothing_to_another_gateway),
		CASE(what_waits_and_finds_no_other_gateway_leaves_that_it_never_began),
		CASE(what_was_said_to_begin_begins_for_the_next_gateway),
		CASE(what_waits_is_undone_when_the_session_is_closed),
		CASE(what_waits_when_the_house_goes_down_is_refused),
		CASE(a_process_without_a_session_is_handed_over_too),
		CASE(a_pause_is_said_again),
		CASE(without_another_gateway_it_ends_and_leaves_the_outcome),
		CASE(when_the_house_goes_down_the_outcome_is_left),
		CASE(when_the_supervisor_dies_the_outcome_is_left),
		CASE(what_is_launched_too_late_has_its_outcome_left),
		CASE(an_outcome_survives_as_it_was),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
