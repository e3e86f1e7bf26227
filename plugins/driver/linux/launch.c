#include "launch.h"

#include "containment.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* What a child does before it becomes the program, so that its parent can say what failed. */
enum step { STEP_CONTAINMENT, STEP_DESCRIPTORS, STEP_IDENTITY, STEP_DIRECTORY, STEP_EXEC };

static const char *const step_names[] = {
	[STEP_CONTAINMENT] = "it cannot enter the session's cgroup",
	[STEP_DESCRIPTORS] = "its descriptors cannot be set up",
	[STEP_IDENTITY] = "it cannot become the user",
	[STEP_DIRECTORY] = "the user cannot enter its directory",
	[STEP_EXEC] = "it cannot be run",
};

struct fault {
	enum step step;
	int error;
};

enum { FIRST_FREE_FD = 10, SENTENCE_FD = 4 };

static void close_pair(int pair[2])
{
	close(pair[0]);
	close(pair[1]);
}

/* Puts the given descriptors at 0, 1, 2 … and marks every other one to be closed by exec. */
static bool arrange_descriptors(const int *given, int n)
{
	int safe[4];

	for (int i = 0; i < n; i++) {
		int fd = given[i] >= 0 ? given[i] : open("/dev/null", O_RDWR | O_CLOEXEC);

		/* First out of the way, since one that is given may lie where another has to go. */
		safe[i] = fcntl(fd, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
		if (safe[i] < 0)
			return false;
	}
	for (int i = 0; i < n; i++)
		if (dup2(safe[i], i) < 0)
			return false;
	return close_range((unsigned)n, ~0U, CLOSE_RANGE_CLOEXEC) == 0;
}

static void default_signals(void)
{
	sigset_t none;

	for (int number = 1; number < NSIG; number++)
		signal(number, SIG_DFL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
}

/* For good: the real, effective and saved ids change together. */
static bool become(const struct account *account, pid_t parent, int death_signal)
{
	if (geteuid() == 0 && (setgroups(account->group_count, account->groups) != 0 ||
			       setresgid(account->gid, account->gid, account->gid) != 0 ||
			       setresuid(account->uid, account->uid, account->uid) != 0))
		return false;
	if (getuid() != account->uid || geteuid() != account->uid)
		return false;
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		return false;

	/* After the change of ids, which clears it. The parent may have died before it was set. */
	if (prctl(PR_SET_PDEATHSIG, death_signal, 0, 0, 0) != 0)
		return false;
	return getppid() == parent;
}

static _Noreturn void give_up(int fault_fd, enum step step)
{
	struct fault fault = {.step = step, .error = errno};

	if (write(fault_fd, &fault, sizeof fault) < 0)
		_exit(126);
	_exit(127);
}

static _Noreturn void program_child(const struct account *account, const struct program *program,
				    const struct remains *remains, pid_t parent, int go, int fault)
{
	const int given[] = {program->fd_in, program->fd_out, program->fd_err, program->fd_extra};
	char yes;

	setsid();
	default_signals();
	umask(account->umask);
	go = fcntl(go, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	fault = fcntl(fault, F_DUPFD_CLOEXEC, FIRST_FREE_FD);
	if (!containment_enter(remains))
		give_up(fault, STEP_CONTAINMENT);
	if (!arrange_descriptors(given, program->fd_extra >= 0 ? 4 : 3))
		give_up(fault, STEP_DESCRIPTORS);
	if (!become(account, parent, program->death_signal))
		give_up(fault, STEP_IDENTITY);
	if (chdir(program->directory) != 0)
		give_up(fault, STEP_DIRECTORY);
	if (read(go, &yes, 1) != 1)
		_exit(125);
	environ = (char **)program->environment;
	execvp(program->argv[0], program->argv);
	give_up(fault, STEP_EXEC);
}

/* Waits until exec has closed the pipe, or for the fault that came first. */
static int await_exec(const struct program *program, int fd, const struct deadline *deadline, hst_error *err)
{
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	struct fault fault;
	int rc = deadline_poll(deadline, &wait, 1);

	if (rc != HST_OK)
		return hst_fail_as(err, rc, "SessionCreationError", "%s (%s) was not started in time",
				   program->what, program->argv[0]);
	if (read(fd, &fault, sizeof fault) != (ssize_t)sizeof fault)
		return HST_OK;
	if (fault.step == STEP_EXEC && fault.error == ENOENT && program->package)
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "%s is not installed: apt-get install %s", program->argv[0],
				   program->package);
	if (fault.step == STEP_EXEC && fault.error == ENOENT)
		return hst_fail(err, HST_NOT_FOUND, "there is no program '%s' on the PATH of the session",
				program->argv[0]);
	return hst_fail_as(err, HST_BROKEN, fault.step == STEP_EXEC ? NULL : "SessionCreationError",
			   "%s (%s) was not started: %s (%s): %s", program->what, program->argv[0],
			   step_names[fault.step], fault.step == STEP_DIRECTORY ? program->directory : "",
			   strerror(fault.error));
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) < 0 && errno == EINTR)
		;
}

int launch_program(const struct account *account, const struct program *program, struct remains *remains,
		   const struct deadline *deadline, struct process *ret, hst_error *err)
{
	pid_t parent = getpid(), pid;
	struct proc_entry entry;
	int go[2], fault[2], rc;

	if (pipe2(go, O_CLOEXEC) != 0)
		return hst_fail(err, HST_RETRY, "no pipe: %s", strerror(errno));
	if (pipe2(fault, O_CLOEXEC) != 0) {
		close_pair(go);
		return hst_fail(err, HST_RETRY, "no pipe: %s", strerror(errno));
	}
	pid = fork();
	if (pid == 0) {
		close(go[1]); /* so that the child sees it when its parent dies before it says go */
		program_child(account, program, remains, parent, go[0], fault[1]);
	}
	close(fault[1]);
	if (pid < 0) {
		rc = hst_fail_as(err, HST_RETRY, "SessionCreationError", "no process for %s: %s",
				 program->what, strerror(errno));
	} else if (!proc_read(pid, &entry)) {
		rc = hst_fail(err, HST_BROKEN, "/proc does not show this machine's processes: mount it");
	} else {
		rc = program->note(remains, deadline->call, &entry.id, err);
		if (rc == HST_OK && write(go[1], "y", 1) != 1)
			rc = hst_fail(err, HST_BROKEN, "a pipe is full: %s", strerror(errno));
		if (rc == HST_OK)
			rc = await_exec(program, fault[0], deadline, err);
	}
	close_pair(go);
	close(fault[0]);
	if (rc != HST_OK && pid > 0)
		end_child(pid);
	if (rc == HST_OK)
		*ret = entry.id;
	return rc;
}

static _Noreturn void task_child(const struct account *account, launch_task task, const void *argument,
				 int fd, int sentence, pid_t parent)
{
	const int given[] = {-1, 2, 2, fd, sentence};
	char why[LAUNCH_WHY_MAX] = "";
	int safe[5], result;

	setsid();
	default_signals();
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	for (int i = 0; i < 5; i++)
		safe[i] = fcntl(given[i] >= 0 ? given[i] : open("/dev/null", O_RDWR | O_CLOEXEC), F_DUPFD,
				FIRST_FREE_FD);
	for (int i = 0; i < 5; i++)
		dup2(safe[i], i);
	close_range(SENTENCE_FD + 1, ~0U, 0);
	if (!become(account, parent, SIGKILL)) {
		snprintf(why, sizeof why, "cannot become the user: %s", strerror(errno));
		result = 1;
	} else {
		result = task(argument, why);
	}
	if (result != 0 && write(SENTENCE_FD, why, strlen(why)) < 0)
		_exit(2);
	_exit(result != 0);
}

/* HST_OK: the child has ended. HST_NOT_FOUND: what it waits for has ended before it. */
static int await_task(const struct process *child, const struct process *beside,
		      const struct deadline *deadline)
{
	struct pollfd waits[] = {{.fd = pidfd_open(child->pid, 0), .events = POLLIN},
				 {.fd = beside ? pidfd_open(beside->pid, 0) : -1, .events = POLLIN}};
	int rc = beside && waits[1].fd < 0 ? HST_NOT_FOUND : deadline_poll(deadline, waits, 2);

	if (rc == HST_OK && !waits[0].revents)
		rc = HST_NOT_FOUND;
	for (int i = 0; i < 2; i++)
		if (waits[i].fd >= 0)
			close(waits[i].fd);
	return rc;
}

int launch_aside(const struct account *account, launch_task task, const void *argument, int fd,
		 const struct process *beside, const struct deadline *deadline, hst_error *err)
{
	pid_t parent = getpid();
	char why[LAUNCH_WHY_MAX] = "";
	struct process child = {0};
	int sentence[2], status = 0, rc;

	if (pipe2(sentence, O_CLOEXEC) != 0)
		return hst_fail(err, HST_RETRY, "no pipe: %s", strerror(errno));
	child.pid = fork();
	if (child.pid == 0)
		task_child(account, task, argument, fd, sentence[1], parent);
	close(sentence[1]);
	if (child.pid < 0) {
		close(sentence[0]);
		return hst_fail(err, HST_RETRY, "no process: %s", strerror(errno));
	}
	rc = await_task(&child, beside, deadline);
	if (rc == HST_OK)
		rc = launch_wait(&child, deadline, &status);
	else
		end_child(child.pid);
	if (rc == HST_OK && status != 0) {
		ssize_t n = read(sentence[0], why, sizeof why - 1);

		why[n > 0 ? n : 0] = '\0';
		rc = hst_fail(err, HST_BROKEN, "%s", why[0] ? why : "the X connection was lost");
	} else if (rc == HST_NOT_FOUND) {
		rc = hst_fail(err, HST_BROKEN, "it ended before it was ready");
	} else if (rc != HST_OK) {
		rc = hst_fail(err, rc, "no answer in time");
	}
	close(sentence[0]);
	return rc;
}

int launch_read_line(const struct process *process, int fd, char *to, size_t size,
		     const struct deadline *deadline, const char *what, hst_error *err)
{
	int pidfd = pidfd_open(process->pid, 0);
	struct pollfd waits[] = {{.fd = fd, .events = POLLIN}, {.fd = pidfd, .events = POLLIN}};
	size_t n = 0;
	int rc = HST_OK;

	while (n == 0 || !memchr(to, '\n', n)) {
		ssize_t got;

		rc = deadline_poll(deadline, waits, 2);
		if (rc != HST_OK) {
			rc = hst_fail_as(err, rc, "SessionCreationError", "%s was not ready in time", what);
			break;
		}

		/* Also after the process has ended: what it wrote before may say all that is needed. */
		got = waits[0].revents ? read(fd, to + n, size - 1 - n) : 0;
		if (got <= 0) {
			rc = hst_fail_as(err, HST_BROKEN, "SessionCreationError",
					 "%s ended before it was ready", what);
			break;
		}
		n += (size_t)got;
	}
	if (pidfd >= 0)
		close(pidfd);
	if (rc == HST_OK)
		*(char *)memchr(to, '\n', n) = '\0';
	return rc;
}

int launch_wait(const struct process *process, const struct deadline *deadline, int *ret_status)
{
	int pidfd = pidfd_open(process->pid, 0), status;
	struct pollfd wait = {.fd = pidfd, .events = POLLIN};
	int rc;

	if (pidfd < 0)
		return HST_BROKEN;
	rc = deadline_poll(deadline, &wait, 1);
	close(pidfd);
	if (rc != HST_OK)
		return rc;
	while (waitpid(process->pid, &status, 0) < 0)
		if (errno != EINTR)
			return HST_BROKEN;
	*ret_status = status;
	return HST_OK;
}
