/*
 * Starting processes and nothing else: posix_spawn, so many at once, each in a session of its own with its output
 * in a pipe. The answer is one JSON object on stdout; "spawn_us" is from the start of one to its end.
 */
#include "samples.h"

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <poll.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { AT_ONCE_MAX = 64 };

struct process {
	pid_t pid;
	int output;
	int64_t from_us;
};

static void fail(const char *what, int error)
{
	fprintf(stderr, "spawns: %s: %s\n", what, strerror(error));
	exit(1);
}

static void process_start(struct process *process, char *program)
{
	char *const argv[] = {program, NULL};
	posix_spawn_file_actions_t actions;
	posix_spawnattr_t attributes;
	int pipe_fds[2], error;

	process->from_us = now_us();
	if (pipe2(pipe_fds, O_CLOEXEC) != 0)
		fail("a pipe", errno);
	posix_spawn_file_actions_init(&actions);
	posix_spawn_file_actions_adddup2(&actions, pipe_fds[1], STDOUT_FILENO);
	posix_spawnattr_init(&attributes);
	posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
	error = posix_spawn(&process->pid, program, &actions, &attributes, argv, environ);
	if (error)
		fail(program, error);
	posix_spawnattr_destroy(&attributes);
	posix_spawn_file_actions_destroy(&actions);
	close(pipe_fds[1]);
	process->output = pipe_fds[0];
}

/* True once it has ended. */
static bool process_read(struct process *process)
{
	char said[256];

	if (read(process->output, said, sizeof said) > 0)
		return false;
	close(process->output);
	waitpid(process->pid, NULL, 0);
	return true;
}

int main(int argc, char **argv)
{
	static const struct option options[] = {{"seconds", required_argument, NULL, 's'},
						{"at-once", required_argument, NULL, 'n'},
						{0}};
	struct process processes[AT_ONCE_MAX];
	struct pollfd waits[AT_ONCE_MAX];
	struct samples samples = {0};
	double seconds = 5;
	int option, at_once = 1;
	int64_t until_us;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 's')
			seconds = atof(optarg);
		else if (option == 'n')
			at_once = atoi(optarg);
	}
	if (seconds <= 0 || at_once < 1 || at_once > AT_ONCE_MAX || optind != argc - 1)
		return fputs("usage: spawns [--seconds S] [--at-once N] PROGRAM\n", stderr), 2;
	until_us = now_us() + (int64_t)(seconds * 1e6);
	for (int i = 0; i < at_once; i++)
		process_start(&processes[i], argv[optind]);
	while (now_us() < until_us) {
		for (int i = 0; i < at_once; i++)
			waits[i] = (struct pollfd){.fd = processes[i].output, .events = POLLIN};
		poll(waits, (nfds_t)at_once, -1);
		for (int i = 0; i < at_once; i++) {
			if (!waits[i].revents || !process_read(&processes[i]))
				continue;
			samples_add(&samples, now_us() - processes[i].from_us);
			process_start(&processes[i], argv[optind]);
		}
	}
	for (int i = 0; i < at_once; i++)
		while (!process_read(&processes[i]))
			continue;
	printf("{\"runs\": %zu, \"runs_per_s\": %.1f", samples.n, (double)samples.n / seconds);
	samples_print(&samples, "spawn_us");
	printf("}\n");
	samples_clear(&samples);
	return 0;
}
