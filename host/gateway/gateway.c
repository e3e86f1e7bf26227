/* The gateway's life: configuration, keys, devices, the link to the host, ready, loop, end. */
#include "gateway/gateway.h"

#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "os/files.h"
#include "os/inherited.h"
#include "plugin/guard.h"
#include "wire/child.h"

#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { FIRST_HEARTBEAT_MS = 1000 };

/* Packages are read by the users of sessions; results are written by session processes and read here alone. */
static int make_directories(struct gateway *gateway, hst_error *err)
{
	char *folder = files_join(gateway->conf->state_dir, "gateway");
	int rc = files_make_directory(folder, 0711, err);

	gateway->packages_dir = files_join(folder, "packages");
	gateway->results_dir = files_join(folder, "results");
	gateway->inputs_dir = files_join(folder, "inputs");
	free(folder);
	if (rc >= 0)
		rc = files_make_directory(gateway->packages_dir, 0755, err);
	if (rc >= 0)
		rc = files_make_directory(gateway->inputs_dir, 0700, err);
	return rc < 0 ? rc : files_make_directory(gateway->results_dir, 0700, err);
}

static int open_link(struct gateway *gateway, void *zmq, const struct key_ring *ring, hst_error *err)
{
	struct link_role role = {.up = on_host_up, .down = on_host_down, .message = on_host_message, .arg = gateway};
	char *endpoint = gateway->conf->gateway_host ? mem_text(gateway->conf->gateway_host) : conf_engine_endpoint(gateway->conf);
	int rc = link_new(gateway->loop, zmq, endpoint, ring, &role, &gateway->link, err);

	free(endpoint);
	return rc;
}

static int gateway_open(struct gateway *gateway, void *zmq, const struct key_ring *ring, hst_error *err)
{
	int rc = make_directories(gateway, err);

	crash_point(CRASH_gateway_folders_made);
	if (rc >= 0)
		rc = devices_open(gateway, err);
	if (rc >= 0)
		rc = journal_open(gateway, err);
	if (rc < 0)
		return rc;
	crash_point(CRASH_gateway_journal_open);
	results_sweep(gateway, gateway->results_dir);
	results_sweep(gateway, gateway->inputs_dir);
	rosters_open(gateway, ring);
	enrolling_begin(gateway, zmq, ring);
	rc = open_link(gateway, zmq, ring, err);
	now_write(gateway);
	return rc;
}

static void gateway_close(struct gateway *gateway)
{
	/* First the link: it calls back whoever still waits for an answer, and they put away what is theirs. */
	enrolling_end(gateway);
	link_free(gateway->link);
	packages_clear(gateway);
	results_clear(gateway);
	inputs_clear(gateway);
	looks_clear(gateway);
	loop_cancel(gateway->loop, &gateway->strangers_gone);
	journal_close(gateway);
	processes_clear(gateway);
	devices_close(gateway);
	gateway_forget_loaded(gateway);
	table_clear(&gateway->processes);
	table_clear(&gateway->fetches);
	pinned_clear(&gateway->pinned);
	free(gateway->now);
	free(gateway->packages_dir);
	free(gateway->results_dir);
	free(gateway->inputs_dir);
	conf_free(gateway->conf);
	arena_free(gateway->arena);
	arena_free(gateway->scratch);
}

static struct conf *read_conf(const struct child *child)
{
	struct problems problems;
	struct conf *conf;

	problems_init(&problems);
	conf = conf_load_accepted(child->conf_path, child->for_root, &problems);
	if (problems.n > 0) {
		char *line = problem_line(&problems.at[0]);

		inherited_say(line);
		log_error("%s", line);
		free(line);
		conf_free(conf);
		conf = NULL;
	}
	problems_clear(&problems);
	return conf;
}

static int gateway_run(struct child *child)
{
	struct gateway gateway = {.child = child, .conf = read_conf(child), .channel = INHERITED_PEER, .journal = -1};
	hst_error err = {{0}, {0}};
	int status = 1;

	if (!gateway.conf)
		return 2;
	child_open(child);
	gateway.loop = child->loop;
	/* One for every session process. */
	loop_crowd(gateway.loop);
	gateway.arena = arena_new();
	gateway.scratch = arena_new();
	if (gateway_open(&gateway, child->zmq, &child->ring, &err) < 0) {
		log_error("%s", err.text);
		inherited_say(err.text);
	} else {
		crash_point(CRASH_gateway_opened);
		guard_often();
		loop_after(gateway.loop, gateway_after, &gateway);
		loop_fd(gateway.loop, INHERITED_PEER, POLLIN, processes_channel, &gateway);
		loop_in(gateway.loop, FIRST_HEARTBEAT_MS, devices_heartbeat, &gateway);
		status = child_run(child, gateway_told, &gateway);
	}
	gateway_close(&gateway);
	return status;
}

int gateway_main(int argc, char **argv)
{
	struct child child;
	int status = child_start(&child, argc, argv, "hostler-gateway", "Serves devices.", INHERITED_PEER);

	if (status < 0)
		status = gateway_run(&child);
	child_close(&child);
	return status;
}
