/* The configuration: what a whole one becomes, and what is taken where nothing is said. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/mem.h"
#include "config/conf.h"
#include "os/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct conf_person alice = {
	.uid = 4711, .name = "alice", .home = "/home/alice", .runtime_dir = "/run/user/4711"};
static const struct conf_person root = {
	.uid = 0, .name = "root", .home = "/root", .state_home = "/root/state"};

static char *fixture(const char *name)
{
	const char *top = getenv("SRCDIR");

	return mem_printf("%s/tests/fixtures/conf/%s", top ? top : ".", name);
}

/* `path_take` is freed. */
static struct conf *load(char *path_take, const struct conf_person *person)
{
	struct problems problems;
	struct conf *conf;

	problems_init(&problems);
	conf = conf_load_as(path_take, person, &problems);
	for (size_t i = 0; i < problems.n; i++)
		print_message("# %s:%d: %s\n", problems.at[i].file, problems.at[i].line, problems.at[i].text);
	assert_non_null(conf);
	assert_int_equal(problems.n, 0);
	problems_clear(&problems);
	free(path_take);
	return conf;
}

/* A file with this text, in a folder of its own below /tmp; loaded, then removed. */
static struct conf *load_text(const char *text, const struct conf_person *person, struct problems *problems)
{
	char folder[] = "/tmp/hostler-test-conf-XXXXXX";
	char *path;
	struct conf *conf;

	assert_non_null(mkdtemp(folder));
	path = files_join(folder, "hostler.ini");
	assert_int_equal(files_replace(path, text, strlen(text), 0600, false, NULL), HST_OK);
	problems_init(problems);
	conf = conf_load_as(path, person, problems);
	assert_int_equal(files_remove_tree(folder, NULL), HST_OK);
	free(path);
	return conf;
}

/* Exactly one problem, on this line. */
static void is_refused(const char *text, const struct conf_person *person, int line, const char *expected)
{
	struct problems problems;

	assert_null(load_text(text, person, &problems));
	assert_int_equal(problems.n, 1);
	if (strncmp(problems.at[0].text, expected, strlen(expected)) != 0)
		fail_msg("%s", problems.at[0].text);
	assert_int_equal(problems.at[0].line, line);
	problems_clear(&problems);
}

static void ends_with(const char *path, const char *end)
{
	assert_int_equal(path[0], '/');
	assert_true(strlen(path) >= strlen(end));
	assert_string_equal(path + strlen(path) - strlen(end), end);
}

static void a_whole_configuration_is_read(void **state)
{
	struct conf *conf = load(fixture("whole.ini"), &alice);
	const struct conf_instance *inbox = conf_instance(conf, HST_TRIGGER, "inbox");

	(void)state;
	ends_with(conf->path, "/conf/whole.ini");
	ends_with(conf->state_dir, "/conf/state");
	ends_with(conf->store_path, "/conf/state/queue/runs.db");
	ends_with(conf->plugins, "/plugins");
	assert_string_equal(conf->run_dir, "/run/test");
	assert_string_equal(conf->listen, "tcp://10.0.0.5:8421");
	assert_int_equal(conf->profile, CONF_PROFILE_V1);
	assert_int_equal(conf->queue_timeout.ms, 30 * 60000);
	assert_int_equal(conf->lost_after.ms, 20 * 60000);
	assert_int_equal(conf->resolve_within.ms, 26 * 3600000);
	assert_int_equal(conf->flow_file_count, 3);
	ends_with(conf->flow_files[0], "/conf/flows/a.ini");
	ends_with(conf->flow_files[1], "/conf/flows/b.ini");
	ends_with(conf->flow_files[2], "/conf/single.flow.ini");
	assert_int_equal(conf->package_file_count, 2);
	ends_with(conf->package_files[1], "/enter-order/desktop-flow.ini");
	assert_non_null(inbox);
	assert_string_equal(inbox->plugin, "email");
	assert_string_equal(section_find(inbox->section, "only")->value,
			    "subject contains \"invoice\"\n\n# this is text\n  and so is this");
	assert_true(section_find(inbox->section, "plugin")->used);
	assert_false(section_find(inbox->section, "server")->used);
	assert_int_equal(conf_instance(conf, HST_CONNECTOR, "post")->workers, 2);
	assert_string_equal(
		section_find(conf_instance(conf, HST_CONNECTOR, "post")->section, "prefix")->value, " Re: ");
	assert_int_equal(conf_instance(conf, HST_CONNECTOR, "orders")->workers, 1);
	assert_null(conf_instance(conf, HST_TRIGGER, "orders"));
	conf_free(conf);
}

static void clusters_connections_and_devices_are_read(void **state)
{
	struct conf *conf = load(fixture("whole.ini"), &alice);
	const struct conf_cluster *finance = conf_cluster(conf, "finance");
	const struct conf_device *first = conf_device(conf, "ts-01"), *second = conf_device(conf, "ts-02"),
				 *third = conf_device(conf, "ts-03");

	(void)state;
	assert_int_equal(finance->member_count, 2);
	assert_string_equal(finance->members[1], "ts-02");
	assert_string_equal(finance->balancer, "even");
	assert_int_equal(finance->queue_timeout.ms, 90 * 60000);
	assert_true(finance->strict_order);
	assert_string_equal(conf_cluster(conf, "everybody")->members[0], "ts-02");
	assert_int_equal(conf_cluster(conf, "everybody")->queue_timeout.ms, 0);
	assert_true(conf_connection(conf, "finance-bot")->target.cluster);
	assert_string_equal(conf_connection(conf, "finance-bot")->target.name, "finance");
	assert_string_equal(conf_connection(conf, "finance-bot")->target.text, "cluster:finance");
	assert_string_equal(conf_connection(conf, "finance-bot")->user, "CORP\\Bot1");
	assert_false(conf_connection(conf, "desk")->target.cluster);
	assert_null(conf_connection(conf, "desk")->password);
	assert_string_equal(conf->gateway_name, "house");
	assert_int_equal(conf->device_count, 3);
	/* Each device has what it says, and from [gateway] what it does not. */
	assert_string_equal(first->driver, "xrdp");
	assert_string_equal(first->strategy, "big");
	assert_int_equal(first->account_count, 2);
	assert_true(first->strict_order);
	assert_int_equal(first->queue_timeout.ms, 2 * 3600000);
	assert_null(second->strategy);
	assert_false(second->strict_order);
	assert_int_equal(second->queue_timeout.ms, 45 * 60000);
	assert_string_equal(third->driver, "x11");
	assert_int_equal(third->account_count, 1);
	assert_string_equal(third->accounts[0], "clerk");
	conf_free(conf);
}

static void a_bare_plugin_stands_for_an_instance(void **state)
{
	struct conf *conf = load(fixture("whole.ini"), &alice);
	const struct conf_instance *xrdp = conf_instance(conf, HST_DRIVER, "xrdp");
	const struct conf_instance *random = conf_instance(conf, HST_BALANCER, "random");
	size_t xrdps = 0;

	(void)state;
	assert_string_equal(xrdp->plugin, "xrdp");
	assert_null(xrdp->section);
	assert_string_equal(random->plugin, "random");
	assert_string_equal(conf_instance(conf, HST_STRATEGY, "big")->plugin, "server-rds");
	assert_null(conf_instance(conf, HST_STRATEGY, "server-rds"));
	for (size_t i = 0; i < conf->instance_count; i++)
		xrdps += strcmp(conf->instances[i].name, "xrdp") == 0;
	assert_int_equal(xrdps, 1);
	conf_free(conf);
}

static void what_is_left_out_has_its_default(void **state)
{
	struct conf *conf = load(fixture("smallest.ini"), &alice);
	char *endpoint = conf_engine_endpoint(conf);

	(void)state;
	assert_string_equal(conf->state_dir, "/home/alice/.local/state/hostler");
	assert_string_equal(conf->store_path, "/home/alice/.local/state/hostler/store/hostler.db");
	assert_string_equal(conf->run_dir, "/run/user/4711/hostler");
	assert_string_equal(endpoint, "ipc:///run/user/4711/hostler/engine.sock");
	assert_string_equal(conf->plugins, files_plugin_directory());
	assert_string_equal(conf->listen, "tcp://127.0.0.1:8421");
	assert_int_equal(conf->queue_timeout.ms, 3 * 3600000);
	assert_int_equal(conf->lost_after.ms, 15 * 60000);
	assert_int_equal(conf->resolve_within.ms, 3 * 86400000);
	/* There is no [store]. */
	assert_int_equal(conf->keep_runs.ms, 365 * INT64_C(86400000));
	assert_int_equal(conf->keep_values.ms, 30 * INT64_C(86400000));
	assert_int_equal(conf->keep_files.ms, 14 * INT64_C(86400000));
	assert_int_equal(conf->flow_file_count, 2);
	assert_int_equal(conf->device_count, 1);
	assert_string_equal(conf->devices[0].name, "desk");
	assert_int_equal(conf->devices[0].line, 3);
	assert_int_equal(conf->devices[0].account_count, 1);
	assert_string_equal(conf->devices[0].accounts[0], "alice");
	assert_null(conf->devices[0].strategy);
	assert_null(conf->gateway_host);
	free(endpoint);
	conf_free(conf);
}

static void root_has_the_systems_folders_and_no_account(void **state)
{
	struct conf *conf = load(fixture("smallest.ini"), &root);

	(void)state;
	assert_string_equal(conf->state_dir, "/var/lib/hostler");
	assert_string_equal(conf->run_dir, "/run/hostler");
	assert_int_equal(conf->devices[0].account_count, 0);
	conf_free(conf);
}

static void as_root_accounts_are_missed_once_a_connection_needs_them(void **state)
{
	static const char text[] = "[host]\n[gateway]\nname = desk\ndriver = x11\n"
				   "[connection c]\ntarget = device:desk\nuser = bot\n";
	struct problems problems;
	struct conf *conf;

	(void)state;
	is_refused(text, &root, 2, "\"accounts\" is missing: [connection c] wants to run as \"bot\"");
	is_refused(text, &alice, 7, "the user \"bot\" is not among the accounts of the device \"desk\"");
	conf = load_text("[host]\n[gateway]\nname = desk\ndriver = x11\n"
			 "[connection c]\ntarget = device:desk\nuser = .\\Alice\n",
			 &alice, &problems);
	assert_non_null(conf);
	conf_free(conf);
	problems_clear(&problems);
}

static void the_profile_decides_the_queue_time_out(void **state)
{
	static const struct {
		const char *text;
		int64_t ms;
	} profiles[] = {{"[host]\nprofile = 2022\n", 3 * 3600000},
			{"[host]\nprofile = v1\n", 30 * 60000},
			{"[host]\nprofile = current\n", 6 * 3600000}};

	(void)state;
	for (size_t i = 0; i < sizeof profiles / sizeof *profiles; i++) {
		struct problems problems;
		struct conf *conf = load_text(profiles[i].text, &alice, &problems);

		assert_non_null(conf);
		assert_int_equal(conf->queue_timeout.ms, profiles[i].ms);
		conf_free(conf);
		problems_clear(&problems);
	}
}

static void a_gateway_alone_has_folders_of_its_own(void **state)
{
	struct conf *conf = load(fixture("gateway.ini"), &alice);

	(void)state;
	assert_false(conf->has_host);
	assert_true(conf->has_gateway);
	assert_string_equal(conf->gateway_host, "tcp://10.0.0.5:8421");
	assert_string_equal(conf->gateway_host_key, "abc");
	ends_with(conf->state_dir, "/conf/state");
	assert_null(conf->store_path);
	assert_null(conf->listen);
	assert_string_equal(conf->devices[0].strategy, "server-rds");
	conf_free(conf);
}

static void listen_none_means_no_gateways_from_elsewhere(void **state)
{
	struct problems problems;
	struct conf *conf = load_text("[host]\nlisten = none\n", &alice, &problems);

	(void)state;
	assert_non_null(conf);
	assert_null(conf->listen);
	conf_free(conf);
	problems_clear(&problems);
}

static void devices_of_other_machines_need_no_driver_here(void **state)
{
	struct problems problems;
	struct conf *conf = load_text("[host]\nlisten = tcp://10.0.0.5:8421\n"
				      "[gateway]\nname = here\ndriver = x11\n"
				      "[device win-01]\ngateway = rdp\nqueue_timeout = 5m\n"
				      "[cluster pool]\nmembers = ts-01, win-01, here\n"
				      "[connection me]\ntarget = device:ts-02\nuser = bot1\n",
				      &alice, &problems);
	const struct conf_device *named, *implied;

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->device_count, 4);
	named = conf_device(conf, "win-01");
	assert_string_equal(named->gateway, "rdp");
	assert_int_equal(named->queue_timeout.ms, 5 * 60000);
	assert_null(named->driver);
	assert_int_equal(named->account_count, 0);
	assert_false(named->implied);
	implied = conf_device(conf, "ts-01");
	assert_string_equal(implied->gateway, "ts-01");
	assert_true(implied->implied);
	assert_int_equal(implied->line, 10);
	assert_string_equal(conf_device(conf, "ts-02")->gateway, "ts-02");
	assert_null(conf_device(conf, "here")->gateway);
	conf_free(conf);
	problems_clear(&problems);
}

static void a_device_of_another_machine_is_not_described_here(void **state)
{
	(void)state;
	is_refused("[host]\nlisten = tcp://10.0.0.5:8421\n[device a]\ngateway = b\ndriver = x11\n", &alice, 5,
		   "leave out \"driver\": it stands in the file of the gateway \"b\"");
	is_refused("[host]\n[device a]\ndriver = x11\n", &alice, 2,
		   "[device a] has no use without [gateway], which is not in this file; where a gateway of another machine serves it, "
		   "say gateway = NAME");
	is_refused("[host]\n[gateway]\nname = a\ndriver = x11\n[device a]\ngateway = b\n", &alice, 6,
		   "the device \"a\" is the one of this file's [gateway]");
	is_refused("[gateway]\nname = a\nhost = tcp://10.0.0.5:8421\nhost_key = k\ndriver = x11\n[device c]\ngateway = b\n",
		   &alice, 6, "[device c] is served by the gateway \"b\", which is a matter of the host's file");
	/* Who says nothing of other machines has made a mistake. */
	is_refused("[host]\n[cluster pool]\nmembers = ts-01\n", &alice, 3,
		   "\"members\": there is no device \"ts-01\"; add [device ts-01] with a [gateway] to this file, or, where a gateway of "
		   "another machine serves it, say in [host] where it connects: listen = tcp://ADDRESS:8421");
	is_refused("[host]\nlisten = none\n[cluster pool]\nmembers = ts-01\n", &alice, 4,
		   "\"members\": there is no device \"ts-01\"");
	/* The gateway of this file is none of another machine, though no device has its name. */
	is_refused("[host]\nlisten = tcp://10.0.0.5:8421\n[gateway]\nname = a\n[device b]\ndriver = x11\n"
		   "[connection c]\ntarget = device:a\nuser = alice\n",
		   &alice, 8, "\"target\": there is no device \"a\"");
}

/* The default folder in /tmp could be anybody's. */
static void a_foreign_folder_in_tmp_is_refused(void **state)
{
	struct conf_person person = {
		.uid = getuid() ? getuid() : 4712, .name = "alice", .home = "/home/alice"};
	char *folder = mem_printf("/tmp/hostler-%lu", (unsigned long)person.uid);
	struct problems problems;
	struct conf *conf;
	struct stat status;

	(void)state;
	if (lstat(folder, &status) == 0) {
		free(folder);
		skip();
	}
	conf = load_text("[host]\n", &person, &problems);
	assert_non_null(conf);
	assert_string_equal(conf->run_dir, folder);
	conf_free(conf);
	problems_clear(&problems);
	/* Open to others, or, where the test is root, simply not that user's. */
	assert_int_equal(mkdir(folder, 0700), 0);
	assert_int_equal(chmod(folder, 0755), 0);
	conf = load_text("[host]\n", &person, &problems);
	assert_int_equal(rmdir(folder), 0);
	assert_null(conf);
	assert_int_equal(problems.n, 1);
	assert_non_null(strstr(problems.at[0].text, "is not a folder of your own with mode 0700"));
	problems_clear(&problems);
	free(folder);
}

static void patterns_may_match_nothing_and_plain_names_may_not(void **state)
{
	struct problems problems;
	struct conf *conf = load_text("[host]\nflows = nothing/*.ini\n", &alice, &problems);

	(void)state;
	assert_non_null(conf);
	assert_int_equal(conf->flow_file_count, 0);
	conf_free(conf);
	problems_clear(&problems);
	is_refused("[host]\nflows = nothing.ini\n", &alice, 2, "\"flows\": there is no file /");
}

static void a_folder_whose_name_looks_like_a_pattern_is_taken_as_it_is(void **state)
{
	char folder[] = "/tmp/hostler-test-[conf]-*-XXXXXX";
	struct problems problems;
	struct conf *conf;
	char *path, *flow;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = files_join(folder, "hostler.ini");
	flow = files_join(folder, "a.ini");
	assert_int_equal(files_replace(path, "[host]\nflows = a*.ini\n", 22, 0600, false, NULL), HST_OK);
	assert_int_equal(files_replace(flow, "", 0, 0600, false, NULL), HST_OK);
	problems_init(&problems);
	conf = conf_load_as(path, &alice, &problems);
	assert_int_equal(files_remove_tree(folder, NULL), HST_OK);
	assert_non_null(conf);
	assert_int_equal(conf->flow_file_count, 1);
	assert_string_equal(conf->flow_files[0], flow);
	conf_free(conf);
	problems_clear(&problems);
	free(path);
	free(flow);
}

static void a_socket_path_has_at_most_100_bytes(void **state)
{
	struct problems problems;
	struct conf *conf;
	char *text;

	(void)state;
	/* With "/engine.sock" behind it: 100 bytes, then 101. */
	text = mem_printf("[host]\nrun_dir = /%087d\n", 0);
	conf = load_text(text, &alice, &problems);
	assert_non_null(conf);
	conf_free(conf);
	problems_clear(&problems);
	free(text);
	text = mem_printf("[host]\nrun_dir = /%088d\n", 0);
	is_refused(text, &alice, 2, "\"run_dir\" is too long");
	free(text);
}

static void a_file_that_is_not_there_is_one_problem(void **state)
{
	struct problems problems;

	(void)state;
	problems_init(&problems);
	assert_null(conf_load_as("/nowhere/hostler.ini", &alice, &problems));
	assert_int_equal(problems.n, 1);
	problems_clear(&problems);
}

static void the_file_is_looked_for_in_the_order_of_the_manual(void **state)
{
	char folder[] = "/tmp/hostler-test-find-XXXXXX", *before = getcwd(NULL, 0), *found, *path;

	(void)state;
	assert_non_null(mkdtemp(folder));
	path = mem_printf("%s/.config/hostler", folder);
	assert_int_equal(files_make_directory(path, 0700, NULL), HST_OK);
	free(path);
	path = mem_printf("%s/.config/hostler/hostler.ini", folder);
	assert_int_equal(files_replace(path, "", 0, 0600, false, NULL), HST_OK);
	assert_int_equal(chdir(folder), 0);
	assert_int_equal(setenv("HOME", folder, 1), 0);
	assert_int_equal(unsetenv("HOSTLER_CONF"), 0);
	found = conf_find(NULL);
	assert_string_equal(found, path);
	free(found);
	assert_int_equal(files_replace("hostler.ini", "", 0, 0600, false, NULL), HST_OK);
	found = conf_find(NULL);
	assert_string_equal(found, "./hostler.ini");
	free(found);
	assert_int_equal(setenv("HOSTLER_CONF", "/nowhere/at-all.ini", 1), 0);
	found = conf_find(NULL);
	assert_string_equal(found, "/nowhere/at-all.ini");
	free(found);
	found = conf_find("mine.ini");
	assert_string_equal(found, "mine.ini");
	free(found);
	assert_int_equal(unsetenv("HOSTLER_CONF"), 0);
	assert_int_equal(chdir(before), 0);
	assert_int_equal(files_remove_tree(folder, NULL), HST_OK);
	free(path);
	free(before);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_whole_configuration_is_read),
		cmocka_unit_test(clusters_connections_and_devices_are_read),
		cmocka_unit_test(a_bare_plugin_stands_for_an_instance),
		cmocka_unit_test(what_is_left_out_has_its_default),
		cmocka_unit_test(root_has_the_systems_folders_and_no_account),
		cmocka_unit_test(as_root_accounts_are_missed_once_a_connection_needs_them),
		cmocka_unit_test(the_profile_decides_the_queue_time_out),
		cmocka_unit_test(a_gateway_alone_has_folders_of_its_own),
		cmocka_unit_test(listen_none_means_no_gateways_from_elsewhere),
		cmocka_unit_test(devices_of_other_machines_need_no_driver_here),
		cmocka_unit_test(a_device_of_another_machine_is_not_described_here),
		cmocka_unit_test(a_foreign_folder_in_tmp_is_refused),
		cmocka_unit_test(patterns_may_match_nothing_and_plain_names_may_not),
		cmocka_unit_test(a_folder_whose_name_looks_like_a_pattern_is_taken_as_it_is),
		cmocka_unit_test(a_socket_path_has_at_most_100_bytes),
		cmocka_unit_test(a_file_that_is_not_there_is_one_problem),
		cmocka_unit_test(the_file_is_looked_for_in_the_order_of_the_manual),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
