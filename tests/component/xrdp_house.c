#include "xrdp_house.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { PORT = 3350, PATIENCE_MS = 20000, DISPLAYS = 50 };

static pid_t sesman;

static const char *missing_part(void)
{
	static const char *const files[] = {"/usr/sbin/xrdp-sesman", "/usr/bin/xrdp-sesrun", "/usr/lib/xorg/Xorg",
					    "/etc/X11/xrdp/xorg.conf", "/usr/bin/xauth",     "/usr/bin/openbox"};

	if (geteuid() != 0)
		return "a terminal server of one's own needs root";
	for (size_t i = 0; i < sizeof files / sizeof *files; i++)
		if (access(files[i], F_OK) != 0)
			return files[i];
	return NULL;
}

static void a_moment(void)
{
	const struct timespec moment = {.tv_nsec = 10000000L};

	nanosleep(&moment, NULL);
}

/* The world */

static const char world[] =
	"set -e\n"
	"ip link set lo up\n"
	"mkdir -p /tmp/.X11-unix\n"
	"mount -t tmpfs -o mode=1777 none /tmp/.X11-unix\n"
	"for display in $(seq $0 $(($0 + 49))); do rm -f /tmp/.X$display-lock; done\n" /* of a world that was killed */
	"mount -t tmpfs -o mode=755 none /mnt\n"
	"cp -a /etc /mnt/etc 2>/dev/null || true\n" /* while somebody makes a user there, locks come and go */
	"rm -f /mnt/etc/*.lock /mnt/etc/*+\n"
	"mount --bind /mnt/etc /etc\n"
	"mount -t tmpfs -o mode=755 none /home\n"
	"mount -t tmpfs -o mode=755 none /run\n"
	"mkdir -p -m 755 /run/xrdp /run/lock\n"
	"mkdir /run/xrdp/sockdir\n"
	"chmod 3777 /run/xrdp/sockdir\n"
	"sed -e 's|^LogFile=.*|LogFile=/run/sesman.log|; s|^EnableSyslog=.*|EnableSyslog=false|; s|^X11DisplayOffset=.*|X11DisplayOffset='$0'|'"
	" -e 's|^MaxSessions=.*|MaxSessions=30|' /etc/xrdp/sesman.ini >/run/sesman.ini\n"
	"printf '#!/bin/sh\\nexec openbox\\n' >/etc/xrdp/startwm.sh\n"
	"for user in " PERSON " " OTHER "; do useradd -K UID_MIN=$(($0 + 24000)) -m -s /bin/sh $user; echo $user:" PASSWORD " | chpasswd; done\n";

/* The locks of displays are in the /tmp of all, and name processes that are others in each world. */
static int make_world(pid_t own)
{
	char offset[16];

	snprintf(offset, sizeof offset, "%d", 15000 + (int)own % 400 * DISPLAYS);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 || mount("proc", "/proc", "proc", 0, NULL) != 0)
		return -1;
	return RUN("sh", "-c", world, offset);
}

/* The first process of the world: takes the status of whatever loses its parent, and ends with the tests. */
static int keep_world(pid_t own, int (*tests)(void *), void *arg)
{
	int status, result = 1;
	pid_t child = fork(), ended;

	if (child == 0)
		exit(make_world(own) == 0 ? tests(arg) : 99);
	while ((ended = waitpid(-1, &status, 0)) > 0 || errno == EINTR)
		if (ended == child) {
			result = WIFEXITED(status) ? WEXITSTATUS(status) : 98;
			break;
		}
	return result;
}

static _Noreturn void in_world(int (*tests)(void *), void *arg)
{
	const pid_t own = getpid();
	int status;
	pid_t child;

	if (unshare(CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWPID) != 0) {
		perror("unshare");
		_exit(97);
	}
	child = fork();
	if (child == 0)
		exit(keep_world(own, tests, arg));
	if (waitpid(child, &status, 0) != child)
		status = 0x6000;

	/* Not by exit: this process can have no more children, and AddressSanitizer would want one to look for leaks here. */
	_exit(WIFEXITED(status) ? WEXITSTATUS(status) : 95);
}

/* sesman */

/* It takes this one for 127.0.0.1, and xrdp-sesrun does too. */
static bool listens(void)
{
	const struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
	bool there = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;

	close(fd);
	return there;
}

void sesman_start(void)
{
	int waited = 0;

	/* So whoever does below is this one: the network is ours alone. */
	if (listens())
		exit(93);
	sesman = fork();
	if (sesman == 0) {
		int log = open("/run/sesman.out", O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);

		dup2(log, 1);
		dup2(log, 2);
		execl("/usr/sbin/xrdp-sesman", "xrdp-sesman", "-n", "-c", "/run/sesman.ini", NULL);
		_exit(127);
	}
	for (; !listens() && waited < PATIENCE_MS; waited += 10)
		a_moment();
	if (waited >= PATIENCE_MS) {
		fprintf(stderr, "xrdp-sesman does not listen: %s\n", sesman_log());
		exit(94);
	}
}

void sesman_kill(int number)
{
	if (sesman <= 0)
		return;
	kill(sesman, number);
	waitpid(sesman, NULL, 0);
	sesman = 0;
}

pid_t sesman_pid(void)
{
	return sesman;
}

/* Its end, as cmocka prints no more. */
const char *sesman_log(void)
{
	static char text[800];
	FILE *file = fopen("/run/sesman.log", "re");
	size_t n = 0;

	if (file) {
		if (fseek(file, -(long)(sizeof text - 1), SEEK_END) != 0)
			rewind(file);
		n = fread(text, 1, sizeof text - 1, file);
		fclose(file);
	}
	text[n] = '\0';
	return text;
}

pid_t listen_as(const char *user)
{
	const struct sockaddr_in6 address = {
		.sin6_family = AF_INET6, .sin6_port = htons(PORT), .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	const struct passwd *record = getpwnam(user);
	pid_t child = fork();

	if (child == 0) {
		int one = 1, fd;

		if (setgid(record->pw_gid) != 0 || setuid(record->pw_uid) != 0)
			_exit(1);
		fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
		if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
		    bind(fd, (const struct sockaddr *)&address, sizeof address) != 0 || listen(fd, 5) != 0)
			_exit(1);
		pause();
		_exit(0);
	}
	for (int waited = 0; !listens() && waited < PATIENCE_MS; waited += 10)
		a_moment();
	return child;
}

/* People */

int person_asks(const char *user)
{
	char command[256], line[256] = "";
	int display = -1;
	FILE *said;

	snprintf(command, sizeof command, "echo " PASSWORD " | xrdp-sesrun -s 127.0.0.1 -F 0 -t Xorg %s 2>/dev/null", user);
	said = popen(command, "re");
	while (said && display < 0 && fgets(line, sizeof line, said))
		sscanf(line, "ok data=%*d display=:%d", &display);
	if (said)
		pclose(said);
	if (display < 0)
		fail_msg("%s: %s\n%s", user, line, sesman_log());
	return display;
}

int person_signs_in(const char *user)
{
	size_t before = processes_of(user, "openbox"), channels = processes_of(user, "xrdp-chansrv");
	int display = person_asks(user);

	for (int waited = 0; (processes_of(user, "openbox") == before || processes_of(user, "xrdp-chansrv") == channels) && waited < PATIENCE_MS;
	     waited += 10)
		a_moment();
	return display;
}

void person_signs_out(const char *user)
{
	pid_t broker = broker_of(user);

	RUN("pkill", "-TERM", "-x", "-u", user, "openbox");
	for (int waited = 0; (processes_of(user, NULL) > 0 || kill(broker, 0) == 0) && waited < PATIENCE_MS; waited += 10)
		a_moment();
	assert_int_equal(processes_of(user, NULL), 0);
	assert_int_not_equal(kill(broker, 0), 0);
}

int client_attach(int display)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof address.sun_path, SOCKETS "/xrdp_display_%d", display);
	for (int waited = 0; connect(fd, (const struct sockaddr *)&address, sizeof address) != 0 && waited < PATIENCE_MS; waited += 10)
		a_moment();
	return fd;
}

void client_detach(int fd)
{
	close(fd);
}

/* Looking */

struct looked {
	char name[32];
	char state;
	int parent;
};

static bool look_at(const char *pid, uid_t uid, struct looked *ret)
{
	char path[300], line[512] = "", *begin, *end;
	struct stat about;
	FILE *file;

	snprintf(path, sizeof path, "/proc/%s", pid);
	if (strspn(pid, "0123456789") == 0 || stat(path, &about) != 0 || about.st_uid != uid)
		return false;
	snprintf(path, sizeof path, "/proc/%s/stat", pid);
	file = fopen(path, "re");
	if (!file || !fgets(line, sizeof line, file))
		line[0] = '\0';
	if (file)
		fclose(file);
	begin = strchr(line, '(');
	end = strrchr(line, ')');
	if (!begin || !end || sscanf(end + 1, " %c %d", &ret->state, &ret->parent) != 2)
		return false;
	*end = '\0';
	snprintf(ret->name, sizeof ret->name, "%s", begin + 1);
	return ret->state != 'Z' && ret->state != 'X';
}

/* The number of this user's processes of that name (NULL: any), and the parent of one of them. */
static size_t look_for(const char *user, const char *name, int *ret_parent)
{
	const struct passwd *record = getpwnam(user);
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	struct looked looked;
	size_t n = 0;

	*ret_parent = 0;
	while (record && directory && (entry = readdir(directory)) != NULL) {
		if (!look_at(entry->d_name, record->pw_uid, &looked) || (name && strcmp(looked.name, name) != 0))
			continue;
		*ret_parent = looked.parent;
		n++;
	}
	if (directory)
		closedir(directory);
	return n;
}

size_t processes_of(const char *user, const char *name)
{
	int parent;

	return look_for(user, name, &parent);
}

pid_t broker_of(const char *user)
{
	int parent;

	return look_for(user, "Xorg", &parent) > 0 ? parent : 0;
}

size_t entries_in(const char *path)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	size_t n = 0;

	while (directory && (entry = readdir(directory)) != NULL)
		n += entry->d_name[0] != '.';
	if (directory)
		closedir(directory);
	return n;
}

/* Beginning and end */

static void end_sessions_of(const char *user)
{
	for (int waited = 0; processes_of(user, NULL) > 0 && waited < PATIENCE_MS; waited += 10) {
		RUN("pkill", waited < 2000 ? "-TERM" : "-KILL", "-u", user);
		a_moment();
	}
}

/* Until then it names a session that has ended to whoever signs in. */
static void wait_for_sesman_to_forget(void)
{
	char pid[16];

	snprintf(pid, sizeof pid, "%d", (int)sesman);
	for (int waited = 0; RUN("sh", "-c", "pgrep -P $0 >/dev/null", pid) == 0 && waited < PATIENCE_MS; waited += 10)
		a_moment();
}

int xrdp_house_clear(void **unused)
{
	house_close_all(unused);
	if (why_not)
		return 0;
	end_sessions_of(USER);
	end_sessions_of(PERSON);
	end_sessions_of(OTHER);
	if (!sesman || kill(sesman, 0) != 0)
		sesman_start();
	else
		wait_for_sesman_to_forget();
	return 0;
}

struct tests {
	const struct CMUnitTest *tests;
	size_t n;
};

static int run_in_world(void *arg)
{
	const struct tests *tests = arg;
	int result;

	sesman_start();
	result = house_run(tests->tests, tests->n);
	sesman_kill(SIGKILL);
	return result;
}

int xrdp_house_run(const struct CMUnitTest *tests, size_t n)
{
	struct tests all = {tests, n};
	const char *missing = missing_part();

	house_driver = "xrdp";
	if (missing) {
		why_not = missing;
		return house_run(tests, n);
	}
	in_world(run_in_world, &all);
}
