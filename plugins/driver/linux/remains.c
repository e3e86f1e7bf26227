#include "remains.h"

#include "leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <unistd.h>

void remains_init(struct remains *remains)
{
	*remains = (struct remains){.display = -1, .enter_fd = -1};
}

void remains_clear(struct remains *remains)
{
	if (remains->enter_fd >= 0)
		close(remains->enter_fd);
	free(remains->processes);
	remains_init(remains);
}

__attribute__((format(printf, 3, 4))) static int note(hst_call *call, hst_error *err, const char *format, ...)
{
	char line[NOTE_SIZE + 1];
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line, sizeof line, format, args);
	va_end(args);
	if (n > NOTE_SIZE || strchr(line, '\n'))
		return hst_fail_as(
			err, HST_INVALID, "SessionCreationError",
			"a path of the session is too long or holds a line break: choose a plainer one");
	return hst_note(call, line, err);
}

void remains_put_process(struct remains *remains, const struct process *process)
{
	/* A session that serves many runs starts many programs; those that have ended make room again. */
	if (remains->count == remains->size) {
		size_t kept = 0;

		for (size_t i = 0; i < remains->count; i++)
			if (proc_lives(&remains->processes[i]))
				remains->processes[kept++] = remains->processes[i];
		remains->count = kept;
	}
	if (remains->count == remains->size) {
		remains->size = remains->size ? 2 * remains->size : 16;
		remains->processes =
			reallocarray(remains->processes, remains->size, sizeof *remains->processes);
		if (!remains->processes)
			abort();
	}
	remains->processes[remains->count++] = *process;
}

int remains_add_session(struct remains *remains, hst_call *call, const char *mark, uid_t uid, hst_error *err)
{
	char boot[PROC_BOOT_SIZE];
	int rc;

	proc_boot(boot);
	rc = note(call, err, "session %s %u %s", mark, (unsigned)uid, boot);
	if (rc != HST_OK)
		return rc;
	snprintf(remains->mark, sizeof remains->mark, "%s", mark);
	remains->uid = uid;
	return HST_OK;
}

int remains_add_cgroup(struct remains *remains, hst_call *call, const char *cgroup, hst_error *err)
{
	int rc = note(call, err, "cgroup %s", cgroup);

	if (rc == HST_OK)
		snprintf(remains->cgroup, sizeof remains->cgroup, "%s", cgroup);
	return rc;
}

int remains_add_files(struct remains *remains, hst_call *call, const char *run_dir, hst_error *err)
{
	int rc = note(call, err, "files %s", run_dir);

	if (rc == HST_OK)
		snprintf(remains->run_dir, sizeof remains->run_dir, "%s", run_dir);
	return rc;
}

int remains_add_pam(struct remains *remains, hst_call *call, const char *pam_dir, const char *user,
		    hst_error *err)
{
	int rc = note(call, err, "pam %s|%s", pam_dir, user);

	if (rc != HST_OK)
		return rc;
	snprintf(remains->pam_dir, sizeof remains->pam_dir, "%s", pam_dir);
	snprintf(remains->user, sizeof remains->user, "%s", user);
	return HST_OK;
}

int remains_add_process(struct remains *remains, hst_call *call, const struct process *process,
			hst_error *err)
{
	int rc = note(call, err, "process %d %" PRIu64, (int)process->pid, process->start);

	if (rc == HST_OK)
		remains_put_process(remains, process);
	return rc;
}

/* The folder is its user's by now: nothing of theirs is followed or written over. */
static int write_mark(const struct remains *remains, const struct process *process, hst_error *err)
{
	char line[64 + MARK_SIZE];
	int n = snprintf(line, sizeof line, "%d %" PRIu64 " %s\n", (int)process->pid, process->start, remains->mark), folder, fd = -1;
	bool written;

	if (!remains->run_dir[0])
		return HST_OK;
	folder = open(remains->run_dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (folder >= 0)
		fd = openat(folder, LEFTOVERS_MARK, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0444);
	written = fd >= 0 && write(fd, line, (size_t)n) == n;
	if (fd >= 0)
		close(fd);
	if (folder >= 0)
		close(folder);
	return written ? HST_OK
		       : hst_fail_as(err, HST_RETRY, "SessionCreationError", "%s/" LEFTOVERS_MARK " cannot be written: %s",
				     remains->run_dir, strerror(errno));
}

int remains_add_xserver(struct remains *remains, hst_call *call, const struct process *process,
			hst_error *err)
{
	int rc = note(call, err, "xserver %d %" PRIu64, (int)process->pid, process->start);

	if (rc != HST_OK)
		return rc;
	remains->xserver = *process;
	return write_mark(remains, process, err);
}

int remains_add_display(struct remains *remains, hst_call *call, int display, dev_t device, ino_t inode,
			hst_error *err)
{
	int rc = note(call, err, "display %d %" PRIu64 " %" PRIu64, display, (uint64_t)device,
		      (uint64_t)inode);

	if (rc != HST_OK)
		return rc;
	remains->display = display;
	remains->display_device = device;
	remains->display_inode = inode;
	return HST_OK;
}

int remains_add_sesman(struct remains *remains, hst_call *call, const char *sockets, hst_error *err)
{
	int rc = note(call, err, "sesman %s", sockets);

	if (rc == HST_OK)
		snprintf(remains->sockets, sizeof remains->sockets, "%s", sockets);
	return rc;
}

int remains_add_broker(struct remains *remains, hst_call *call, const struct process *process, hst_error *err)
{
	int rc = note(call, err, "broker %d %" PRIu64, (int)process->pid, process->start);

	if (rc == HST_OK)
		remains->broker = *process;
	return rc;
}

int remains_add_leader(struct remains *remains, hst_call *call, const struct process *process, hst_error *err)
{
	int rc = note(call, err, "leader %d %" PRIu64, (int)process->pid, process->start);

	if (rc == HST_OK)
		remains->leader = *process;
	return rc;
}

void remains_add_taken(struct remains *remains, hst_call *call)
{
	hst_error ignored = {0};

	note(call, &ignored, "taken yes");
	remains->taken = true;
}

static bool read_taken(struct remains *remains, const char *text)
{
	remains->taken = strcmp(text, "yes") == 0;
	return remains->taken;
}

static bool read_session(struct remains *remains, const char *text)
{
	char boot[PROC_BOOT_SIZE] = "", now[PROC_BOOT_SIZE];
	unsigned uid;

	if (sscanf(text, "%32[0-9a-f] %u %39s", remains->mark, &uid, boot) < 2 || uid == 0)
		return false;
	proc_boot(now);
	remains->uid = uid;
	remains->other_boot = strcmp(boot, now) != 0;
	return true;
}

/* Everything in it will be killed, so it has to bear the session's own name. */
static bool read_cgroup(struct remains *remains, const char *text)
{
	size_t length = strlen(text), mark = strlen(remains->mark);

	return text[0] == '/' && !strstr(text, "/../") && mark > 0 && length > mark &&
	       strcmp(text + length - mark, remains->mark) == 0 &&
	       snprintf(remains->cgroup, sizeof remains->cgroup, "%s", text) < (int)sizeof remains->cgroup;
}

static bool read_files(struct remains *remains, const char *text)
{
	return text[0] == '/' &&
	       snprintf(remains->run_dir, sizeof remains->run_dir, "%s", text) < (int)sizeof remains->run_dir;
}

static bool read_pam(struct remains *remains, const char *text)
{
	const char *bar = strrchr(text, '|');

	if (!bar || bar == text || (size_t)(bar - text) >= sizeof remains->pam_dir)
		return false;
	snprintf(remains->pam_dir, sizeof remains->pam_dir, "%.*s", (int)(bar - text), text);
	return snprintf(remains->user, sizeof remains->user, "%s", bar + 1) < (int)sizeof remains->user;
}

static bool read_identity(const char *text, struct process *ret)
{
	int pid;

	if (sscanf(text, "%d %" SCNu64, &pid, &ret->start) != 2 || pid <= 1)
		return false;
	ret->pid = pid;
	return true;
}

static bool read_process(struct remains *remains, const char *text)
{
	struct process process;

	if (!read_identity(text, &process))
		return false;
	if (proc_lives(&process))
		remains_put_process(remains, &process);
	return true;
}

static bool read_xserver(struct remains *remains, const char *text)
{
	return read_identity(text, &remains->xserver);
}

static bool read_broker(struct remains *remains, const char *text)
{
	return read_identity(text, &remains->broker);
}

static bool read_leader(struct remains *remains, const char *text)
{
	return read_identity(text, &remains->leader);
}

static bool read_sesman(struct remains *remains, const char *text)
{
	return text[0] == '/' &&
	       snprintf(remains->sockets, sizeof remains->sockets, "%s", text) < (int)sizeof remains->sockets;
}

static bool read_display(struct remains *remains, const char *text)
{
	uint64_t device, inode;

	if (sscanf(text, "%d %" SCNu64 " %" SCNu64, &remains->display, &device, &inode) != 3)
		return false;
	remains->display_device = (dev_t)device;
	remains->display_inode = (ino_t)inode;
	return true;
}

static const struct kind {
	const char *word;
	bool (*read)(struct remains *remains, const char *text);
} kinds[] = {
	{"session ", read_session}, {"cgroup ", read_cgroup},	{"files ", read_files},	  {"pam ", read_pam},
	{"process ", read_process}, {"xserver ", read_xserver}, {"display ", read_display},
	{"sesman ", read_sesman},   {"broker ", read_broker},	{"leader ", read_leader},
	{"taken ", read_taken},
};

int remains_read(struct remains *remains, const char *const *notes, size_t n, hst_error *err)
{
	for (size_t i = 0; i < n; i++) {
		bool known = false;

		for (size_t k = 0; k < sizeof kinds / sizeof *kinds && !known; k++) {
			size_t length = strlen(kinds[k].word);

			known = strncmp(notes[i], kinds[k].word, length) == 0 &&
				kinds[k].read(remains, notes[i] + length);
		}
		if (!known)
			return hst_fail(err, HST_INVALID, "note %zu is none of this driver's: %.100s", i + 1,
					notes[i]);
	}
	return HST_OK;
}
