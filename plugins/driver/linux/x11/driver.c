/*
 * Driver x11: unattended sessions on Linux, each with a private X server that has no screen, so that nobody
 * can look on; and attended runs in the session of a person, on the X server that is already there. It has no `lock`:
 * nobody can look on, and the screens of people are theirs to lock.
 *
 * As root it opens sessions of ordinary users, through PAM. As a user it opens sessions of that user alone,
 * without.
 */
#include "opening.h"
#include "../ops.h"

#include <unistd.h>

static const hst_field options[] = {
	HST_FIELD(struct options, screen, .def = "1280x800",
		  .doc = "size of the screen in pixels, WIDTHxHEIGHT"),
	HST_FIELD(struct options, window_manager, .def = "openbox",
		  .doc = "program that manages the windows"),
	HST_FIELD(struct options, xserver, .def = "Xvfb", .doc = "X server that takes Xvfb's arguments"),
	HST_FIELD(struct options, opengl, .def = "no",
		  .doc = "programs in the session can draw with OpenGL, which costs some 50 MB of memory a session; most do not need it"),
	HST_FIELD(struct options, pam_dir,
		  .doc = "directory with the PAM service file 'hostler'; left out: the one installed with "
			 "hostler. In a user's own house no password is tried"),
	HST_FIELD(struct options, ready_within, .def = "60s", .min = 1000, .max = 600000,
		  .doc = "how long a session may take to be ready"),
	HST_FIELD(struct options, grace, .def = "3s", .min = 0, .max = 60000,
		  .doc = "how long programs have to end by themselves when a session is closed"),
	HST_FIELD(struct options, containment, .def = "best", .choices = containment_words,
		  .doc = "what holds a session's processes together: cgroup, or nothing opens; processes, which are found one by "
			 "one; best: cgroup where it can be had"),
};

/* What is wrong with the values is found before anything is opened. */
static int x11_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	const struct options *chosen = config;
	int width, height;

	(void)call;
	(void)ret;
	return display_size(chosen->screen, &width, &height, err);
}

static int x11_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	const struct options *chosen = config;
	struct x11 *x11;
	struct session_settings settings;

	(void)err;
	x11 = host->alloc(host->instance_arena, sizeof *x11);
	*x11 = (struct x11){.options = chosen};
	settings = (struct session_settings){.ready_ms = chosen->ready_within.ms,
					     .grace_ms = chosen->grace.ms,
					     .containment = (enum containment_choice)chosen->containment.index};
	events_init(&x11->events);
	session_init(&x11->session, host, &opening_kind, x11, &settings);
	*ret_state = x11;
	return HST_OK;
}

static int x11_check(void *state, hst_call *call, hst_error *err)
{
	const struct x11 *x11 = state;
	const struct {
		const char *program, *package;
	} needed[] = {
		{x11->options->xserver, "xvfb"},
		{x11->options->window_manager, x11->options->window_manager},
		{"dbus-daemon", "dbus"},
		{"dbus-send", "dbus-bin"},
		{"/usr/libexec/at-spi-bus-launcher", "at-spi2-core"},
	};
	const char *pam_dir;

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (!ops_program_is_there(needed[i].program))
			return hst_fail_as(err, HST_INVALID, "SessionCreationError",
					   "%s is not installed: apt-get install %s", needed[i].program,
					   needed[i].package);
	if (geteuid() != 0)
		return HST_OK;
	return signin_directory(call->host, call->arena, x11->options->pam_dir, &pam_dir, err);
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions,
		size_t *ret_n, hst_error *err)
{
	struct x11 *x11 = state;
	int rc;

	events_begin(&x11->events);
	rc = inventory_sessions(call, &opening_kind.displays, x11, &x11->locks, ret_sessions, ret_n, err);

	if (rc != HST_OK)
		return rc;
	events_follow(&x11->events, *ret_sessions, *ret_n);
	if (x11->containment == HST_CONTAINMENT_UNKNOWN)
		x11->containment = containment_in_force(x11->session.settings.containment);
	inventory_device(call, ret_device);
	ret_device->containment = x11->containment;
	return HST_OK;
}

static void events(void *state, int *ret_fd, bool *ret_often)
{
	const struct x11 *x11 = state;

	*ret_fd = x11->events.fd;
	*ret_often = x11->events.often;
}

static void x11_close(void *state)
{
	events_clear(&((struct x11 *)state)->events);
	ops_end(state);
}

static const hst_driver_ops ops = {
	.size = sizeof(hst_driver_ops),
	.list = list,
	.identify = ops_identify,
	.open = ops_open,
	.attach = ops_attach,
	.start = ops_start,
	.screenshot = ops_screenshot,
	.close = ops_close,
	.reap = ops_reap,
	.standing = ops_standing,
	.events = events,
};

HST_PLUGIN(x11) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "x11",
	.version = "1.0",
	.summary = "Sessions on Linux: unattended on private X servers without a screen, attended on a person's own display",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.fields = x11_fields,
	.open = x11_open,
	.check = x11_check,
	.close = x11_close,
	.ops = &ops,
};
