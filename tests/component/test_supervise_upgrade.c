/* hostlerd makes room for its new self, with children that are faked. */
#include "../fakes/fake_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOUSE                                                                             \
	"[host]\nstate_dir = state\nrun_dir = run\nlisten = none\n"                       \
	"[trigger start]\nplugin = button\n[connector orders]\nplugin = file\nroot = orders\nworkers = 2\n" \
	"[gateway]\nname = desk\ndriver = null\naccounts = bot\n"

static void begin(struct house *house, const char *gateway)
{
	house_make(house, HOUSE);
	if (gateway)
		house_tell(house, "gateway", gateway);
	house_start(house);
	house_wait_ready(house);
}

static void starts_with(const char *text, const char *expected)
{
	if (strncmp(text, expected, strlen(expected)) != 0)
		fail_msg("it says \"%s\", expected \"%s\"", text, expected);
}

static void contains(const char *text, const char *expected)
{
	if (!strstr(text, expected))
		fail_msg("it says \"%s\", expected \"%s\" in it", text, expected);
}

/* The file that the process runs, by its inode: the name may lead to another by now. */
static ino_t program_of(const struct house *house)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/exe", (int)house->pid);
	struct stat found;

	assert_int_equal(stat(path, &found), 0);
	return found.st_ino;
}

static int descriptors_of(const struct house *house)
{
	AUTO_FREE char *path = mem_printf("/proc/%d/fd", (int)house->pid);
	DIR *folder = opendir(path);
	int n = 0;

	assert_non_null(folder);
	while (readdir(folder))
		n++;
	closedir(folder);
	return n;
}

static void the_new_program_has_the_pid_and_every_child_is_started_anew_in_order(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;
	int descriptors;
	ino_t before;

	(void)state;
	begin(&house, NULL);
	descriptors = descriptors_of(&house);
	before = program_of(&house);
	house_replace(&house, "hostlerd", NULL);
	answer = house_upgrade(&house, 1);
	starts_with(answer, "1 0\n");
	contains(answer, "\nreplaced engine\n");
	contains(answer, "\nreplaced worker connector/orders#2\n");
	contains(answer, "\nreplaced gateway desk\n");
	assert_int_not_equal(program_of(&house), before);
	assert_true(house_in_order(&house, "engine hears rest", "worker.trigger.start.1 is drained"));
	assert_true(house_in_order(&house, "worker.connector.orders.2 is drained", "engine told to end"));
	assert_true(house_in_order(&house, "engine told to end", "gateway told to end"));
	assert_int_equal(house_count(&house, "engine starts"), 2);
	assert_int_equal(house_count(&house, "worker.trigger.start.1 starts"), 2);
	assert_int_equal(house_count(&house, "gateway starts"), 2);
	WAIT_UNTIL(descriptors_of(&house) == descriptors);
	WAIT_UNTIL(house_file_has(&house, "state/children", "engine ready "));
	assert_int_equal(house_stop(&house), 0);
	assert_int_equal(house_count(&house, "told to end"), 2 + 5);
	house_clear(&house);
}

static void it_can_be_done_again_and_the_configuration_read_too(void **state)
{
	AUTO_FREE char *first = NULL, *second = NULL, *third = NULL;
	struct house house;

	(void)state;
	begin(&house, NULL);
	first = house_upgrade(&house, 1);
	starts_with(first, "1 0\n");
	house_configure(&house, HOUSE "[connection me]\ntarget = device:desk\nuser = bot\n");
	second = house_upgrade(&house, 2);
	starts_with(second, "2 0\n");
	contains(second, "\nadded connection me\n");
	house_configure(&house, HOUSE);
	third = house_reload(&house, 3);
	starts_with(third, "3 0\n");
	contains(third, "\nremoved connection me\n");
	assert_int_equal(house_count(&house, "engine starts"), 3);
	house_clear(&house);
}

static void a_session_process_lives_through_it_and_goes_to_the_new_gateway(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house, "keep");
	assert_int_equal(house_count(&house, "gateway session says HELLO"), 1);
	answer = house_upgrade(&house, 1);
	starts_with(answer, "1 0\n");
	assert_int_equal(house_count(&house, "gateway session says HELLO"), 2);
	assert_int_equal(house_count(&house, "session.hold.desk starts"), 1);
	/* The gateway of the new program hears of its end, and hostlerd has waited for it. */
	assert_true(house_file_has(&house, "heard", "gateway record 4 True 9\n"));
	house_clear(&house);
}

static void a_new_program_that_does_not_work_changes_nothing(void **state)
{
	static const struct {
		const char *program, *text, *said;
	} broken[] = {
		{"hostlerd", "this is no program", "cannot start "},
		{"hostlerd", "#!/bin/sh\necho usage: hostlerd; exit 2\n", "usage: hostlerd\n"},
		{"hostlerd", "#!/bin/sh\nkill -SEGV $$\n", "the new hostlerd cannot take the place of the one that runs"},
		{"hostler-session", "#!/bin/sh\nexit 127\n", "hostler-session does not work"},
		{"hostler-engine", "no program either", "hostler-engine"},
	};
	struct house house;
	ino_t before;

	(void)state;
	begin(&house, NULL);
	before = program_of(&house);
	for (size_t i = 0; i < sizeof broken / sizeof broken[0]; i++) {
		AUTO_FREE char *path = files_join(house.folder, broken[i].program);
		AUTO_FREE char *kept = NULL;
		AUTO_FREE char *answer = NULL;
		AUTO_FREE char *head = mem_printf("%zu 1\n", i + 1);
		size_t length = 0;

		assert_int_equal(files_read(path, 16 << 20, &kept, &length, NULL), HST_OK);
		house_replace(&house, broken[i].program, broken[i].text);
		answer = house_upgrade(&house, (int)i + 1);
		starts_with(answer, head);
		contains(answer, broken[i].said);
		assert_int_equal(files_replace(path, kept, length, 0755, false, NULL), HST_OK);
		assert_int_equal(chmod(path, 0755), 0);
	}
	assert_int_equal(program_of(&house), before);
	assert_int_equal(house_count(&house, "engine starts"), 1);
	assert_int_equal(house_count(&house, "hears rest"), 0);
	house_clear(&house);
}

static void a_gateway_of_another_host_has_no_engine_to_wait_for(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	house_make(&house, "[gateway]\nname = desk\nhost = tcp://127.0.0.1:1\nhost_key = "
			   "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\ndriver = null\naccounts = bot\n"
			   "state_dir = state\nrun_dir = run\n");
	house_start(&house);
	house_wait_ready(&house);
	answer = house_upgrade(&house, 1);
	starts_with(answer, "1 0\n");
	contains(answer, "replaced gateway desk\n");
	assert_int_equal(house_count(&house, "gateway starts"), 2);
	house_clear(&house);
}

static void what_goes_wrong_afterwards_is_said(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house, NULL);
	house_tell(&house, "gateway", "bad it does not like it");
	answer = house_upgrade(&house, 1);
	starts_with(answer, "1 1+\n");
	contains(answer, "not ready: gateway/desk");
	assert_true(house_file_has(&house, "state/children", "engine ready "));
	house_clear(&house);
}

static void killed_after_it_its_children_see_that(void **state)
{
	AUTO_FREE char *answer = NULL;
	struct house house;

	(void)state;
	begin(&house, NULL);
	answer = house_upgrade(&house, 1);
	starts_with(answer, "1 0\n");
	kill(house.pid, SIGKILL);
	assert_int_equal(house_wait(&house), 128 + SIGKILL);
	WAIT_UNTIL(house_count(&house, "supervisor is gone") == 5);
	house_start(&house);
	house_wait_ready(&house);
	house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_new_program_has_the_pid_and_every_child_is_started_anew_in_order),
		cmocka_unit_test(it_can_be_done_again_and_the_configuration_read_too),
		cmocka_unit_test(a_session_process_lives_through_it_and_goes_to_the_new_gateway),
		cmocka_unit_test(a_new_program_that_does_not_work_changes_nothing),
		cmocka_unit_test(a_gateway_of_another_host_has_no_engine_to_wait_for),
		cmocka_unit_test(what_goes_wrong_afterwards_is_said),
		cmocka_unit_test(killed_after_it_its_children_see_that),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
