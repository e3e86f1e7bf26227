/* The floor's three processes, and what they speak through. floor.h says what it is. */
#include "floor.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

#define ENDPOINT "ipc://floor.ipc"

void fail(const char *what, const char *why)
{
	fprintf(stderr, "floor: %s: %s\n", what, why);
	_exit(1);
}

void *floor_socket(int type, const char *name)
{
	static const int no_limit = 0;
	void *socket = zmq_socket(zmq_ctx_new(), type);

	zmq_setsockopt(socket, ZMQ_LINGER, &no_limit, sizeof no_limit);
	zmq_setsockopt(socket, ZMQ_SNDHWM, &no_limit, sizeof no_limit);
	zmq_setsockopt(socket, ZMQ_RCVHWM, &no_limit, sizeof no_limit);
	if (name)
		zmq_setsockopt(socket, ZMQ_ROUTING_ID, name, strlen(name));
	if ((name ? zmq_connect(socket, ENDPOINT) : zmq_bind(socket, ENDPOINT)) != 0)
		fail(ENDPOINT, zmq_strerror(zmq_errno()));
	return socket;
}

bool floor_take(void *socket, struct note *ret)
{
	int n = zmq_recv(socket, ret, sizeof *ret, ZMQ_DONTWAIT);

	if (n == (int)sizeof *ret)
		return true;
	if (n >= 0)
		fail("a message", "it has another size");
	if (errno != EAGAIN && errno != EINTR)
		fail("receiving", zmq_strerror(errno));
	return false;
}

static pid_t process_of(void (*be)(const struct settings *settings), const struct settings *settings)
{
	pid_t parent = getpid(), pid = fork();

	if (pid < 0)
		fail("fork", strerror(errno));
	if (pid > 0)
		return pid;
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(1);
	be(settings);
	_exit(1);
}

static const char usage[] =
	"usage: floor [--seconds S] [--warm S] [--in-flight N | --rate PER_SECOND] [--slots N]\n"
	"             [--spawn PROGRAM] [--dir EMPTY_FOLDER]\n";

static const struct option options[] = {
	{"seconds", required_argument, NULL, 's'},   {"warm", required_argument, NULL, 'w'},
	{"in-flight", required_argument, NULL, 'n'}, {"rate", required_argument, NULL, 'r'},
	{"slots", required_argument, NULL, 'l'},     {"spawn", required_argument, NULL, 'p'},
	{"dir", required_argument, NULL, 'd'},	     {0},
};

int main(int argc, char **argv)
{
	struct settings settings = {.seconds = 5, .warm = 1, .in_flight = 500, .slots = 512};
	const char *dir = ".";
	pid_t host, gateway;
	int option, status;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			settings.seconds = atof(optarg);
		else if (option == 'w')
			settings.warm = atof(optarg);
		else if (option == 'n')
			settings.in_flight = atoll(optarg);
		else if (option == 'r')
			settings.rate = atoll(optarg);
		else if (option == 'l')
			settings.slots = atoll(optarg);
		else if (option == 'p')
			settings.program = realpath(optarg, NULL);
		else if (option == 'd')
			dir = optarg;
		else
			return fputs(usage, stderr), 2;
		if (option == 'p' && !settings.program)
			fail(optarg, strerror(errno));
	}
	if (settings.seconds <= 0 || settings.in_flight < 1 || settings.rate < 0 || settings.slots < 1 ||
	    settings.slots > SLOTS_MAX || optind < argc)
		return fputs(usage, stderr), 2;
	if (chdir(dir) != 0)
		fail(dir, strerror(errno));
	host = process_of(be_host, &settings);
	gateway = process_of(be_gateway, &settings);
	status = be_client(&settings, host);
	kill(gateway, SIGKILL);
	kill(host, SIGKILL);
	waitpid(gateway, NULL, 0);
	waitpid(host, NULL, 0);
	free(settings.program);
	return status;
}
