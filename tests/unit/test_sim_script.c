/* The script of driver sim: what it says, and what is wrong with one that says nonsense. */
#include "../../plugins/driver/memory/sim/play.h"
#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static int read_script(struct script *ret, const char *text, hst_error *err)
{
	return script_read(ret, "play", text, strlen(text), "ts-01", err);
}

static void everything_that_can_happen_is_read(void **state)
{
	static const char text[] = "# Who is there before.\n"
				   "\n"
				   "ann signs in\r\n"
				   "  sign-in   of bot2 fails:   wrong    password \n"
				   "opening takes 500ms\n"
				   "at 5s ann locks\n"
				   "on ts-01 at 10s ann unlocks\n"
				   "on ts-02 at 10s nobody locks\n"
				   "at 11s ann disconnects\n"
				   "at 1m ann comes back\n"
				   "at 1h1m lock state of ann unknown\n"
				   "; So it is.\n"
				   "at 1h2m lock state of ann known\n"
				   "at 2h eve throws out bot1\n"
				   "at 3h root signs out bot1\n"
				   "at 4h ann signs out\n"
				   "at 5h sign-in of bot2 works\n"
				   "at 6h closing fails: it hangs\n"
				   "at 7h closing works\n"
				   "at 7d attaching takes 0s\n"
				   "at 7d eve is a person";
	static const struct {
		enum happening what;
		int64_t at_ms;
		int number;
	} lines[] = {{SIGNS_IN, 0, 3},
		     {SIGN_IN_FAILS, 0, 4},
		     {OP_TAKES, 0, 5},
		     {LOCKS, 5000, 6},
		     {UNLOCKS, 10000, 7},
		     {DISCONNECTS, 11000, 9},
		     {COMES_BACK, 60000, 10},
		     {LOCK_UNKNOWN, 3660000, 11},
		     {LOCK_KNOWN, 3720000, 13},
		     {THROWS_OUT, 7200000, 14},
		     {SIGNS_OUT, 10800000, 15},
		     {SIGNS_OUT, 14400000, 16},
		     {SIGN_IN_WORKS, 18000000, 17},
		     {OP_FAILS, 21600000, 18},
		     {OP_WORKS, 25200000, 19},
		     {OP_TAKES, 604800000, 20},
		     {IS_A_PERSON, 604800000, 21}};
	struct script script;
	hst_error err = {0};

	(void)state;
	if (read_script(&script, text, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_int_equal(script.n, sizeof lines / sizeof lines[0]);
	for (size_t i = 0; i < script.n; i++) {
		assert_int_equal(script.lines[i].what, lines[i].what);
		assert_int_equal(script.lines[i].at_ms, lines[i].at_ms);
		assert_int_equal(script.lines[i].number, lines[i].number);
	}
	assert_string_equal(script.lines[1].user, "bot2");
	assert_string_equal(script.lines[1].why, "wrong password");
	assert_int_equal(script.lines[2].op, SCRIPT_OPEN);
	assert_int_equal(script.lines[2].ms, 500);
	assert_string_equal(script.lines[9].by, "eve");
	assert_string_equal(script.lines[9].key, "bot1");
	assert_null(script.lines[11].by);
	assert_string_equal(script.lines[13].why, "it hangs");
	script_clear(&script);
}

static void what_is_wrong_is_said_with_its_line(void **state)
{
	static const struct {
		const char *text, *error;
	} cases[] = {
		{"ann dances", "play:1: what ann does is one of: signs in, locks, unlocks, disconnects, comes back, signs out [USER], throws out USER"},
		{"\n\nann signs", "play:3: what ann does is one of"},
		{"ann locks", "play:1: ann has no unlocked session to lock"},
		{"ann signs in\nANN signs in", "play:2: ANN is signed in already"},
		{"ann signs in\nann unlocks", "play:2: ann has no locked session to unlock"},
		{"ann signs out", "play:1: ann is not signed in"},
		{"ann comes back", "play:1: ann has no disconnected session to come back to"},
		{"ann signs in\nann disconnects\nann disconnects", "play:3: ann has no connected session"},
		{"at 5s ann signs in\nat 4s ann locks", "play:2: the lines are in the order of time"},
		{"at 5s ann signs in\nann locks", "play:2: the lines are in the order of time"},
		{"at 5 ann signs in", "play:1: at: '5' is no duration"},
		{"at 8d ann signs in", "play:1: at: '8d' is no duration"},
		{"at 99999999999999999999s ann signs in", "is no duration"},
		{"at -1s ann signs in", "is no duration"},
		{"at", "play:1: at: '' is no duration"},
		{"on", "play:1: after 'on' stands the name of a device"},
		{"ann! signs in", "play:1: 'ann!' is no user"},
		{"ann locks now", "play:1: 'now' is too much"},
		{"ann throws out", "play:1: '' is no user"},
		{"opening", "play:1: 'takes DURATION', 'fails: WHY' or 'works' is expected, not ''"},
		{"opening takes long", "play:1: takes: 'long' is no duration"},
		{"opening fails:", "play:1: after 'fails:' stands why"},
		{"opening fails wrong", "play:1: 'takes DURATION', 'fails: WHY' or 'works' is expected, not 'fails'"},
		{"sign-in of bot1 hangs", "play:1: 'fails: WHY' or 'works' is expected, not 'hangs'"},
		{"lock state of ann maybe", "play:1: 'unknown' or 'known' is expected, not 'maybe'"},
		{"ann signs\x01in", "play:1: there is a byte that is no text"},
		{"on ts-02 ann dances", "play:1: what ann does is one of"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct script script;
		hst_error err = {0};

		assert_int_equal(read_script(&script, cases[i].text, &err), HST_INVALID);
		if (!strstr(err.text, cases[i].error))
			fail_msg("\"%s\": %s", cases[i].text, err.text);
	}
}

/* So many lines: what stands before their number, and behind it. The text is the caller's. */
static char *many(size_t n, const char *before, const char *behind)
{
	char *text = mem_alloc(n * 80 + 1), *to = text;

	for (size_t i = 0; i < n; i++)
		to += sprintf(to, "%s%zu%s", before, i, behind);
	return text;
}

static void everything_has_a_ceiling(void **state)
{
	const struct {
		char *text;
		const char *error; /* NULL: it fits */
	} cases[] = {
		{many(SCRIPT_USERS_MAX, "u", " signs in\n"), NULL},
		{many(SCRIPT_USERS_MAX + 1, "u", " signs in\n"), "play:65: u64 is one user too many"},
		{many(SCRIPT_LINES_MAX, "at ", "s opening works\n"), NULL},
		{many(SCRIPT_LINES_MAX + 1, "at ", "s opening works\n"), "play:1001: a script has at most 1000 happenings"},
		{many(2000, "# ", " is passed over.\n"), NULL},
		{many(4000, "# ", " is passed over.\n"), "play:1: a script is at most 65536 bytes"},
		{many(50, "w", " "), "play:1: a line has at most 40 words"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		struct script script = {0};
		hst_error err = {0};
		int code = read_script(&script, cases[i].text, &err);

		if (code != (cases[i].error ? HST_INVALID : HST_OK) || (cases[i].error && !strstr(err.text, cases[i].error)))
			fail_msg("case %zu: %s", i, err.text);
		script_clear(&script);
		free(cases[i].text);
	}
}

static void how_it_stands_follows_from_the_time_alone(void **state)
{
	static const char text[] = "at 10s ann signs in\nat 20s ann disconnects\nat 20s opening takes 3s\nat 30s ann signs out\n";
	static const struct {
		int64_t at_ms;
		bool there;
		hst_fact connected, locked;
		int64_t takes_ms;
	} cases[] = {{-1, false, HST_NO, HST_NO, 0},	   {0, false, HST_NO, HST_NO, 0},	   {10000, true, HST_YES, HST_NO, 0},
		     {20000, true, HST_NO, HST_YES, 3000}, {30000, false, HST_NO, HST_NO, 3000}, {19999, true, HST_YES, HST_NO, 0}};
	struct script script;
	struct play play;
	hst_error err = {0};

	(void)state;
	assert_int_equal(read_script(&script, text, &err), HST_OK);
	for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
		const struct person *ann;

		play_until(&play, &script, cases[i].at_ms);
		ann = play_person(&play, "ann");
		assert_int_equal(ann && ann->there, cases[i].there);
		if (ann && ann->there) {
			assert_int_equal(ann->connected, cases[i].connected);
			assert_int_equal(ann->locked, cases[i].locked);
		}
		assert_int_equal(play.takes_ms[SCRIPT_OPEN], cases[i].takes_ms);
	}
	script_clear(&script);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(everything_that_can_happen_is_read),
		cmocka_unit_test(what_is_wrong_is_said_with_its_line),
		cmocka_unit_test(everything_has_a_ceiling),
		cmocka_unit_test(how_it_stands_follows_from_the_time_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
