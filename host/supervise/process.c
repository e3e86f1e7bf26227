#include "supervise/process.h"

#include "base/auto.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "os/failure.h"
#include "os/files.h"
#include "os/inherited.h"
#include "os/spawn.h"
#include "supervise/carried.h"
#include "supervise/orphans.h"
#include "supervise/output.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

enum { READ_PART = 4096, READ_TURNS_MAX = 64 };

struct process {
	struct process *next;
	struct processes *of;
	char *name;
	struct process_role role;
	pid_t pid;
	bool keeps_orphans;
	int ready_fd, output_fd;
	char said[INHERITED_LINE_MAX];
	size_t said_length;
	struct output output;
	char tail[OUTPUT_TAIL_MAX + 1];
};

struct processes {
	struct loop *loop;
	struct process *first;
	struct orphans orphans;
	pid_t guest; /* leader of its group; 0: it has ended */
	int life[2]; /* the reading end goes to every child, the writing end ends with this program */
};

struct processes *processes_new(struct loop *loop, pid_t guest, hst_error *err)
{
	struct processes *processes = mem_alloc(sizeof *processes);

	processes->loop = loop;
	processes->guest = guest;
	orphans_begin();
	if (pipe2(processes->life, O_CLOEXEC) < 0) {
		failure_of(errno, err, "make", "a pipe");
		free(processes);
		return NULL;
	}
	return processes;
}

struct processes *processes_resume(struct loop *loop, const struct carried *carried)
{
	struct processes *processes = mem_alloc(sizeof *processes);

	processes->loop = loop;
	processes->life[0] = (int)carried->house.life_reading_fd;
	processes->life[1] = (int)carried->house.life_writing_fd;
	orphans_begin();
	orphans_resume(&processes->orphans, carried);
	return processes;
}

static void close_fd(struct processes *processes, int *fd)
{
	if (*fd < 0)
		return;
	loop_fd(processes->loop, *fd, 0, NULL, NULL);
	close(take_fd(fd));
}

static void process_free(struct process *process)
{
	close_fd(process->of, &process->ready_fd);
	close_fd(process->of, &process->output_fd);
	free(process->name);
	free(process);
}

void processes_free(struct processes *processes)
{
	if (!processes)
		return;
	while (processes->first) {
		struct process *process = processes->first;

		processes->first = process->next;
		process_free(process);
	}
	if (processes->guest)
		kill(-processes->guest, SIGKILL);
	close(processes->life[0]);
	close(processes->life[1]);
	free(processes);
}

/* Takes what the pipe holds now. False: it has ended. */
static bool take_output(struct process *process)
{
	char part[READ_PART];

	for (int i = 0; i < READ_TURNS_MAX; i++) {
		ssize_t n = read(process->output_fd, part, sizeof part);

		if (n > 0)
			output_take(&process->output, process->name, part, (size_t)n, clock_steady_us());
		else if (n == 0 || errno != EINTR)
			return n < 0 && errno == EAGAIN;
	}
	return true;
}

static void on_output(void *arg, int fd, short ready)
{
	struct process *process = arg;

	(void)fd, (void)ready;
	if (!take_output(process))
		close_fd(process->of, &process->output_fd);
}

/* Every whole line. A line that is too long is none of ours and is cut. */
static void hand_on_lines(struct process *process)
{
	char *end;

	if (process->said_length == sizeof process->said)
		process->said[sizeof process->said - 1] = '\n';
	while ((end = memchr(process->said, '\n', process->said_length)) != NULL) {
		char line[INHERITED_LINE_MAX];
		size_t length = (size_t)(end - process->said);

		memcpy(line, process->said, length);
		line[length] = '\0';
		process->said_length -= length + 1;
		memmove(process->said, end + 1, process->said_length);
		if (process->role.said)
			process->role.said(process->role.arg, process, line);
	}
}

/* Takes in what it has said; true once there will be no more of it. */
static bool take_said(struct process *process)
{
	for (;;) {
		ssize_t n = recv(process->ready_fd, process->said + process->said_length,
				 sizeof process->said - process->said_length, MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 || errno != EAGAIN;
		process->said_length += (size_t)n;
		hand_on_lines(process);
	}
}

static void on_ready(void *arg, int fd, short ready)
{
	struct process *process = arg;

	(void)fd, (void)ready;
	if (take_said(process))
		close_fd(process->of, &process->ready_fd);
}

bool process_tell(struct process *process, const char *lines)
{
	AUTO_FREE char *text = mem_printf("%s\n", lines);
	size_t length = strlen(text);

	return process->ready_fd >= 0 && send(process->ready_fd, text, length, MSG_DONTWAIT | MSG_NOSIGNAL) == (ssize_t)length;
}

static int make_socket(int *ret_near, int *ret_far, hst_error *err)
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) < 0)
		return failure_of(errno, err, "make", "a socketpair");
	*ret_near = ends[0];
	*ret_far = ends[1];
	return HST_OK;
}

/* A pipe whose near end does not block. */
static int make_pipe(int *ret_near, int *ret_far, bool near_reads, hst_error *err)
{
	int ends[2];

	if (pipe2(ends, O_CLOEXEC) < 0)
		return failure_of(errno, err, "make", "a pipe");
	*ret_near = ends[near_reads ? 0 : 1];
	*ret_far = ends[near_reads ? 1 : 0];
	fcntl(*ret_near, F_SETFL, O_NONBLOCK);
	return HST_OK;
}

/* The keys fit into the pipe's buffer or the child could not be trusted to read them; 64 KiB are some 500 peers. */
static int write_keys(int fd, const char *keys, hst_error *err)
{
	size_t length = strlen(keys), done = 0;

	fcntl(fd, F_SETPIPE_SZ, 1 << 20);
	while (done < length) {
		ssize_t n = write(fd, keys + done, length - done);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return failure_of(errno, err, "hand over", "the keys of a child");
		done += (size_t)n;
	}
	return HST_OK;
}

static int spawn_process(struct process *process, const struct process_spec *spec, int ready, int keys, int output,
			 hst_error *err)
{
	AUTO_FREE char *path = files_join(files_program_directory(), spec->program);
	struct spawn_fd fds[8] = {
		{spec->input_fd > 0 ? spec->input_fd : -1, 0},
		{output, 1},
		{output, 2},
		{ready, INHERITED_READY},
		{process->of->life[0], INHERITED_LIFE},
	};
	struct spawn spawn = {.path = path, .argv = spec->argv, .fds = fds, .fd_count = 5, .new_group = true};

	if (keys >= 0)
		fds[spawn.fd_count++] = (struct spawn_fd){keys, INHERITED_KEYS};
	if (spec->peer_fd >= 0)
		fds[spawn.fd_count++] = (struct spawn_fd){spec->peer_fd, INHERITED_PEER};
	if (spec->handover_fd > 0)
		fds[spawn.fd_count++] = (struct spawn_fd){spec->handover_fd, INHERITED_HANDOVER};
	crash_point(CRASH_hostlerd_before_spawn);
	return spawn_start(&spawn, &process->pid, err);
}

/* Makes the pipes, hands over the keys, starts the program. */
static int start(struct process *process, const struct process_spec *spec, hst_error *err)
{
	AUTO_CLOSE int ready = -1;
	AUTO_CLOSE int output = -1;
	AUTO_CLOSE int keys_near = -1;
	AUTO_CLOSE int keys_far = -1;
	int code = make_socket(&process->ready_fd, &ready, err);

	if (code == HST_OK && !spec->output_fd)
		code = make_pipe(&process->output_fd, &output, true, err);
	if (code == HST_OK && spec->keys)
		code = make_pipe(&keys_near, &keys_far, false, err);
	if (code == HST_OK && spec->keys)
		code = write_keys(keys_near, spec->keys, err);
	if (code == HST_OK)
		code = spawn_process(process, spec, ready, keys_far, spec->output_fd ? spec->output_fd : output, err);
	crash_point(CRASH_hostlerd_spawned);
	return code;
}

static void listen_to(struct process *process)
{
	struct processes *processes = process->of;

	process->next = processes->first;
	processes->first = process;
	if (process->ready_fd >= 0)
		loop_fd(processes->loop, process->ready_fd, POLLIN, on_ready, process);
	if (process->output_fd >= 0)
		loop_fd(processes->loop, process->output_fd, POLLIN, on_output, process);
}

int process_start(struct processes *processes, const struct process_spec *spec, const struct process_role *role,
		  struct process **ret, hst_error *err)
{
	struct process *process = mem_alloc(sizeof *process);
	int code;

	process->of = processes;
	process->name = mem_text(spec->name);
	process->role = *role;
	process->keeps_orphans = spec->keeps_orphans;
	process->ready_fd = -1;
	process->output_fd = -1;
	code = start(process, spec, err);
	if (code != HST_OK) {
		process_free(process);
		return code;
	}
	listen_to(process);
	*ret = process;
	return HST_OK;
}

struct process *process_resume(struct processes *processes, const struct carried *carried, int64_t pid,
			       const struct process_role *role)
{
	const struct carried_process *found = carried_process_of(carried, pid);
	struct process *process = mem_alloc(sizeof *process);

	process->of = processes;
	process->name = mem_text(found->name);
	process->role = *role;
	process->pid = (pid_t)pid;
	process->keeps_orphans = found->keeps_orphans;
	process->ready_fd = (int)found->ready_fd;
	process->output_fd = (int)found->output_fd;
	if (found->said && strlen(found->said) < sizeof process->said) {
		process->said_length = strlen(found->said);
		memcpy(process->said, found->said, process->said_length);
	}
	output_resume(&process->output, found->line, found->tail);
	listen_to(process);
	return process;
}

void processes_carry(const struct processes *processes, struct carried *to)
{
	to->house.life_reading_fd = processes->life[0];
	to->house.life_writing_fd = processes->life[1];
	for (const struct process *process = processes->first; process; process = process->next) {
		struct carried_process *carried = carried_add_process(to);

		*carried = (struct carried_process){.pid = process->pid,
						    .ready_fd = process->ready_fd,
						    .output_fd = process->output_fd,
						    .keeps_orphans = process->keeps_orphans,
						    .name = mem_text(process->name),
						    .said = mem_copy(process->said, process->said_length),
						    .line = mem_copy(process->output.line, process->output.line_length),
						    .tail = mem_copy(process->output.tail, process->output.tail_length)};
	}
	orphans_carry(&processes->orphans, to);
}

void process_signal(struct process *process, int signal)
{
	/* SIGKILL goes to the whole group: what the process would have ended itself must not outlive it. */
	kill(signal == SIGKILL ? -process->pid : process->pid, signal);
}

pid_t process_pid(const struct process *process)
{
	return process->pid;
}

const char *process_tail(struct process *process)
{
	memcpy(process->tail, process->output.tail, process->output.tail_length);
	process->tail[process->output.tail_length] = '\0';
	return process->tail;
}

static struct process *take_out(struct processes *processes, pid_t pid)
{
	for (struct process **at = &processes->first; *at; at = &(*at)->next) {
		struct process *process = *at;

		if (process->pid == pid) {
			*at = process->next;
			return process;
		}
	}
	return NULL;
}

static void bury(struct process *process, int status)
{
	/* Its last words may still be in the pipes. */
	if (process->output_fd >= 0)
		take_output(process);
	output_flush(&process->output, process->name);
	if (process->ready_fd >= 0)
		take_said(process);
	process->role.ended(process->role.arg, process, status);
	process_free(process);
}

static bool is_process(void *arg, pid_t pid)
{
	const struct processes *processes = arg;

	for (const struct process *process = processes->first; process; process = process->next)
		if (process->pid == pid)
			return true;
	return pid == processes->guest;
}

/* One has died whose orphans are not to be touched, and is not yet waited for. */
static bool is_keeper_dead(void *arg)
{
	const struct processes *processes = arg;
	siginfo_t about;

	for (const struct process *process = processes->first; process; process = process->next) {
		about.si_pid = 0;
		if (process->keeps_orphans &&
		    waitid(P_PID, (id_t)process->pid, &about, WEXITED | WNOHANG | WNOWAIT) == 0 && about.si_pid)
			return true;
	}
	return false;
}

void processes_reap(struct processes *processes)
{
	const struct orphans_role role = {is_process, is_keeper_dead, processes};
	int status;
	pid_t pid;

	while ((pid = waitpid(-1, &status, WNOHANG)) > 0) {
		struct process *process = take_out(processes, pid);
		bool keeps = process ? process->keeps_orphans : !orphans_was_ended(&processes->orphans, pid);

		if (pid == processes->guest) {
			processes->guest = 0;
			continue;
		}

		if (process)
			bury(process, status);
		orphans_look(&processes->orphans, &role, !keeps);
	}
}
