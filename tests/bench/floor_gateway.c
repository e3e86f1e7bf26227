/* The floor's gateway: answers at once, or starts a process in a session of its own and answers when it has
 * ended. */
#include "floor.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zmq.h>

enum { OUTPUT_MAX = 64 };

struct process {
	pid_t pid; /* 0: the place is free */
	int output;
	char said[OUTPUT_MAX];
	size_t length;
	struct note note;
};

static void process_start(struct process *process, const struct settings *settings, const struct note *note)
{
	char *const argv[] = {settings->program, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int pipe_fds[2], error;

	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		fail("a pipe", strerror(errno));
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	error = posix_spawn(&process->pid, settings->program, &actions, &attributes, argv, environ);
	if (error)
		fail(settings->program, strerror(error));
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	process->output = pipe_fds[0];
	process->length = 0;
	process->note = *note;
}

/* True when the process has ended; its output is the time at which it began. */
static bool process_read(struct process *process)
{
	ssize_t n = read(process->output, process->said + process->length,
			 sizeof process->said - 1 - process->length);

	if (n > 0) {
		process->length += (size_t)n;
		return false;
	}
	close(process->output);
	waitpid(process->pid, NULL, 0);
	process->said[process->length] = '\0';
	process->note.started_us = strtoll(process->said, NULL, 10);
	process->pid = 0;
	return true;
}

struct gateway {
	void *socket;
	const struct settings *settings;
	struct process processes[SLOTS_MAX];
};

static void answer(struct gateway *gateway, struct note *note)
{
	note->word = ENDED;
	zmq_send(gateway->socket, note, sizeof *note, 0);
}

static void gateway_start(struct gateway *gateway, struct note *note)
{
	struct process *process = gateway->processes;

	if (!gateway->settings->program) {
		answer(gateway, note);
		return;
	}
	while (process->pid)
		process++;
	process_start(process, gateway->settings, note);
}

static void gateway_turn(struct gateway *gateway)
{
	zmq_pollitem_t items[SLOTS_MAX + 1] = {{.socket = gateway->socket, .events = ZMQ_POLLIN}};
	struct process *of[SLOTS_MAX + 1];
	struct note note;
	int n = 1;

	for (int64_t i = 0; i < gateway->settings->slots; i++) {
		struct process *process = &gateway->processes[i];

		if (!process->pid)
			continue;
		items[n] = (zmq_pollitem_t){.fd = process->output, .events = ZMQ_POLLIN};
		of[n++] = process;
	}
	if (zmq_poll(items, n, -1) <= 0)
		return;
	for (int i = 1; i < n; i++)
		if (items[i].revents && process_read(of[i]))
			answer(gateway, &of[i]->note);
	while (floor_take(gateway->socket, &note))
		gateway_start(gateway, &note);
}

void be_gateway(const struct settings *settings)
{
	static struct gateway gateway;
	struct note ready = {.word = READY, .number = settings->slots};

	gateway.settings = settings;
	gateway.socket = floor_socket(ZMQ_DEALER, "gateway");
	zmq_send(gateway.socket, &ready, sizeof ready, 0);
	for (;;)
		gateway_turn(&gateway);
}
