#include "fake_house.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"
#include "os/spawn.h"

#include <fcntl.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FILE_MAX = 16 << 20 };

static void must(int code, const hst_error *err)
{
	if (code != HST_OK)
		fail_msg("%s", err->text);
}

static void put(const struct house *house, const char *name, const void *bytes, size_t length, mode_t mode)
{
	AUTO_FREE char *path = files_join(house->folder, name);
	hst_error err = {0};

	must(files_replace(path, bytes, length, mode, false, &err), &err);
	assert_int_equal(chmod(path, mode), 0);
}

void house_tell(const struct house *house, const char *name, const char *behaviour)
{
	AUTO_FREE char *file = mem_printf("do.%s", name);

	put(house, file, behaviour, strlen(behaviour), 0644);
}

void house_let_go(const struct house *house, const char *name)
{
	AUTO_FREE char *file = mem_printf("go.%s", name);

	put(house, file, "", 0, 0644);
}

void house_keep(const struct house *house, const char *name, const char *text)
{
	AUTO_FREE char *state = files_join(house->folder, "state");
	AUTO_FREE char *path = files_join(state, name);
	const struct passwd *nobody = getpwnam("nobody");
	AUTO_FREE char *parent = files_beside(path, ".");
	hst_error err = {0};

	must(files_make_directory(state, 0700, &err), &err);
	must(files_make_directory(parent, 0700, &err), &err);
	must(files_replace(path, text, strlen(text), 0600, false, &err), &err);
	if (geteuid() == 0) {
		assert_int_equal(chown(path, nobody->pw_uid, nobody->pw_gid), 0);
		assert_int_equal(chown(parent, nobody->pw_uid, nobody->pw_gid), 0);
		assert_int_equal(chown(state, nobody->pw_uid, nobody->pw_gid), 0);
	}
}

static void copy_to(const struct house *house, const char *from, const char *name)
{
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	hst_error err = {0};

	must(files_read(from, FILE_MAX, &bytes, &length, &err), &err);
	put(house, name, bytes, length, 0755);
}

/* hostlerd as it was built, and beside it fakes in the place of all others. */
void house_make(struct house *house, const char *configuration)
{
	static const char *const children[] = {"hostler", "hostler-engine", "hostler-worker", "hostler-gateway",
					       "hostler-session"};
	const char *programs = getenv("HOSTLER_PROGRAMS"), *top = getenv("SRCDIR");
	AUTO_FREE char *hostlerd = files_join(programs ? programs : ".", "hostlerd");
	AUTO_FREE char *fake = files_join(top ? top : ".", "tests/fakes/fake_child.py");
	const struct passwd *nobody = getpwnam("nobody");

	memset(house, 0, sizeof *house);
	house->out = -1;
	strcpy(house->folder, "/tmp/hostler-house-XXXXXX");
	assert_non_null(mkdtemp(house->folder));
	assert_int_equal(chmod(house->folder, 0755), 0);
	copy_to(house, hostlerd, "hostlerd");
	for (size_t i = 0; i < sizeof children / sizeof children[0]; i++)
		copy_to(house, fake, children[i]);
	put(house, "hostler.ini", configuration, strlen(configuration), 0644);
	if (geteuid() == 0)
		assert_int_equal(chown(house->folder, nobody->pw_uid, nobody->pw_gid), 0);
}

/* Starts hostlerd with these arguments; its stdout is ours to read. */
static pid_t run_hostlerd(const struct house *house, const char *how, int *ret_out)
{
	AUTO_FREE char *program = files_join(house->folder, "hostlerd");
	AUTO_FREE char *home = mem_printf("HOME=%s", house->folder);
	char *const environment[] = {home, "PATH=/usr/bin:/bin", NULL};
	char *as_nobody[] = {"setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups", program, "-c",
			     "hostler.ini", (char *)how, NULL};
	bool root = geteuid() == 0;
	int out[2];
	pid_t pid = 0;
	hst_error err = {0};

	assert_int_equal(pipe2(out, O_CLOEXEC), 0);
	must(spawn_start(&(struct spawn){.path = root ? "/usr/bin/setpriv" : program,
					 .argv = root ? as_nobody : as_nobody + 4,
					 .environment = environment,
					 .directory = house->folder,
					 .fds = (struct spawn_fd[]){{out[1], 1}},
					 .fd_count = 1},
			 &pid, &err),
	     &err);
	close(out[1]);
	*ret_out = out[0];
	return pid;
}

void house_configure(const struct house *house, const char *configuration)
{
	put(house, "hostler.ini", configuration, strlen(configuration), 0644);
}

static bool has_answered(const struct house *house, int serial)
{
	AUTO_FREE char *text = house_file(house, "state/reload");
	char state[8];
	int at;

	return sscanf(text, "%d %7s", &at, state) == 2 && at >= serial && strcmp(state, "busy") != 0;
}

char *house_upgrade(const struct house *house, int serial)
{
	kill(house->pid, SIGUSR2);
	WAIT_UNTIL(has_answered(house, serial));
	return house_file(house, "state/reload");
}

void house_replace(const struct house *house, const char *program, const char *text)
{
	const char *programs = getenv("HOSTLER_PROGRAMS");
	AUTO_FREE char *hostlerd = files_join(programs ? programs : ".", "hostlerd");

	if (text)
		put(house, program, text, strlen(text), 0755);
	else
		copy_to(house, hostlerd, program);
}

char *house_reload(const struct house *house, int serial)
{
	kill(house->pid, SIGHUP);
	WAIT_UNTIL(has_answered(house, serial));
	return house_file(house, "state/reload");
}

void house_start(struct house *house)
{
	if (house->out >= 0)
		close(house->out);
	memset(house->said, 0, sizeof house->said);
	house->said_length = 0;
	house->pid = run_hostlerd(house, "--foreground", &house->out);
	fcntl(house->out, F_SETFL, O_NONBLOCK);
}

bool house_said(struct house *house, const char *word)
{
	ssize_t n = read(house->out, house->said + house->said_length, sizeof house->said - 1 - house->said_length);

	if (n > 0)
		house->said_length += (size_t)n;
	return strstr(house->said, word) != NULL;
}

void house_wait_ready(struct house *house)
{
	WAIT_UNTIL(house_said(house, "ready\n"));
}

static bool has_ended(pid_t pid, int *status)
{
	return waitpid(pid, status, WNOHANG) == pid;
}

/* Exit status of a hostlerd; 128 and more stand for a signal. */
static int wait_status(pid_t pid)
{
	int status = 0;

	WAIT_UNTIL(has_ended(pid, &status));
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

char *house_file(const struct house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->folder, name);
	char *bytes = NULL;
	size_t length = 0;

	return files_read(path, FILE_MAX, &bytes, &length, NULL) == HST_OK ? bytes : mem_text("");
}

bool house_file_has(const struct house *house, const char *name, const char *text)
{
	AUTO_FREE char *bytes = house_file(house, name);

	return strstr(bytes, text) != NULL;
}

bool house_is_there(const struct house *house, const char *name)
{
	AUTO_FREE char *path = files_join(house->folder, name);

	return access(path, F_OK) == 0;
}

int house_count(const struct house *house, const char *text)
{
	AUTO_FREE char *bytes = house_file(house, "heard");
	int n = 0;

	for (const char *at = bytes; (at = strstr(at, text)) != NULL; at += strlen(text))
		n++;
	return n;
}

/* Whether the first text stands before the second one, and both do. */
bool house_in_order(const struct house *house, const char *first, const char *second)
{
	AUTO_FREE char *bytes = house_file(house, "heard");
	const char *one = strstr(bytes, first), *other = strstr(bytes, second);

	return one && other && one < other;
}

int house_wait(struct house *house)
{
	int status = wait_status(house->pid);

	house->pid = 0;
	return status;
}

int house_stop(struct house *house)
{
	kill(house->pid, SIGTERM);
	return house_wait(house);
}

int house_run_once(const struct house *house, const char *how)
{
	int out = -1, status;
	pid_t pid = run_hostlerd(house, how, &out);

	status = wait_status(pid);
	close(out);
	return status;
}

void house_clear(struct house *house)
{
	if (house->pid)
		house_stop(house);
	if (house->out >= 0)
		close(house->out);
	assert_int_equal(files_remove_tree(house->folder, NULL), HST_OK);
}
