/* The package order-total in a real session of driver x11, with the real program. */
#include "x11_house.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WAIT_MS = 60000 };

/* Plays hostler's half of the desktop-flow protocol: reads the events, takes a picture at each progress
 * event. */
struct flow {
	char events[OUTPUT_MAX];
	size_t length;
	int pictures;
	char last_picture[PATH_MAX];
};

static void take_pictures(struct holder *holder, struct flow *flow, size_t from)
{
	static int taken;

	for (char *line = flow->events + from; (line = strstr(line, "\"progress\"")) != NULL; line++) {
		snprintf(flow->last_picture, sizeof flow->last_picture, "%s/picture-%d.png", work, ++taken);
		screenshot(holder, flow->last_picture);
		flow->pictures++;
	}
}

static int run_order_total(struct holder *holder, const char *inputs, const char *locale, struct flow *flow)
{
	char directory[PATH_MAX], fifo[PATH_MAX + 8], script[2 * PATH_MAX], paths[3][2 * PATH_MAX];
	char *const argv[] = {"/usr/bin/python3", script, NULL};
	char *const environment[] = {paths[0],	     paths[1], paths[2], "PYTHONDONTWRITEBYTECODE=1",
				     (char *)locale, NULL};
	hst_start what = {.argv = argv, .environment = environment, .directory = directory};
	hst_error err = {0};
	int in[2], events, status = -1;
	struct pollfd waits[2];
	pid_t pid = 0;

	memset(flow, 0, sizeof *flow);
	snprintf(directory, sizeof directory, "/home/" USER "/work");
	snprintf(fifo, sizeof fifo, "%s/events", work);
	snprintf(script, sizeof script, "%s/conf/desktop-flows/order-total/order_total.py", source);
	snprintf(paths[0], sizeof paths[0], "HOSTLER_WORK=%s", directory);
	snprintf(paths[1], sizeof paths[1], "HOSTLER_EVENTS=%s", fifo);
	snprintf(paths[2], sizeof paths[2], "PYTHONPATH=%s/sdk/runner", source);
	assert_true(mkdir(directory, 0700) == 0 || errno == EEXIST);
	assert_int_equal(chown(directory, user_id, (gid_t)-1), 0);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(chown(fifo, user_id, (gid_t)-1), 0);
	events = open(fifo,
		      O_RDWR | O_NONBLOCK | O_CLOEXEC); /* its own writer, so that it never reads as ended */
	assert_true(events >= 0);
	assert_int_equal(pipe2(in, O_CLOEXEC), 0);
	assert_true(write(in[1], inputs, strlen(inputs)) > 0);
	close(in[1]);
	what.stdin_fd = in[0];
	what.stdout_fd = what.stderr_fd = 2;
	if (ops->start(holder->state, &holder->host.call, holder->session, &what, &pid, &err) != HST_OK)
		fail_msg("%s", err.text);
	close(in[0]);
	waits[0] = (struct pollfd){.fd = events, .events = POLLIN};
	waits[1] = (struct pollfd){.fd = pidfd_open(pid, 0), .events = POLLIN};
	assert_true(waits[1].fd >= 0);
	do {
		ssize_t n;

		if (poll(waits, 2, WAIT_MS) <= 0)
			fail_msg("the flow neither goes on nor ends: %s", flow->events);
		n = read(events, flow->events + flow->length, sizeof flow->events - 1 - flow->length);
		if (n > 0) {
			flow->length += (size_t)n;
			take_pictures(holder, flow, flow->length - (size_t)n);
		}
	} while (!waits[1].revents);
	close(waits[1].fd);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	close(events);
	unlink(fifo);
	return status;
}

static void assert_order(struct holder *holder, const char *inputs, const char *locale, const char *total,
			 const char *shown)
{
	struct flow flow;
	unsigned width, height;
	int status = run_order_total(holder, inputs, locale, &flow);

	if (status != 0)
		fail_msg("status %d: %s", status, flow.events);
	if (!strstr(flow.events, total) || !strstr(flow.events, shown))
		fail_msg("no %s and %s in: %s", total, shown, flow.events);
	assert_true(flow.pictures >= 4);
	assert_true(picture(flow.last_picture, &width, &height));
	assert_int_equal(width, 1280);
	assert_int_equal(height, 800);
}

static void order_total_is_worked_out_in_the_real_program(void **unused)
{
	static struct holder holder;
	struct flow flow;

	(void)unused;
	NEEDS_ROOT();
	if (!installed("galculator")) {
		print_message("skipped: galculator is not installed\n");
		skip();
	}
	holder_open(&holder, NULL);
	assert_order(&holder, "{\"article\":\"Desk lamp\",\"quantity\":7,\"price\":12.35}", "LANG=C.UTF-8",
		     "\"total\",\"value\":86.45}", "\"shown\",\"value\":\"86.45\"}");

	/* The same session serves one flow after another. */
	assert_order(&holder, "{\"article\":\"Pencil\",\"quantity\":\"1\",\"price\":\"0.05\"}",
		     "LANG=C.UTF-8", "\"total\",\"value\":0.05}", "\"shown\",\"value\":\"0.05\"}");

	/* Every button twice running, and a sign. */
	assert_order(&holder, "{\"article\":\"Return\",\"quantity\":-11,\"price\":1002.33}", "LANG=C.UTF-8",
		     "\"total\",\"value\":-11025.63}", "\"shown\",\"value\":\"-11025.63\"}");

	/* What the program cannot show exactly is no result. */
	assert_int_not_equal(run_order_total(&holder,
					     "{\"article\":\"x\",\"quantity\":1234567,\"price\":1234567.89}",
					     "LANG=C.UTF-8", &flow),
			     0);
	assert_non_null(strstr(flow.events, "\"error\""));
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(order_total_is_worked_out_in_the_real_program),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
