/*
 * The driver null as a built plugin.
 *
 *	HOSTLER_PLUGINS   directory with driver/null.so (default: plugins)
 */
#include "../fakes/fake_host.h"

#include <hostler/driver.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <setjmp.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static const hst_plugin *plugin;
static const hst_driver_ops *ops;

struct driver {
	struct fake_host host;
	void *state;
};

static void driver_init(struct driver *driver, const char *const *set)
{
	hst_error err = {0};

	fake_host_init(&driver->host, "null");
	assert_int_equal(plugin->open(fake_host_config(&driver->host, plugin, set), &driver->host.host,
				      &driver->state, &err),
			 HST_OK);
}

static void driver_clear(struct driver *driver)
{
	plugin->close(driver->state);
	fake_host_clear(&driver->host);
}

static int open_session(struct driver *driver, const char *user, const char **ret, hst_error *err)
{
	const hst_open what = {.user = user, .run_dir = "/nonexistent"};

	return ops->open(driver->state, &driver->host.call, &what, ret, err);
}

static int start(struct driver *driver, const char *session, char *const *argv, char *const *environment,
		 int output, pid_t *ret, hst_error *err)
{
	const hst_start what = {.argv = argv,
				.environment = environment,
				.directory = "/",
				.stdin_fd = -1,
				.stdout_fd = output,
				.stderr_fd = output};

	return ops->start(driver->state, &driver->host.call, session, &what, ret, err);
}

static size_t listed(struct driver *driver, hst_device *device, hst_session **sessions)
{
	hst_error err = {0};
	size_t n = 99;

	assert_int_equal(ops->list(driver->state, &driver->host.call, device, sessions, &n, &err), HST_OK);
	return n;
}

static void a_session_is_listed_while_it_is_open_and_only_where_it_was_opened(void **unused)
{
	struct driver hold, watch;
	hst_session *sessions;
	hst_device device;
	hst_error err = {0};
	const char *session;

	(void)unused;
	driver_init(&hold, NULL);
	driver_init(&watch, (const char *const[]){"system", "server", NULL});
	assert_int_equal(open_session(&hold, "Bot1", &session, &err), HST_OK);
	assert_string_equal(session, "null:bot1");
	assert_int_equal(listed(&hold, &device, &sessions), 1);
	assert_int_equal(device.system, HST_LINUX);
	assert_string_equal(sessions[0].user, "Bot1");
	assert_string_equal(sessions[0].key, "bot1");
	assert_true(sessions[0].ours);
	assert_int_equal(listed(&watch, &device, &sessions), 0);
	assert_int_equal(device.system, HST_SERVER);

	assert_int_equal(open_session(&hold, "BOT1", &session, &err), HST_RETRY);
	assert_int_equal(ops->close(hold.state, &hold.host.call, "null:bot1", &err), HST_OK);
	assert_int_equal(ops->close(hold.state, &hold.host.call, "null:bot1", &err), HST_OK);
	assert_int_equal(listed(&hold, &device, &sessions), 0);
	driver_clear(&watch);
	driver_clear(&hold);
}

static void users_are_plain_names_in_any_case(void **unused)
{
	char longest[66];
	struct driver driver;
	hst_identity one;
	hst_error err = {0};

	(void)unused;
	driver_init(&driver, NULL);
	memset(longest, 'a', 65);
	longest[65] = '\0';
	assert_int_equal(ops->identify(driver.state, &driver.host.call, "Bot-1.x_Y", &one, &err), HST_OK);
	assert_string_equal(one.key, "bot-1.x_y");
	assert_string_equal(one.name, "Bot-1.x_Y");
	assert_int_equal(one.uid, -1);
	assert_int_equal(ops->identify(driver.state, &driver.host.call, longest + 1, &one, &err), HST_OK);
	assert_int_equal(ops->identify(driver.state, &driver.host.call, longest, &one, &err), HST_NOT_FOUND);
	assert_int_equal(ops->identify(driver.state, &driver.host.call, "", &one, &err), HST_NOT_FOUND);
	assert_int_equal(ops->identify(driver.state, &driver.host.call, "a b", &one, &err), HST_NOT_FOUND);
	driver_clear(&driver);
}

static void without_start_the_device_says_that_it_only_rehearses(void **unused)
{
	static const char *const words[] = {"yes", "no"};

	(void)unused;
	for (int i = 0; i < 2; i++) {
		hst_session *sessions;
		struct driver driver;
		hst_device device = {.rehearses = i == 0};

		driver_init(&driver, (const char *const[]){"start", words[i], NULL});
		listed(&driver, &device, &sessions);
		assert_int_equal(device.rehearses, i == 1);
		driver_clear(&driver);
	}
}

static void a_program_runs_with_the_given_descriptors_and_environment(void **unused)
{
	char *const argv[] = {"sh", "-c",
			      "echo $WORD; pwd; ls -m /proc/$$/fd; ps -o pgid= -p $$; echo $$; "
			      "echo ${LEAK-none}",
			      NULL};
	char *const environment[] = {"WORD=given", NULL};
	char output[1000] = "", *rest;
	struct driver driver;
	hst_error err = {0};
	const char *session;
	int ends[2], status;
	ssize_t n, got;
	pid_t pid;

	(void)unused;
	setenv("LEAK", "leaked", 1);
	driver_init(&driver, NULL);
	assert_int_equal(open_session(&driver, "bot1", &session, &err), HST_OK);
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(start(&driver, session, argv, environment, ends[1], &pid, &err), HST_OK);
	close(ends[1]);
	for (n = 0; (got = read(ends[0], output + n, sizeof output - 1 - (size_t)n)) > 0; n += got)
		;
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_ptr_equal(strstr(output, "given\n/\n0, 1, 2\n"), output);
	rest = output + strlen("given\n/\n0, 1, 2\n");
	assert_int_equal(strtol(rest, &rest, 10), pid);
	assert_int_equal(strtol(rest, &rest, 10), pid);
	assert_string_equal(rest, "\nnone\n");
	driver_clear(&driver);
}

static void a_missing_program_is_named(void **unused)
{
	char *const argv[] = {"no-such-program", NULL};
	struct driver driver;
	hst_error err = {0};
	const char *session;
	pid_t pid;

	(void)unused;
	driver_init(&driver, NULL);
	assert_int_equal(open_session(&driver, "bot1", &session, &err), HST_OK);
	assert_int_equal(start(&driver, session, argv, NULL, -1, &pid, &err), HST_NOT_FOUND);
	assert_non_null(strstr(err.text, "no-such-program"));
	driver_clear(&driver);
}

static void closing_ends_what_runs(void **unused)
{
	char *const argv[] = {"sleep", "1000", NULL};
	struct driver driver;
	hst_error err = {0};
	const char *session;
	int status;
	pid_t pid;

	(void)unused;
	driver_init(&driver, NULL);
	assert_int_equal(open_session(&driver, "bot1", &session, &err), HST_OK);
	assert_int_equal(start(&driver, session, argv, NULL, -1, &pid, &err), HST_OK);
	assert_int_equal(ops->close(driver.state, &driver.host.call, session, &err), HST_OK);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	driver_clear(&driver);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_session_is_listed_while_it_is_open_and_only_where_it_was_opened),
		cmocka_unit_test(users_are_plain_names_in_any_case),
		cmocka_unit_test(without_start_the_device_says_that_it_only_rehearses),
		cmocka_unit_test(a_program_runs_with_the_given_descriptors_and_environment),
		cmocka_unit_test(a_missing_program_is_named),
		cmocka_unit_test(closing_ends_what_runs),
	};
	const char *plugins = getenv("HOSTLER_PLUGINS");
	char file[PATH_MAX], found[PATH_MAX];

	snprintf(file, sizeof file, "%s/driver/null.so", plugins ? plugins : "plugins");
	if (!realpath(file, found)) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return 1;
	}
	plugin = fake_host_load(found, "null");
	ops = plugin->ops;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
