#include "bus.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

int bus_start(const char *runtime, const struct account *account, char *const *environment,
	      struct remains *remains, const struct deadline *deadline, char ret_address[BUS_ADDRESS_SIZE],
	      hst_error *err)
{
	char address[NOTE_SIZE + 32];
	char *const argv[] = {"dbus-daemon", "--session", "--nofork",	       "--nopidfile",
			      "--nosyslog",  address,	  "--print-address=3", NULL};
	struct program program = {
		.what = "the session bus",
		.argv = argv,
		.environment = environment,
		.directory = account->home,
		.fd_in = -1,
		.fd_out = -1,
		.fd_err = -1, /* what it starts writes there too, for ever and without a ceiling */
		.death_signal = SIGTERM,
		.package = "dbus",
		.note = remains_add_process};
	struct process process;
	int said[2], rc;

	snprintf(address, sizeof address, "--address=unix:path=%s/bus", runtime);
	if (pipe2(said, O_CLOEXEC) != 0)
		return hst_fail(err, HST_RETRY, "no pipe: %s", strerror(errno));
	program.fd_extra = said[1];
	rc = launch_program(account, &program, remains, deadline, &process, err);
	close(said[1]);
	if (rc == HST_OK)
		rc = launch_read_line(&process, said[0], ret_address, BUS_ADDRESS_SIZE, deadline,
				      "dbus-daemon", err);
	close(said[0]);
	return rc;
}

/* What is asked of the accessibility service; the bus starts the service for the first of them. */
static char *const requests[][10] = {
	{"dbus-send", "--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus",
	 "org.freedesktop.DBus.Properties.Set", "string:org.a11y.Status", "string:IsEnabled",
	 "variant:boolean:true", NULL},
	{"dbus-send", "--session", "--print-reply", "--dest=org.a11y.Bus", "/org/a11y/bus",
	 "org.a11y.Bus.GetAddress", NULL},
};

static int ask(char *const *request, const struct account *account, char *const *environment,
	       struct remains *remains, const struct deadline *deadline, hst_error *err)
{
	const struct program program = {.what = "a request to the accessibility bus",
					.argv = request,
					.environment = environment,
					.directory = account->home,
					.fd_in = -1,
					.fd_out = -1,
					.fd_err = -1,
					.fd_extra = -1,
					.death_signal = SIGKILL,
					.package = "dbus-bin",
					.note = remains_add_process};
	struct process process;
	int status = 0, rc;

	rc = launch_program(account, &program, remains, deadline, &process, err);
	if (rc != HST_OK)
		return rc;
	rc = launch_wait(&process, deadline, &status);
	if (rc != HST_OK)
		return hst_fail_as(err, rc, "SessionCreationError",
				   "the accessibility bus was not ready in time");
	if (status != 0)
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "the accessibility bus does not start: apt-get install at-spi2-core");
	return HST_OK;
}

int bus_enable_accessibility(const struct account *account, char *const *environment, struct remains *remains,
			     const struct deadline *deadline, hst_error *err)
{
	int rc = HST_OK;

	for (size_t i = 0; i < sizeof requests / sizeof *requests && rc == HST_OK; i++)
		rc = ask(requests[i], account, environment, remains, deadline, err);
	return rc;
}
