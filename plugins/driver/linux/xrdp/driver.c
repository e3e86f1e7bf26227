/*
 * Driver xrdp: sessions on a Linux terminal server. Unattended ones are signed in by xrdp's session manager and run on an X
 * server of their own, to which nobody is connected; attended runs are in the sessions of people who are connected to
 * theirs, or sit at the machine.
 */
#include "../ops.h"
#include "keeping.h"
#include "sesman.h"

#include <string.h>
#include <unistd.h>

static const hst_field options[] = {
	HST_FIELD(struct options, screen, .def = "1280x800", .doc = "size of the screen in pixels, WIDTHxHEIGHT"),
	HST_FIELD(struct options, window_manager, .def = "openbox",
		  .doc = "program that manages the windows, with its arguments; what startwm.sh says is for people"),
	HST_FIELD(struct options, sockets, .def = "/run/xrdp/sockdir", .doc = "directory of xrdp's sockets"),
	HST_FIELD(struct options, keep, .def = "no",
		  .doc = "holds sessions connected by a client of xrdp without a screen, so that they are active, and notices when "
			 "somebody else connects to them"),
	HST_FIELD(struct options, rdp, .def = "127.0.0.1:3389", .doc = "where xrdp listens for that client"),
	HST_FIELD(struct options, certificate,
		  .doc = "SHA-256 fingerprint of xrdp's certificate, for that client; this or ca is needed with keep"),
	HST_FIELD(struct options, ca, .doc = "file of the authorities that xrdp's certificate is checked with, for that client"),
	HST_FIELD(struct options, ready_within, .def = "60s", .min = 1000, .max = 600000,
		  .doc = "how long a session may take to be ready"),
	HST_FIELD(struct options, grace, .def = "3s", .min = 0, .max = 60000,
		  .doc = "how long programs have to end by themselves when a session is closed"),
	HST_FIELD(struct options, containment, .def = "best", .choices = containment_words,
		  .doc = "what holds the flow's processes in a session together: cgroup, or nothing opens; processes, which are found one by "
			 "one; best: cgroup where it can be had"),
};

/* What is wrong with the values is found before anything is opened. */
static int xrdp_fields(const void *config, hst_call *call, hst_shape *ret, hst_error *err)
{
	const struct options *chosen = config;
	int width, height;
	int rc = display_size(chosen->screen, &width, &height, err);

	(void)call;
	(void)ret;
	if (rc == HST_OK)
		rc = keeping_options(chosen, width, height, err);
	if (rc == HST_OK && chosen->sockets[0] != '/')
		return hst_fail(err, HST_INVALID, "sockets = %s: write the absolute path of a directory", chosen->sockets);
	return rc;
}

static int xrdp_open(const void *config, hst_host *host, void **ret_state, hst_error *err)
{
	const struct options *chosen = config;
	struct xrdp *xrdp;
	struct session_settings settings;

	(void)err;
	xrdp = host->alloc(host->instance_arena, sizeof *xrdp);
	*xrdp = (struct xrdp){.options = chosen};
	settings = (struct session_settings){.ready_ms = chosen->ready_within.ms,
					     .grace_ms = chosen->grace.ms,
					     .containment = (enum containment_choice)chosen->containment.index};
	session_init(&xrdp->session, host, &opening_kind, xrdp, &settings);
	*ret_state = xrdp;
	return HST_OK;
}

static int xrdp_check(void *state, hst_call *call, hst_error *err)
{
	static const struct {
		const char *file, *package;
	} needed[] = {
		{"/usr/bin/xrdp-sesrun", "xrdp"},
		{"/etc/X11/xrdp/xorg.conf", "xorgxrdp"},
		{"/usr/lib/xorg/Xorg", "xserver-xorg-core"},
		{"/usr/bin/xauth", "xauth"},
		{"/usr/bin/dbus-daemon", "dbus"},
		{"/usr/bin/dbus-send", "dbus-bin"},
		{"/usr/libexec/at-spi-bus-launcher", "at-spi2-core"},
	};
	const struct xrdp *xrdp = state;
	const char *manager = xrdp->options->window_manager;
	const char *program = hst_copy(call, manager, strcspn(manager, " \t"));

	for (size_t i = 0; i < sizeof needed / sizeof *needed; i++)
		if (access(needed[i].file, F_OK) != 0)
			return hst_fail_as(err, HST_INVALID, "SessionCreationError", "%s is not there: apt-get install %s",
					   needed[i].file, needed[i].package);
	if (!ops_program_is_there(program))
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "window_manager = %s: there is no program %s; install the package that has it, or name another", manager,
				   program);
	if (geteuid() != 0)
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "sessions of a terminal server need root, and hostler runs as uid %u: start it as root",
				   (unsigned)geteuid());
	if (access(xrdp->options->sockets, R_OK) != 0)
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "%s, where xrdp has its sockets, is not there: start the services xrdp-sesman and xrdp, or name the "
				   "directory with the option sockets",
				   xrdp->options->sockets);
	if (keeping_check(xrdp->options, err) != HST_OK)
		return HST_INVALID;
	return sesman_listens(err);
}

static int list(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions, size_t *ret_n, hst_error *err)
{
	struct xrdp *xrdp = state;
	int rc = inventory_sessions(call, &opening_kind.displays, xrdp, &xrdp->locks, ret_sessions, ret_n, err);

	if (rc != HST_OK)
		return rc;
	if (xrdp->containment == HST_CONTAINMENT_UNKNOWN)
		xrdp->containment = containment_in_force(xrdp->session.settings.containment);
	inventory_device(call, ret_device);
	ret_device->containment = xrdp->containment;
	return HST_OK;
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
};

HST_PLUGIN(xrdp) = {
	.abi = HST_ABI,
	.size = sizeof(hst_plugin),
	.kind = HST_DRIVER,
	.name = "xrdp",
	.version = "1.0",
	.summary = "Sessions on a Linux terminal server with xrdp: unattended ones by its session manager, attended in those of people",
	.options = HST_FIELDS(options),
	.config_size = sizeof(struct options),
	.fields = xrdp_fields,
	.open = xrdp_open,
	.check = xrdp_check,
	.close = ops_end,
	.ops = &ops,
};
