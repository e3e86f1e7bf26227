/* A session process and what came to it sealed: opened for its place alone, sealed again, and found nowhere else. */
#include "making_roster.h"
#include "session_house.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "desktop/package.h"
#include "os/files.h"
#include "seal/composition.h"
#include "seal/directions.h"
#include "seal/envelope_house.h"
#include "seal/items.h"
#include "seal/signed_package.h"
#include "supervise/keys.h"
#include "wire/believed.h"

#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#define CANARY "canary-7f3a91c5"
#define GATEWAY "gateway/ts-01"
#define RUN "r-test"
#define FRONT "[input order]\ntype = text\n[input pin]\ntype = secret\n"

struct sealed {
	struct session_house *house;
	uint8_t seed[SEED_BYTES];
	struct seal_pairs ada, gateway, other;
	struct roster *roster;
	struct text items;
	char digest[65];
	struct text signature; /* of the package, by ada */
	char *keys;
	int log; /* what the process says */
};

/* How an envelope is made; what is not said is right for the input "pin" of the package "test". */
struct making {
	const char *value, *sink, *run;
	enum envelope_kind kind;
	bool to_other, by_other;
	int64_t not_after_us;
};

static void sign(struct sealed *sealed)
{
	hst_error err = {0};

	must(roster_sign(sealed->roster, "operator/ada", &sealed->ada, &err), &err);
}

static int set_up(void **state)
{
	struct session_house *house = NULL;
	struct sealed *sealed;
	AUTO_FREE char *roster = NULL;

	session_house_set_up((void **)&house);
	if (!house)
		return 0;
	sealed = mem_alloc(sizeof *sealed);
	*state = sealed;
	sealed->house = house;
	memset(sealed->seed, 7, sizeof sealed->seed);
	sealed->roster = roster_new();
	seal_pairs_random(&sealed->ada);
	roster_add(sealed->roster, ROSTER_OPERATOR, "operator/ada", &sealed->ada, RIGHT_LOOK | RIGHT_PRESS | RIGHT_CONTROL | RIGHT_ADMIN);
	roster_add_machine(sealed->roster, sealed->seed);
	roster_add_member(sealed->roster, sealed->seed, GATEWAY, &sealed->gateway);
	roster_add_member(sealed->roster, sealed->seed, "connector/other", &sealed->other);
	sign(sealed);
	roster = roster_write(sealed->roster);
	house->keys = sealed->keys = keys_with_roster(keys_for_hold(sealed->seed, GATEWAY, GATEWAY), roster);
	text_init(&sealed->items, SEALED_BYTES_MAX);
	house->sealed = &sealed->items;
	sealed->log = open(house->root, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	assert_true(sealed->log >= 0);
	return 0;
}

static int tear_down(void **state)
{
	struct sealed *sealed = *state;

	if (!sealed)
		return 0;
	keys_forget(sealed->keys);
	text_clear(&sealed->signature);
	close(sealed->log);
	text_clear(&sealed->items);
	roster_free(sealed->roster);
	session_house_tear_down((void **)&sealed->house);
	free(sealed);
	return 0;
}

#define SEALED(state)                    \
	struct sealed *sealed = *(state); \
	if (!sealed)                      \
	skip();                           \
	struct session_house *house = sealed->house

/* The package as the gateway has it, under its digest, and signed. */
static void place(struct sealed *sealed)
{
	struct session_house *house = sealed->house;
	struct signed_package signature = {.name = "test", .version = "0", .at = 1790000000, .signer = "operator/ada"};
	hst_arena *arena = arena_new();
	struct package_file *files = NULL;
	AUTO_FREE char *folder = NULL;
	hst_error err = {0};
	size_t n = 0;

	must(package_list_files(arena, house->package, &files, &n, &err), &err);
	package_digest(files, n, sealed->digest);
	arena_free(arena);
	folder = mem_printf("%s/gateway/packages/%s", house->state_dir, sealed->digest);
	assert_int_equal(rename(house->package, folder), 0);
	free(house->package);
	house->package = take(folder);
	house->digest = sealed->digest;
	memcpy(signature.cluster, sealed->roster->cluster, sizeof signature.cluster);
	memcpy(signature.digest, sealed->digest, sizeof signature.digest);
	signed_package_sign(&signature, &sealed->ada);
	text_init(&sealed->signature, SIGNED_PACKAGE_BYTES_MAX);
	signed_package_write(&sealed->signature, &signature);
}

/* What the process says goes into a file of ours. */
static void start(struct sealed *sealed, const char *driver, const char *manifest, const char *script)
{
	int before = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);

	session_house_configure(sealed->house, driver, "");
	session_house_package(sealed->house, manifest, script);
	place(sealed);
	fflush(stderr);
	dup2(sealed->log, STDERR_FILENO);
	session_house_start(sealed->house, "hold");
	dup2(before, STDERR_FILENO);
	close(before);
}

static char *said(const struct sealed *sealed)
{
	char *text = mem_alloc(1 << 16);

	assert_true(pread(sealed->log, text, (1 << 16) - 1, 0) >= 0);
	return text;
}

static uint8_t *make(struct sealed *sealed, struct making making, size_t *ret_length)
{
	const char *const sinks[] = {making.sink ? making.sink : "desktop/test.pin"};
	struct envelope_header header = {.kind = making.kind ? making.kind : making.by_other ? ENVELOPE_VALUE : ENVELOPE_INPUT,
	                                 .name = "start.pin",
	                                 .run = making.kind == ENVELOPE_SECRET ? "" : making.run ? making.run : RUN,
	                                 .sinks = sinks,
	                                 .sink_count = 1,
	                                 .epoch = sealed->roster->epoch,
	                                 .created_us = clock_wall_us(),
	                                 .not_after_us = making.not_after_us,
	                                 .serial = making.kind == ENVELOPE_SECRET ? 1 : 0,
	                                 .signer = making.by_other ? "connector/other" : "operator/ada"};
	struct envelope_recipient to[] = {{.name = GATEWAY}, {.name = "operator/ada"}};
	AUTO(secret) hst_secret *secret = NULL;
	uint8_t *bytes = NULL;
	hst_error err = {0};

	memcpy(header.cluster, sealed->roster->cluster, sizeof header.cluster);
	memcpy(to[0].key, making.to_other ? sealed->other.open_public : sealed->gateway.open_public, sizeof to[0].key);
	memcpy(to[1].key, sealed->ada.open_public, sizeof to[1].key);
	must(secret_new(making.value ? making.value : CANARY, strlen(making.value ? making.value : CANARY), &secret, &err), &err);
	must(envelope_seal(&header, secret, to, 2, making.by_other ? &sealed->other : &sealed->ada, &bytes, ret_length, &err), &err);
	return bytes;
}

static void put(struct sealed *sealed, const char *name, struct making making, const struct directions *directions)
{
	struct item items[3] = {{.name = name}, {.name = "desktop/test"}, {.name = "*"}};
	AUTO(text) struct text lines;
	AUTO_FREE uint8_t *bytes = NULL;
	hst_error err = {0};

	text_init(&lines, DIRECTIONS_BYTES_MAX);
	text_reset(&sealed->items);
	bytes = make(sealed, making, &items[0].length);
	items[0].bytes = bytes;
	items[1].bytes = (const uint8_t *)sealed->signature.s;
	items[1].length = sealed->signature.length;
	if (directions) {
		must(directions_write(&lines, directions, &err), &err);
		items[2].bytes = (const uint8_t *)lines.s;
		items[2].length = lines.length;
	}
	must(items_write(&sealed->items, items, strchr(name, '/') ? 1 : directions ? 3 : 2, &err), &err);
}

static void open_session(struct sealed *sealed)
{
	text_reset(&sealed->items);
	session_house_open(sealed->house, "ada");
}

static const struct session_heard *run_it(struct session_house *house, int64_t step)
{
	session_house_launch(house, step, 60000, "{\"order\":\"A-7\",\"pin\":{\"sealed\":\"start.pin\"}}");
	return session_house_hear(house, WORD_finished);
}

static void assert_state(const struct session_heard *heard, const char *state, const char *reason)
{
	if (strcmp(message_text(&heard->message, "state"), state) != 0 || strcmp(message_text(&heard->message, "reason"), reason) != 0)
		fail_msg("finished as %s, %s: %s", message_text(&heard->message, "state"), message_text(&heard->message, "reason"), heard->payload);
}

/* The value of an item of what came back, opened as whoever it was sealed to. */
static void assert_sealed(const struct sealed *sealed, const struct session_heard *heard, const char *output, const char *sink,
                          const struct seal_pairs *who, const char *value)
{
	struct envelope_house roster;
	struct envelope_check check = {.house = &roster, .run = RUN, .sink = sink, .now_us = clock_wall_us()};
	AUTO(secret) hst_secret *secret = NULL;
	struct item item;
	hst_error err = {0};
	size_t length;

	envelope_house_init(&roster, sealed->roster);
	must(items_find(heard->message.sealed, heard->message.sealed_length, output, &item, &err), &err);
	must(composition_open(item.bytes, item.length, &check, who, &secret, &err), &err);
	assert_string_equal(secret_bytes(secret, &length), value);
}

/* Of all folders of the house, and of what the process said. */
static void assert_nowhere(const struct sealed *sealed, const char *secret)
{
	AUTO_FREE char *command = mem_printf("grep -rlaF -e '%s' %s", secret, sealed->house->root);
	AUTO_FREE char *text = said(sealed);

	assert_null(strstr(text, secret));
	assert_int_not_equal(system(command), 0);
}

static void a_flow_has_what_was_sealed_for_it_from_its_stdin_alone(void **state)
{
	SEALED(state);
	AUTO_FREE char *log = NULL;

	start(sealed, "null", FRONT "[output seen]\ntype = integer\n",
	      "env | grep -c canary; tr '\\0' ' ' </proc/$$/cmdline | grep -c canary\n"
	      "echo \"$HOSTLER_INPUT_ORDER, $HOSTLER_INPUT_PIN\"\n"
	      "pin=$(hostler-event input pin); echo \"it is $pin\"\n"
	      "hostler-event progress Main \"typing $pin\"; hostler-event output seen ${#pin}\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){0}, NULL);
	assert_string_equal(run_it(house, 1)->payload, "{\"seen\":15}");
	assert_string_equal(session_house_hear(house, WORD_progress)->payload, "{\"subflow\":\"Main\",\"action\":\"typing [secret]\"}");
	log = session_house_read(house, SESSION_RESULTS "/log");
	assert_string_equal(log, "0\n0\nA-7, \nit is [secret]\n");
	assert_int_equal(session_house_remembers(house, CANARY, NULL), 0);
	assert_nowhere(sealed, CANARY);
}

static void what_may_not_be_opened_here_fails_the_run_with_one_reason(void **state)
{
	static const struct {
		struct making making;
		const char *code;
	} wrong[] = {
		{{.sink = "desktop/test.order"}, "EnvelopeSink"},
		{{.sink = "desktop/other.pin"}, "EnvelopeSink"},
		{{.run = "r-another"}, "EnvelopeRun"},
		{{.to_other = true}, "EnvelopeNotForUs"},
		{{.not_after_us = 1}, "EnvelopeExpired"},
	};
	SEALED(state);

	start(sealed, "null", FRONT, "exit 0\n");
	open_session(sealed);
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		const struct session_heard *heard;
		AUTO_FREE char *text = NULL;

		put(sealed, "pin", wrong[i].making, NULL);
		heard = run_it(house, (int64_t)i + 1);
		assert_state(heard, "failed", "SecretUnusable");
		assert_null(strstr(heard->payload, "Envelope"));
		text = said(sealed);
		if (!strstr(text, wrong[i].code))
			fail_msg("%s is not in: %s", wrong[i].code, text);
	}
	assert_nowhere(sealed, CANARY);
}

static void a_launch_that_comes_twice_opens_nothing_the_second_time(void **state)
{
	SEALED(state);
	AUTO_FREE char *text = NULL;

	start(sealed, "null", FRONT, "exit 0\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){0}, NULL);
	assert_state(run_it(house, 1), "succeeded", "");
	assert_state(run_it(house, 1), "failed", "SecretUnusable");
	text = said(sealed);
	assert_non_null(strstr(text, "EnvelopeReplayed"));
	assert_state(run_it(house, 2), "succeeded", "");
}

static void a_resubmit_is_opened_for_the_first_of_its_chain(void **state)
{
	SEALED(state);

	start(sealed, "null", FRONT, "exit 0\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){.run = "r-first"}, NULL);
	house->chain = "r-first";
	assert_state(run_it(house, 1), "succeeded", "");
	house->chain = NULL;
	assert_state(run_it(house, 2), "failed", "SecretUnusable");
}

static void a_signer_that_was_revoked_is_refused_as_soon_as_it_is_heard_of(void **state)
{
	struct message message;
	SEALED(state);
	AUTO_FREE char *text = NULL, *roster = NULL;

	start(sealed, "null", FRONT, "exit 0\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){.by_other = true}, NULL);
	assert_state(run_it(house, 1), "succeeded", "");
	assert_true(roster_revoke(sealed->roster, "connector/other"));
	sign(sealed);
	believed_message(sealed->roster, &message, &roster);
	message.id = 77;
	session_house_send(house, &message);
	session_house_hear(house, WORD_done);
	assert_state(run_it(house, 2), "failed", "SecretUnusable");
	text = said(sealed);
	assert_non_null(strstr(text, "EnvelopeRevoked"));
}

static void what_it_makes_is_sealed_as_directed_and_kept_out_of_its_log(void **state)
{
	const struct direction code = {.output = "code",
	                                      .to = (const char *const[]){"connector/other"},
	                                      .to_count = 1,
	                                      .sinks = (const char *const[]){"connector/other.send.text"},
	                                      .sink_count = 1};
	const struct directions directions = {&code, 1};
	const struct session_heard *heard;
	SEALED(state);
	AUTO_FREE char *log = NULL;

	start(sealed, "null", FRONT "[output code]\ntype = secret\n[output note]\ntype = text\n[output hint]\ntype = text\nderived = yes\n",
	      "echo 'printed before: canary-of-the-flow'\n"
	      "printf canary-of-the-flow | hostler-event output code -\n"
	      "echo 'and after: canary-of-the-flow'\n"
	      "hostler-event output note plain; hostler-event output hint derived\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){0}, &directions);
	heard = run_it(house, 1);
	assert_string_equal(heard->payload, "{\"code\":{\"sealed\":\"enter.code\"},\"note\":\"plain\",\"hint\":{\"sealed\":\"enter.hint\"}}");
	assert_sealed(sealed, heard, "code", "connector/other.send.text", &sealed->other, "canary-of-the-flow");
	assert_sealed(sealed, heard, "hint", "operator", &sealed->ada, "derived");
	log = session_house_read(house, SESSION_RESULTS "/log");
	assert_string_equal(log, "printed before: [secret]\nand after: [secret]\n");
	assert_int_equal(session_house_remembers(house, "canary-of-the-flow", NULL), 0);
}

/* For as long as it runs; the beginning of a line that it has not said to its end, too. A sanitizer locks nothing and says that it did. */
#ifndef __SANITIZE_ADDRESS__
static void what_a_flow_has_and_gives_lies_in_locked_memory(void **state)
{
	static const char *const canaries[] = {CANARY, "canary-of-the-flow", "canary-of-an-error", "canary-of-half-a-line"};
	int unlocked = 0;
	SEALED(state);

	start(sealed, "null", FRONT "[output code]\ntype = secret\n",
	      "printf canary-of-the-flow | hostler-event output code -; hostler-event error canary-of-an-error\n"
	      "printf '{\"event\":\"canary-of-half-a-line' >\"$HOSTLER_EVENTS\"\n"
	      "until [ -e go ]; do sleep 0.1; done\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){0}, NULL);
	session_house_launch(house, 1, 60000, "{\"order\":\"A-7\",\"pin\":{\"sealed\":\"start.pin\"}}");
	for (int i = 0; session_house_remembers(house, canaries[3], NULL) == 0; i++) {
		assert_true(i < 1000);
		poll(NULL, 0, 10);
	}
	for (size_t i = 0; i < sizeof canaries / sizeof canaries[0]; i++) {
		assert_true(session_house_remembers(house, canaries[i], &unlocked) > 0);
		if (unlocked)
			fail_msg("%s is %d times in memory that is not locked", canaries[i], unlocked);
	}
	session_house_stop(house, 1, "cancel");
	session_house_hear(house, WORD_finished);
}
#endif

/* Where hostler-event puts a large value, before it says so. */
static void what_it_could_not_give_is_no_file_of_the_run(void **state)
{
	SEALED(state);

	start(sealed, "null", FRONT "[output code]\ntype = secret\n", "echo '\"canary-of-the-flow\"' > out/code.json; echo kept > out/kept; exit 3\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){0}, NULL);
	assert_state(run_it(house, 1), "failed", "FlowFailed");
	assert_true(session_house_has(house, SESSION_RESULTS "/out/kept"));
	assert_false(session_house_has(house, SESSION_RESULTS "/out/code.json"));
}

static void a_picture_is_sealed_to_the_operators(void **state)
{
	SEALED(state);
	AUTO_FREE char *path = files_join(house->results, "screenshots/error.png.sealed"), *bytes = NULL;
	AUTO_FREE uint8_t *opened = NULL;
	AUTO_FREE struct envelope *envelope = mem_alloc(sizeof *envelope);
	struct envelope_house roster;
	struct envelope_check check = {.house = &roster, .run = RUN, .sink = "operator", .now_us = clock_wall_us()};
	hst_error err = {0};
	size_t length = 0;

	start(sealed, "noting", FRONT, "exit 3\n");
	open_session(sealed);
	put(sealed, "pin", (struct making){0}, NULL);
	assert_state(run_it(house, 1), "failed", "FlowFailed");
	assert_false(session_house_has(house, SESSION_RESULTS "/screenshots/error.png"));
	must(files_read(path, ENVELOPE_FILE_MAX, &bytes, &length, &err), &err);
	envelope_house_init(&roster, sealed->roster);
	must(envelope_read(bytes, length, envelope, &err), &err);
	assert_int_equal(envelope->recipient_count, 1);
	must(envelope_open_file(envelope, &check, &sealed->ada, &opened, &length, &err), &err);
	assert_int_equal(length, 3);
	assert_memory_equal(opened, "PNG", 3);
}

static void a_password_is_opened_for_the_driver(void **state)
{
	SEALED(state);

	start(sealed, "noting", "", "exit 0\n");
	put(sealed, "connection/bot.password", (struct making){.kind = ENVELOPE_SECRET, .sink = "connection/bot.password"}, NULL);
	session_house_open(house, "ada");
	AUTO_FREE char *length = session_house_read(house, "marks/password");
	assert_string_equal(length, "15\n");
	assert_nowhere(sealed, CANARY);
}

static void a_password_of_another_place_opens_no_session(void **state)
{
	SEALED(state);
	AUTO_FREE char *text = NULL;
	const struct session_heard *heard;

	start(sealed, "noting", "", "exit 0\n");
	put(sealed, "connection/bot.password", (struct making){.kind = ENVELOPE_SECRET, .sink = "connection/other.password"}, NULL);
	session_house_ask_open(house, "ada");
	heard = session_house_hear(house, WORD_error);
	assert_string_equal(message_text(&heard->message, "reason"), "SecretUnusable");
	assert_null(strstr(heard->payload, "Envelope"));
	text = said(sealed);
	assert_non_null(strstr(text, "EnvelopeSink"));
	assert_false(session_house_has(house, "marks/session"));
}

#define SEALED_CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(void)
{
	const struct CMUnitTest tests[] = {
		SEALED_CASE(a_flow_has_what_was_sealed_for_it_from_its_stdin_alone),
		SEALED_CASE(what_may_not_be_opened_here_fails_the_run_with_one_reason),
		SEALED_CASE(a_launch_that_comes_twice_opens_nothing_the_second_time),
		SEALED_CASE(a_resubmit_is_opened_for_the_first_of_its_chain),
		SEALED_CASE(a_signer_that_was_revoked_is_refused_as_soon_as_it_is_heard_of),
		SEALED_CASE(what_it_makes_is_sealed_as_directed_and_kept_out_of_its_log),
#ifndef __SANITIZE_ADDRESS__
		SEALED_CASE(what_a_flow_has_and_gives_lies_in_locked_memory),
#endif
		SEALED_CASE(what_it_could_not_give_is_no_file_of_the_run),
		SEALED_CASE(a_picture_is_sealed_to_the_operators),
		SEALED_CASE(a_password_is_opened_for_the_driver),
		SEALED_CASE(a_password_of_another_place_opens_no_session),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
