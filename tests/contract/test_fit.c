/* What a device, its driver and its strategy must have in common, with the plugins as they are installed. */
#include "base/auto.h"
#include "base/mem.h"
#include "base/text.h"
#include "definitions/fit.h"
#include "os/files.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static const char head[] = "[gateway]\nname = here\nhost = tcp://127.0.0.1:8421\n"
			   "host_key = aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\naccounts = bot1\n"
			   "[driver desk]\nplugin = null\nsystem = client\n[driver ts]\nplugin = null\nsystem = server\n";

/* Every complaint about a configuration that goes on like this: errors, then pairs that do not fit, then twins. */
static char *complaints(const char *devices)
{
	char folder[] = "/tmp/hostler-fit-XXXXXX";
	AUTO_FREE char *path = mem_printf("%s/hostler.ini", mkdtemp(folder)), *text = mem_printf("%s%s", head, devices);
	struct definitions *definitions = NULL;
	struct problems problems;
	struct conf *conf;
	struct text all;

	assert_int_equal(files_replace(path, text, strlen(text), 0600, false, NULL), 0);
	problems_init(&problems);
	text_init(&all, 1 << 16);
	conf = conf_load(path, &problems);
	if (conf)
		definitions = definitions_load(conf, &problems);
	if (definitions && !problems.n)
		definitions_check_fit(definitions, &problems);
	if (definitions && !problems.n)
		definitions_warn_of_twins(definitions, &problems);
	for (size_t i = 0; i < problems.n; i++)
		text_addf(&all, "%d: %s\n", problems.at[i].line, problems.at[i].text);
	definitions_free(definitions);
	problems_clear(&problems);
	files_remove_tree(folder, NULL);
	return text_take(&all);
}

static void check(const char *devices, const char *part)
{
	AUTO_FREE char *said = complaints(devices);

	if (!*part)
		assert_string_equal(said, "");
	else if (!strstr(said, part))
		fail_msg("\"%s\" is not in: %s", part, said);
}

static void a_strategy_is_held_against_what_the_driver_says_it_is(void **state)
{
	(void)state;
	check("[device a]\ndriver = desk\nstrategy = win10\n", "");
	check("[device a]\ndriver = desk\n[device b]\ndriver = ts\n[device c]\ndriver = ts\nstrategy = server-rds\n", "");
	check("[device a]\ndriver = desk\nstrategy = open\n", "");
	check("[device a]\ndriver = desk\nstrategy = server-rds\n",
	      "14: StrategyUnfit: the strategy server-rds of the device a is not made for a client system");
	check("[device a]\ndriver = ts\nstrategy = win10\n", "14: StrategyUnfit: the strategy win10 of the device a is not made for a server system");
}

static void only_some_drivers_know_an_address(void **state)
{
	(void)state;
	check("[device a]\ndriver = desk\naddress = desk-1.example.com\n[device b]\ndriver = desk\naddress = 10.0.0.7:3389\n", "");
	check("[device a]\ndriver = desk\naddress = [fe80::1%eth0]:3389\n[device b]\ndriver = desk\naddress = 2001:db8::7\n", "");
	check("[device a]\ndriver = x11\naddress = desk-1\n", "14: the driver x11 knows no address");
}

static void what_is_no_address_is_refused(void **state)
{
	static const char *const wrong[] = {"desk 1", "desk:", "desk:0", "desk:65536", "desk:33a", ":3389", "[::1", "[]", "[::1]3389",
					    "[::1]:", "a/b", "rdp://desk", "desk-1\"; true"};

	(void)state;
	for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
		AUTO_FREE char *device = mem_printf("[device a]\ndriver = desk\naddress = %s\n", wrong[i]);

		check(device, "is no address: it is a host or host:port");
	}
}

static void two_devices_that_are_one_machine_are_told(void **state)
{
	(void)state;
	check("[device a]\ndriver = x11\n[device b]\ndriver = x11\n", "14: the devices a and b are the same machine");
	check("[driver other]\nplugin = x11\n[device a]\ndriver = x11\n[device b]\ndriver = other\n", "the devices a and b are the same machine");
	check("[device a]\ndriver = x11\n[device b]\ndriver = desk\n[device c]\ndriver = desk\n", "");
}

/* Programs look for each other in their own folder; a test is a program of the house, too. */
static int link_worker(void **state)
{
	const char *programs = getenv("HOSTLER_PROGRAMS");
	char *target = files_join(programs ? programs : ".", "hostler-worker");
	char *link = files_join(files_program_directory(), "hostler-worker");
	int failed;

	(void)state;
	unlink(link);
	failed = symlink(target, link);
	free(target);
	free(link);
	return failed;
}

static int unlink_worker(void **state)
{
	char *link = files_join(files_program_directory(), "hostler-worker");

	(void)state;
	unlink(link);
	free(link);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_strategy_is_held_against_what_the_driver_says_it_is),
		cmocka_unit_test(only_some_drivers_know_an_address),
		cmocka_unit_test(what_is_no_address_is_refused),
		cmocka_unit_test(two_devices_that_are_one_machine_are_told),
	};

	return cmocka_run_group_tests(tests, link_worker, unlink_worker);
}
