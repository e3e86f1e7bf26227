/* The gateway's life: configuration, keys, devices, the link to the host, ready, loop, end. */
#include "gateway/gateway.h"

#include "base/log.h"
#include "base/mem.h"
#include "loop/zmq.h"
#include "os/files.h"
#include "os/harden.h"
#include "os/inherited.h"

#include <getopt.h>
#include <poll.h>
#include <signal.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zmq.h>

enum { FIRST_HEARTBEAT_MS = 1000 };

static void stop_on_signal(void *arg, int signal)
{
	log_info("ending on %s", strsignal(signal));
	loop_stop(((struct gateway *)arg)->loop, 0);
}

static void stop_on_orphaned(void *arg, int fd, short ready)
{
	struct gateway *gateway = arg;

	(void)ready;
	loop_fd(gateway->loop, fd, 0, NULL, NULL);
	log_warning("the supervisor is gone; ending");
	loop_stop(gateway->loop, 0);
}

/* Packages are read by the users of sessions; results are written by session processes and read here alone. */
static int make_directories(struct gateway *gateway, hst_error *err)
{
	char *folder = files_join(gateway->conf->state_dir, "gateway");
	int rc = files_make_directory(folder, 0711, err);

	gateway->packages_dir = files_join(folder, "packages");
	gateway->results_dir = files_join(folder, "results");
	free(folder);
	if (rc >= 0)
		rc = files_make_directory(gateway->packages_dir, 0755, err);
	if (rc >= 0)
		rc = files_remove_tree(gateway->results_dir, err);
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

	if (rc >= 0)
		rc = journal_open(gateway, err);
	if (rc >= 0)
		rc = open_link(gateway, zmq, ring, err);
	return rc < 0 ? rc : devices_open(gateway, err);
}

static void gateway_close(struct gateway *gateway)
{
	packages_clear(gateway);
	processes_clear(gateway);
	link_free(gateway->link);
	devices_close(gateway);
	table_clear(&gateway->processes);
	table_clear(&gateway->fetches);
	text_clear(&gateway->records);
	if (gateway->journal >= 0)
		close(gateway->journal);
	free(gateway->packages_dir);
	free(gateway->results_dir);
	conf_free(gateway->conf);
	arena_free(gateway->arena);
	arena_free(gateway->scratch);
	loop_free(gateway->loop);
}

static struct conf *read_conf(const char *path)
{
	struct problems problems;
	struct conf *conf;

	problems_init(&problems);
	conf = conf_load(path, &problems);
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

static int gateway_run(const char *conf_path, const struct key_ring *ring)
{
	static const int signals[] = {SIGTERM, SIGINT, 0};
	struct gateway gateway = {.conf = read_conf(conf_path), .channel = INHERITED_PEER, .journal = -1};
	hst_error err = {{0}, {0}};
	int status = 1;
	void *zmq;

	if (!gateway.conf)
		return 2;
	gateway.loop = loop_new(loop_wait_zmq);
	gateway.arena = arena_new();
	gateway.scratch = arena_new();
	loop_signals(gateway.loop, signals, stop_on_signal, &gateway);
	zmq = zmq_ctx_new();
	if (gateway_open(&gateway, zmq, ring, &err) < 0) {
		log_error("%s", err.text);
		inherited_say(err.text);
	} else {
		loop_after(gateway.loop, gateway_after, &gateway);
		loop_fd(gateway.loop, INHERITED_PEER, POLLIN, processes_channel, &gateway);
		if (inherited_has(INHERITED_LIFE))
			loop_fd(gateway.loop, INHERITED_LIFE, POLLIN, stop_on_orphaned, &gateway);
		loop_in(gateway.loop, FIRST_HEARTBEAT_MS, devices_heartbeat, &gateway);
		inherited_say(NULL);
		log_info("ready");
		status = loop_run(gateway.loop);
	}
	gateway_close(&gateway);
	zmq_ctx_term(zmq);
	return status;
}

static const char usage[] = "usage: hostler-gateway -c FILE [--as USER]\n"
			    "Serves devices. It is started by hostlerd, with its keys on descriptor 4.\n";

int gateway_main(int argc, char **argv)
{
	static const struct option options[] = {{"as", required_argument, NULL, 'a'}, {"help", no_argument, NULL, 'h'}, {0}};
	const char *conf_path = NULL, *as = NULL;
	struct key_ring ring = {0};
	hst_error err = {{0}, {0}};
	int option, status;

	harden_start(INHERITED_PEER);
	log_open("hostler-gateway", LOG_LEVEL_INFO);
	while ((option = getopt_long(argc, argv, "c:h", options, NULL)) != -1) {
		if (option == 'c')
			conf_path = optarg;
		else if (option == 'a')
			as = optarg;
		else
			return fputs(usage, option == 'h' ? stdout : stderr), option == 'h' ? 0 : 2;
	}
	if (!conf_path)
		return fputs(usage, stderr), 2;
	if (sodium_init() < 0 || harden_drop(as, &err) < 0 || keys_read_fd(&ring, INHERITED_KEYS, &err) < 0) {
		log_error("%s", err.text[0] ? err.text : "libsodium cannot be initialised");
		return 1;
	}
	status = gateway_run(conf_path, &ring);
	keys_clear(&ring);
	return status;
}
