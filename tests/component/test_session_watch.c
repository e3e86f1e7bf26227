/* hostler-session as its gateway meets it: watching a device. */
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
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define HOUSE(state)                            \
	struct session_house *house = *(state); \
	if (!house)                             \
	skip()

static void mark(struct session_house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->marks, name);

	assert_int_equal(files_replace(path, "", 0, 0600, false, NULL), HST_OK);
}

static void unmark(struct session_house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->marks, name);

	assert_int_equal(unlink(path), 0);
}

static void a_watch_tells_the_device_and_who_users_are(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;
	struct message message;

	session_house_configure(house, "null", "system = server\n");
	session_house_start(house, "watch");
	heard = session_house_hear(house, WORD_sessions);
	assert_string_equal(message_text(&heard->message, "system"), "server");
	assert_true(message_integer(&heard->message, "processors") > 0);
	assert_string_equal(message_text(&heard->message, "containment"), ""); /* the driver does not say */
	assert_string_equal(heard->payload, "[]");

	message_init(&message, WORD_identify, 41);
	message_set_text(&message, "user", "Ada");
	session_house_send(house, &message);
	heard = session_house_hear(house, WORD_identity);
	assert_int_equal(heard->message.id, 41);
	assert_string_equal(message_text(&heard->message, "key"), "ada");
	assert_string_equal(message_text(&heard->message, "name"), "Ada");
	assert_int_equal(message_integer(&heard->message, "uid"), -1);

	message_init(&message, WORD_identify, 42);
	message_set_text(&message, "user", "no such/user");
	session_house_send(house, &message);
	heard = session_house_hear(house, WORD_error);
	assert_int_equal(heard->message.id, 42);
	assert_int_equal(message_integer(&heard->message, "code"), HST_NOT_FOUND);

	session_house_leave(house);
	assert_int_equal(session_house_wait(house), 0);
}

static void a_watch_says_what_has_changed(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;

	session_house_configure(house, "noting", "");
	session_house_start(house, "watch");
	heard = session_house_hear(house, WORD_sessions);
	assert_string_equal(heard->payload, "[]");
	assert_int_equal(message_integer(&heard->message, "load"), 250);
	mark(house, "session");
	heard = session_house_hear(house, WORD_sessions);
	assert_string_equal(heard->payload,
			    "[{\"id\":\"s1\",\"user\":\"Ada\",\"key\":\"ada\",\"connected\":\"no\","
			    "\"locked\":\"unknown\",\"ours\":true}]");
	unmark(house, "session");
	heard = session_house_hear(house, WORD_sessions);
	assert_string_equal(heard->payload, "[]");
	/* Three changes, three messages: what stays as it is is not said again. */
	assert_int_equal(house->heard_count, 3);
}

static void load_is(struct session_house *house, const char *milli)
{
	AUTO_FREE char *path = files_join(house->marks, "load");

	assert_int_equal(files_replace(path, milli, strlen(milli), 0600, false, NULL), HST_OK);
}

/* It goes with whatever else is said, and alone when it has moved far enough. */
static void a_watch_tells_the_load_now_and_then(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;

	session_house_configure(house, "noting", "");
	session_house_start(house, "watch");
	heard = session_house_hear(house, WORD_sessions);
	assert_int_equal(message_integer(&heard->message, "load"), 250);
	assert_int_equal(message_integer(&heard->message, "memory"), 400);
	assert_string_equal(message_text(&heard->message, "containment"), "cgroup");
	load_is(house, "300");
	mark(house, "session");
	heard = session_house_hear(house, WORD_sessions);
	assert_int_equal(message_integer(&heard->message, "load"), 300);
	load_is(house, "900");
	heard = session_house_hear(house, WORD_sessions);
	assert_int_equal(message_integer(&heard->message, "load"), 900);
	assert_int_equal(house->heard_count, 3);
}

static void a_watch_that_cannot_see_says_so_once(void **state)
{
	HOUSE(state);
	const struct session_heard *heard;

	session_house_configure(house, "noting", "");
	mark(house, "blind");
	session_house_start(house, "watch");
	heard = session_house_hear(house, WORD_error);
	assert_string_equal(message_text(&heard->message, "reason"), "SessionFactUnknown");
	assert_string_equal(heard->payload, "it is too dark to see");
	unmark(house, "blind");
	heard = session_house_hear(house, WORD_sessions);
	assert_string_equal(heard->payload, "[]");
	assert_int_equal(house->heard_count, 2);
}

static void a_wrong_configuration_is_bad_at_once(void **state)
{
	HOUSE(state);

	session_house_configure(house, "null", "sistem = server\n");
	AUTO_FREE char *said = session_house_start_and_listen(house, "watch");
	assert_memory_equal(said, "bad ", 4);
	assert_non_null(strstr(said, "sistem"));
	assert_int_equal(session_house_wait(house), 1 << 8);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		CASE(a_watch_tells_the_device_and_who_users_are),
		CASE(a_watch_says_what_has_changed),
		CASE(a_watch_tells_the_load_now_and_then),
		CASE(a_watch_that_cannot_see_says_so_once),
		CASE(a_wrong_configuration_is_bad_at_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
