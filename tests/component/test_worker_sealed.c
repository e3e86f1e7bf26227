/* hostler-worker with secrets: what it opens, what it refuses, what it seals, and that nothing of it is ever to be read. */
#include "sealed_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "seal/composition.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void a_sealed_input_is_opened_and_secrets_leave_sealed(void **state)
{
	const struct direction pin = {.output = "pin",
	                              .to = (const char *const[]){"connector/other"},
	                              .to_count = 1,
	                              .sinks = (const char *const[]){"connector/other.send.text"},
	                              .sink_count = 1};
	const struct directions directions = {.all = &pin, .count = 1};
	const struct fake_heard *answer;
	struct house house;

	(void)state;
	start_odd(&house);
	answer = call_with(&house, "give", (struct making){0}, &directions);
	assert_string_equal(answer->payload,
	                    "{\"pin\":{\"sealed\":\"find.pin\"},\"note\":{\"sealed\":\"find.note\"},\"length\":15}");
	sealed_is(&house, answer, "pin", "connector/other.send.text", &house.other, CANARY);
	sealed_is(&house, answer, "pin", "connector/other.send.text", &house.ada, CANARY);
	/* Derived, and nobody is said to need it: the operators alone. */
	sealed_is(&house, answer, "note", "operator", &house.ada, "hello");
	nothing_was_said(&house, answer);
	house_end(&house);
}

static void what_is_derived_is_plain_where_nothing_was_sealed(void **state)
{
	const struct fake_heard *answer;
	struct house house;

	(void)state;
	start_odd(&house);
	answer = fake_engine_answer(&house.engine, fake_engine_call(&house.engine, 1, "give", 60000, "{\"note\":\"hello\"}"));
	assert_string_equal(answer->payload, "{\"note\":\"hello\",\"length\":0}");
	assert_int_equal(answer->sealed_length, 0);
	house_end(&house);
}

static void pieces_are_joined_where_they_are_used(void **state)
{
	AUTO(text) struct text composed, sealed;
	struct composition_piece pieces[] = {{.kind = PIECE_LITERAL, .path = "", .bytes = "pin=", .length = 4},
	                                     {.kind = PIECE_ENVELOPE, .path = "row.pin"}};
	const struct fake_heard *answer;
	hst_error err = {0};
	struct house house;

	(void)state;
	start_odd(&house);
	pieces[1].bytes = make(&house, (struct making){.value = "{\"row\":{\"pin\":\"" CANARY "\"}}", .json = true}, &pieces[1].length);
	text_init(&composed, COMPOSITION_BYTES_MAX);
	must(composition_write(&composed, pieces, 2, &err), &err);
	item_of(&sealed, "pin", (const uint8_t *)composed.s, composed.length, NULL);
	answer = fake_engine_answer(&house.engine, fake_engine_call_sealed(&house.engine, 900, "give", RUN, "{}", &sealed));
	assert_string_equal(answer->payload, "{\"pin\":{\"sealed\":\"find.pin\"},\"length\":19}");
	sealed_is(&house, answer, "pin", "operator", &house.ada, "pin=" CANARY);
	nothing_was_said(&house, answer);
	free((void *)pieces[1].bytes);
	house_end(&house);
}

static void what_may_not_be_opened_here_is_refused_with_one_reason_and_logged_with_its_own(void **state)
{
	const struct {
		struct making making;
		const char *code;
	} wrong[] = {
		{{.sink = "connector/odd.leak.note"}, "EnvelopeSink"},
		{{.run = "r-ZZZZZZZZZZZZZZZZZZZZZZZZZZ"}, "EnvelopeRun"},
		{{.to_other = true}, "EnvelopeNotForUs"},
		{{.signer = "connector/stranger"}, "EnvelopeSigner"},
		{{.signer = "connector/other"}, "EnvelopeSigner"}, /* it may not type for a press */
		{{.not_after_us = 1}, "EnvelopeExpired"},
		{{.signer = "gateway/gone"}, "EnvelopeRevoked"},
		{{.by_other = true}, "EnvelopeSignature"},
		{{.changed = -100}, "EnvelopeSignature"},
		{{.changed = 5}, "EnvelopeForm"},
		{{.epochs_ago = 2}, "EnvelopeEpoch"},
		{{.epochs_ago = -1}, "EnvelopeEpoch"},
		{{.of_another_house = true}, "EnvelopeCluster"},
		{{.kind = ENVELOPE_SECRET, .serial = 6}, "EnvelopeSerial"},
	};
	struct house house;

	(void)state;
	start_odd(&house);
	assert_int_equal(call_with(&house, "give", (struct making){.kind = ENVELOPE_SECRET, .serial = 7}, NULL)->word, WORD_returned);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct fake_heard *answer = call_with(&house, "give", wrong[i].making, NULL);
		AUTO_FREE char *printed = fake_engine_printed(&house.engine);

		assert_int_equal(answer->word, WORD_error);
		assert_string_equal(answer->reason, "SecretUnusable");
		assert_null(strstr(answer->payload, "Envelope"));
		if (!strstr(printed, wrong[i].code))
			fail_msg("%s is not in: %s", wrong[i].code, printed);
		nothing_was_said(&house, answer);
	}
	house_end(&house);
}

static void a_call_that_comes_twice_opens_nothing_the_second_time(void **state)
{
	const struct fake_heard *answer;
	AUTO(text) struct text sealed;
	AUTO_FREE uint8_t *bytes = NULL;
	AUTO_FREE char *printed = NULL;
	struct house house;
	size_t length = 0;

	(void)state;
	start_odd(&house);
	bytes = make(&house, (struct making){.run = RUN}, &length);
	item_of(&sealed, "pin", bytes, length, NULL);
	answer = fake_engine_answer(&house.engine, fake_engine_call_sealed(&house.engine, 1, "give", RUN, "{}", &sealed));
	assert_int_equal(answer->word, WORD_returned);
	answer = fake_engine_answer(&house.engine, fake_engine_call_sealed(&house.engine, 1, "give", RUN, "{}", &sealed));
	assert_string_equal(answer->reason, "SecretUnusable");
	printed = fake_engine_printed(&house.engine);
	assert_non_null(strstr(printed, "EnvelopeReplayed"));
	/* Another step may. */
	answer = fake_engine_answer(&house.engine, fake_engine_call_sealed(&house.engine, 2, "give", RUN, "{}", &sealed));
	assert_int_equal(answer->word, WORD_returned);
	house_end(&house);
}

static void whoever_is_not_in_the_roster_gets_nothing(void **state)
{
	const struct direction pin = {.output = "*",
	                              .to = (const char *const[]){"connector/stranger"},
	                              .to_count = 1,
	                              .sinks = (const char *const[]){"connector/stranger.send.text"},
	                              .sink_count = 1};
	const struct directions directions = {.all = &pin, .count = 1};
	const struct fake_heard *answer;
	AUTO_FREE char *printed = NULL;
	struct house house;

	(void)state;
	start_odd(&house);
	answer = call_with(&house, "give", (struct making){0}, &directions);
	assert_string_equal(answer->reason, "SecretUnusable");
	printed = fake_engine_printed(&house.engine);
	assert_non_null(strstr(printed, "connector/stranger is not in the roster"));
	nothing_was_said(&house, answer);
	house_end(&house);
}

static void an_option_is_opened_before_the_plugin(void **state)
{
	const struct fake_heard *answer;
	struct house house;

	(void)state;
	house_begin(&house, "connector/odd", ODD "password = secret:ledger\n");
	put_secret_file(&house, (struct making){.kind = ENVELOPE_SECRET, .sink = "connector/odd.password"});
	fake_engine_spawn(&house.engine);
	fake_engine_expect_said(&house.engine, "ready\n");
	answer = fake_engine_answer(&house.engine, fake_engine_call(&house.engine, 1, "give", 60000, "{}"));
	assert_string_equal(answer->payload, "{\"password\":{\"sealed\":\"give.password\"},\"length\":0}");
	nothing_was_said(&house, answer);
	house_end(&house);
}

static void an_option_that_cannot_be_opened_is_a_wrong_setting(void **state)
{
	AUTO_FREE char *printed = NULL;
	struct house house;
	int status;

	(void)state;
	house_begin(&house, "connector/odd", ODD "password = secret:ledger\n");
	put_secret_file(&house, (struct making){.kind = ENVELOPE_SECRET, .sink = "connector/other.password"});
	fake_engine_spawn(&house.engine);
	fake_engine_expect_said(&house.engine, "bad ");
	status = fake_engine_wait_status(&house.engine);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	printed = fake_engine_printed(&house.engine);
	assert_non_null(strstr(printed, "EnvelopeSink"));
	assert_non_null(strstr(printed, "hostler.ini:7: error: the secret \"ledger\" for \"password\" cannot be opened"));
	house_end(&house);
}

static void a_press_passes_on_what_was_typed_and_seals_what_the_trigger_makes(void **state)
{
	const struct direction pin = {.output = "pin",
	                              .to = (const char *const[]){"connector/other"},
	                              .to_count = 1,
	                              .sinks = (const char *const[]){"connector/other.send.text"},
	                              .sink_count = 1};
	const struct directions directions = {.all = &pin, .count = 1};
	const struct fake_heard *answer;
	AUTO(text) struct text sealed, told;
	AUTO_FREE uint8_t *bytes = NULL;
	struct house house;
	size_t length = 0;

	(void)state;
	house_begin(&house, "trigger/press", "[trigger press]\nplugin = keeper\n");
	fake_engine_spawn(&house.engine);
	fake_engine_expect_said(&house.engine, "ready\n");
	/* Not sealed to the trigger, which need not open it. */
	bytes = make(&house, (struct making){.to_other = true, .sink = "connector/other.send.text"}, &length);
	item_of(&sealed, "pin", bytes, length, NULL);
	answer = fake_engine_answer(&house.engine, fake_engine_fire_sealed(&house.engine, "{\"pin\":{\"sealed\":\"press.pin\"},\"word\":\"x\"}", &sealed));
	assert_string_equal(answer->payload, "{\"pin\":{\"sealed\":\"trigger.pin\"},\"word\":\"x\"}");
	assert_int_equal(answer->sealed_length, sealed.length);
	assert_memory_equal(answer->sealed, sealed.s, sealed.length);

	item_of(&told, NULL, NULL, 0, &directions);
	answer = fake_engine_answer(&house.engine, fake_engine_fire_sealed(&house.engine, "{\"word\":\"own\"}", &told));
	assert_string_equal(answer->payload, "{\"pin\":{\"sealed\":\"trigger.pin\"}}");
	sealed_is(&house, answer, "pin", "connector/other.send.text", &house.other, "made by the trigger");
	house_end(&house);
}

static void a_secret_that_a_trigger_keeps_is_sealed_to_itself(void **state)
{
	struct house house;

	(void)state;
	house_begin(&house, "trigger/press", "[trigger press]\nplugin = keeper\ntoken = " CANARY "\n");
	fake_engine_spawn(&house.engine);
	assert_null(strstr(fake_engine_heard(&house.engine, WORD_emit, 0)->payload, CANARY));
	assert_true(house.engine.kept_length > 200);
	assert_null(memmem(house.engine.kept, house.engine.kept_length, CANARY, strlen(CANARY)));
	fake_engine_kill(&house.engine);
	fake_engine_spawn(&house.engine);
	assert_non_null(strstr(fake_engine_heard(&house.engine, WORD_emit, 1)->payload, "it is the same"));
	/* What somebody has changed in the store is not what it kept. */
	fake_engine_kill(&house.engine);
	house.engine.kept[house.engine.kept_length - 1] ^= 1;
	fake_engine_spawn(&house.engine);
	assert_non_null(strstr(fake_engine_heard(&house.engine, WORD_emit, 2)->payload, "cannot be opened"));
	house_end(&house);
}

static void what_a_trigger_emits_is_sealed_to_whom_it_is_for(void **state)
{
	const struct direction pin = {.output = "pin",
	                              .to = (const char *const[]){"connector/other"},
	                              .to_count = 1,
	                              .sinks = (const char *const[]){"connector/other.send.text"},
	                              .sink_count = 1};
	const struct directions directions = {.all = &pin, .count = 1};
	const struct fake_heard *emitted;
	AUTO(text) struct text told;
	struct house house;

	(void)state;
	house_begin(&house, "trigger/press", "[trigger press]\nplugin = keeper\ntoken = " CANARY "\nblurts = yes\n");
	item_of(&told, NULL, NULL, 0, &directions);
	house.engine.directions = &told;
	fake_engine_spawn(&house.engine);
	emitted = fake_engine_heard(&house.engine, WORD_emit, 0);
	assert_string_equal(emitted->payload, "{\"events\":[{\"key\":\"first\",\"values\":{\"pin\":{\"sealed\":\"trigger.pin\"},\"word\":\"first\"}},"
	                                      "{\"key\":\"none\",\"values\":{\"word\":\"none\"}},"
	                                      "{\"key\":\"last\",\"values\":{\"pin\":{\"sealed\":\"trigger.pin\"},\"word\":\"last\"}}],\"state\":[]}");
	sealed_is(&house, emitted, "0.pin", "connector/other.send.text", &house.other, CANARY);
	sealed_is(&house, emitted, "2.pin", "connector/other.send.text", &house.other, "canary-2fa7-last");
	house_end(&house);
}

static void what_a_trigger_says_of_its_failure_has_no_secret_in_it(void **state)
{
	AUTO_FREE char *printed = NULL;
	AUTO(text) struct text none;
	struct house house;

	(void)state;
	text_init(&none, 1);
	house_begin(&house, "trigger/press", "[trigger press]\nplugin = keeper\ntoken = " CANARY "\nstumbles = yes\n");
	fake_engine_spawn(&house.engine);
	fake_engine_expect_said(&house.engine, "ready\n");
	fake_engine_answer(&house.engine, fake_engine_fire_sealed(&house.engine, "{\"word\":\"x\"}", &none));
	printed = fake_engine_printed(&house.engine);
	assert_non_null(strstr(printed, "watch failed"));
	assert_non_null(strstr(printed, "nothing is found with [secret]"));
	assert_null(strstr(printed, CANARY));
	house_end(&house);
}

static void who_is_asked_says_whether_it_can_open_and_nothing_else(void **state)
{
	static const struct {
		const char *sink, *sealed_for, *reason;
		bool to_other;
	} asked[] = {
		{"connector/odd.give.pin", "connector/odd.give.pin", "", false},
		{"connector/odd.give.pin", "connector/odd.leak.pin", "SecretUnusable", false},
		{"connector/odd.give.pin", "connector/odd.give.pin", "SecretUnusable", true},
		{"connector/other.send.text", "connector/other.send.text", "SecretUnusable", false},
	};
	struct house house;

	(void)state;
	start_odd(&house);
	for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
		const struct making making = {.kind = ENVELOPE_SECRET, .sink = asked[i].sealed_for, .to_other = asked[i].to_other};
		const struct fake_heard *answer;
		AUTO(text) struct text sealed;
		size_t length = 0;
		AUTO_FREE uint8_t *bytes = make(&house, making, &length);

		item_of(&sealed, asked[i].sink, bytes, length, NULL);
		answer = fake_engine_answer(&house.engine, fake_engine_probe(&house.engine, &sealed));
		assert_int_equal(answer->word, WORD_probed);
		assert_string_equal(answer->reason, asked[i].reason);
		assert_null(strstr(answer->payload, CANARY));
		assert_int_equal(answer->sealed_length, 0);
	}
	house_end(&house);
}

/* One word of /proc/PID/NAME; the worker lives. */
static bool process_has(const struct house *house, const char *name, const char *word)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/%s", (int)house->engine.pid, name);
	FILE *file = fopen(path, "r");
	static char bytes[1 << 17];
	size_t n;

	assert_non_null(file);
	n = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	return memmem(bytes, n, word, strlen(word)) != NULL;
}

static void a_secret_is_nowhere_where_others_look(void **state)
{
	const struct fake_heard *answer;
	struct house house;

	(void)state;
	house_begin(&house, "connector/odd", ODD "password = secret:ledger\n");
	put_secret_file(&house, (struct making){.kind = ENVELOPE_SECRET, .sink = "connector/odd.password"});
	fake_engine_spawn(&house.engine);
	fake_engine_expect_said(&house.engine, "ready\n");
	answer = call_with(&house, "give", (struct making){0}, NULL);
	nothing_was_said(&house, answer);
	assert_false(process_has(&house, "cmdline", CANARY));
	assert_true(process_has(&house, "cmdline", "connector/odd"));
	/* As the kernel keeps it: no program that it starts gets more rights. */
	assert_true(process_has(&house, "status", "NoNewPrivs:\t1"));
	house_end(&house);
}

/* Printed, logged, said in an error; whole, in two writes, and inside a longer text. */
static void a_plugin_cannot_say_what_it_was_given(void **state)
{
	const struct fake_heard *answer;
	AUTO_FREE char *printed = NULL;
	struct house house;

	(void)state;
	house_begin(&house, "connector/odd", ODD "password = secret:ledger\n");
	put_secret_file(&house, (struct making){.kind = ENVELOPE_SECRET, .sink = "connector/odd.password", .value = "canary-of-the-option"});
	fake_engine_spawn(&house.engine);
	fake_engine_expect_said(&house.engine, "ready\n");
	answer = call_with(&house, "leak", (struct making){0}, NULL);
	assert_int_equal(answer->code, HST_DENIED);
	assert_string_equal(answer->payload, "[secret] was not accepted as a pin");
	nothing_was_said(&house, answer);
	/* The next call has other secrets, and the option stays one. */
	answer = call_with(&house, "leak", (struct making){.value = "another-canary"}, NULL);
	assert_string_equal(answer->payload, "[secret] was not accepted as a pin");
	fake_engine_kill(&house.engine);
	printed = fake_engine_printed(&house.engine);
	assert_null(strstr(printed, "canary"));
	assert_non_null(strstr(printed, "signing in with [secret]"));
	assert_non_null(strstr(printed, "the pin is [secret]"));
	assert_non_null(strstr(printed, "printed [secret] and once more [secret]"));
	house_end(&house);
}

static void a_worker_that_can_lock_no_memory_says_what_to_set(void **state)
{
	const struct rlimit none = {0, 0};
	struct rlimit before;
	AUTO_FREE char *printed = NULL;
	struct house house;
	int status;

	(void)state;
	if (geteuid() == 0) {
		print_message("root may lock what it wants\n");
		skip();
	}
	house_begin(&house, "connector/odd", ODD);
	getrlimit(RLIMIT_MEMLOCK, &before);
	setrlimit(RLIMIT_MEMLOCK, &(struct rlimit){none.rlim_cur, before.rlim_max});
	fake_engine_spawn(&house.engine);
	setrlimit(RLIMIT_MEMLOCK, &before);
	fake_engine_expect_said(&house.engine, "bad ");
	status = fake_engine_wait_status(&house.engine);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
	printed = fake_engine_printed(&house.engine);
	assert_non_null(strstr(printed, "LimitMEMLOCK=8M"));
	house_end(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_sealed_input_is_opened_and_secrets_leave_sealed),
		cmocka_unit_test(what_is_derived_is_plain_where_nothing_was_sealed),
		cmocka_unit_test(pieces_are_joined_where_they_are_used),
		cmocka_unit_test(what_may_not_be_opened_here_is_refused_with_one_reason_and_logged_with_its_own),
		cmocka_unit_test(a_call_that_comes_twice_opens_nothing_the_second_time),
		cmocka_unit_test(whoever_is_not_in_the_roster_gets_nothing),
		cmocka_unit_test(an_option_is_opened_before_the_plugin),
		cmocka_unit_test(an_option_that_cannot_be_opened_is_a_wrong_setting),
		cmocka_unit_test(a_press_passes_on_what_was_typed_and_seals_what_the_trigger_makes),
		cmocka_unit_test(a_secret_that_a_trigger_keeps_is_sealed_to_itself),
		cmocka_unit_test(what_a_trigger_says_of_its_failure_has_no_secret_in_it),
		cmocka_unit_test(who_is_asked_says_whether_it_can_open_and_nothing_else),
		cmocka_unit_test(what_a_trigger_emits_is_sealed_to_whom_it_is_for),
		cmocka_unit_test(a_secret_is_nowhere_where_others_look),
		cmocka_unit_test(a_plugin_cannot_say_what_it_was_given),
		cmocka_unit_test(a_worker_that_can_lock_no_memory_says_what_to_set),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
