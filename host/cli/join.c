/*
 * gateway join: makes this machine a gateway of the host that has invited it. First the host is asked whether it is there
 * and the invitation good, with nothing changed; then the [gateway] is written, hostlerd is started with the invitation,
 * and what became of it is told. Only hostlerd reads the seed, so it is hostlerd that makes the key and presents it.
 */
#include "cli/join.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "loop/loop.h"
#include "loop/zmq.h"
#include "os/files.h"
#include "os/lock.h"
#include "os/spawn.h"
#include "schema/types.h"
#include "wire/enrol.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { REACH_MS = 10000, START_MS = 120000, OUTPUT_MAX = 64 << 10 };

/* The first question: nothing has been changed yet. */
struct probe {
	bool over;
	int code;
	hst_error err;
};

static void probe_over(void *arg, int code, const hst_error *err)
{
	struct probe *probe = arg;

	probe->over = true;
	probe->code = code;
	if (err)
		probe->err = *err;
}

static int not_reached(const struct join *join, const hst_error *why)
{
	return cli_fail(join->cli, CLI_AWAY, "HostNotReachable",
			"%s within %d s: look whether the host runs, whether its `listen` is this address, and whether a firewall lets "
			"this machine through; nothing was changed here",
			why->text, REACH_MS / 1000);
}

static int refused(const struct join *join, int code, const hst_error *why)
{
	const struct invitation *invitation = &join->invitation;
	char until[40];

	type_write_date((hst_time){invitation->until_us}, until, sizeof until);
	if (strcmp(why->reason, "InvitationRefused") == 0 && invitation->until_us <= clock_wall_us())
		return cli_fail(join->cli, CLI_FAILED, "InvitationExpired",
				"this invitation expired at %s; `hostler gateway invite %s` on the host makes another", until,
				invitation->name);
	if (strcmp(why->reason, "InvitationRefused") == 0)
		return cli_fail(join->cli, CLI_FAILED, "InvitationUsed", "%s; `hostler gateway invite %s` on the host makes another",
				why->text, invitation->name);
	return cli_fail_as(join->cli, code, why);
}

static int ask_host(const struct join *join)
{
	struct loop *loop = loop_new(loop_wait_zmq);
	void *zmq = zmq_ctx_new();
	const int64_t end_us = clock_steady_us() + REACH_MS * 1000LL;
	struct probe probe = {.over = false};
	struct enrol *enrol = NULL;
	hst_error why = {0};
	int status = CLI_DONE, code;

	code = enrol_new(loop, zmq, &join->invitation, NULL, NULL, probe_over, &probe, &enrol, &why);
	while (code == HST_OK && !probe.over && clock_steady_us() < end_us)
		loop_turn(loop, (end_us - clock_steady_us()) / 1000 + 1);
	if (enrol && !probe.over)
		enrol_why(enrol, &why);
	enrol_free(enrol);
	if (code != HST_OK)
		status = cli_fail_as(join->cli, code, &why);
	else if (!probe.over)
		status = not_reached(join, &why);
	else if (probe.code != HST_OK)
		status = refused(join, probe.code, &probe.err);
	zmq_ctx_term(zmq);
	loop_free(loop);
	return status;
}

/* Whether a hostlerd that runs with this state_dir is one of this gateway alone, so that it may be started anew. */
static bool is_gateway_alone(const struct join *join)
{
	AUTO_FREE char *path = files_join(join->conf->state_dir, "children");
	AUTO_FREE char *own = mem_printf("gateway/%s ", join->invitation.name);
	AUTO_FREE char *children = NULL;

	return files_read(path, 1 << 20, &children, NULL, NULL) == HST_OK && strncmp(children, own, strlen(own)) == 0;
}

/* What it prints is shown only when it does not come up. */
static int run_hostlerd(const struct join *join, const char *option)
{
	AUTO_FREE char *program = files_join(files_program_directory(), "hostlerd");
	char *const argv[] = {"hostlerd", "-c", join->path, (char *)option, NULL};
	const struct spawn spawn = {.path = program, .argv = argv, .environment = environ};
	AUTO_FREE char *output = NULL;
	hst_error err = {0};
	int status = 0, code = spawn_capture(&spawn, NULL, OUTPUT_MAX, START_MS, &output, &status, &err);

	if (code != HST_OK)
		return cli_fail_as(join->cli, code, &err);
	return status == 0 ? CLI_DONE
			   : cli_fail(join->cli, CLI_FAILED, "HostlerdFailed", "hostlerd could not be %s; what it said stands above. %s",
				      option ? "ended" : "started", join->written ? "The [gateway] stays in the configuration" : "");
}

static int end_running(const struct join *join)
{
	AUTO_FREE char *lock = files_join(join->conf->state_dir, "lock");
	hst_error err = {0};
	pid_t pid = 0;

	if (lock_holder(lock, &pid, &err) == HST_NOT_FOUND)
		return CLI_DONE;
	if (is_gateway_alone(join))
		return run_hostlerd(join, "--down");
	return cli_fail(join->cli, CLI_FAILED, "StateDirTaken",
			"a hostlerd with another configuration runs already in %s (pid %d): give this gateway its own, with state_dir and "
			"run_dir in the [gateway] of %s, or end the other one",
			join->conf->state_dir, (int)pid, join->path);
}

static int start(struct join *join)
{
	int status = end_running(join);

	if (!status)
		status = join_leave_invitation(join);
	if (!status) {
		join_forget_now(join);
		status = run_hostlerd(join, NULL);
	}
	return status ? status : join_wait(join);
}

static int read_line(struct join *join, const char *line)
{
	char typed[INVITATION_LINE_MAX + 2] = "";
	hst_error err = {0};
	int code;

	/* What is read from stdin is in no list of processes. */
	if (strcmp(line, "-") == 0 && !fgets(typed, sizeof typed, stdin))
		return cli_fail(join->cli, CLI_USAGE, "Usage", "there is no invitation on stdin");
	code = invitation_read(strcmp(line, "-") == 0 ? typed : line, &join->invitation, &err);
	return code == HST_OK ? CLI_DONE : cli_fail_as(join->cli, code, &err);
}

int gateway_join(struct cli *cli)
{
	struct join join = {.cli = cli};
	int status = read_line(&join, cli->options.arguments[1]);

	if (!status)
		status = join_look(&join);
	if (!status && !join_is_online(&join)) {
		status = ask_host(&join);
		if (!status)
			status = join_write(&join);
		if (!status)
			status = start(&join);
	} else if (!status) {
		status = join_wait(&join);
	}
	invitation_clear(&join.invitation);
	conf_free(join.conf);
	free(join.before);
	free(join.path);
	return status;
}
