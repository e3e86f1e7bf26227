#include "x11_house.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <png.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

const hst_driver_ops *ops;
char work[32] = "/tmp/hst-x11-XXXXXX";
char source[PATH_MAX];
uid_t user_id;
const char *why_not;
const char *house_driver = "x11";
const char *house_name = "00112233445566aa";

static const hst_plugin *plugin;
static char pam_dir[2 * PATH_MAX];

/* Those that are in use, so that a test that fails leaves no session behind. */
static struct holder *in_use[HOLDERS_MAX];

int run(const char *const *argv)
{
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		execvp(argv[0], (char *const *)argv);
		_exit(127);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return status;
}

bool installed(const char *program)
{
	char path[128];

	snprintf(path, sizeof path, "/usr/bin/%s", program);
	return access(path, X_OK) == 0;
}

void holder_init(struct holder *holder, const char *const *set)
{
	static int count; /* of directories */
	bool signs_in = strcmp(house_driver, "x11") == 0; /* itself, through PAM */
	const char *all[32] = {"pam_dir", pam_dir};
	hst_error err = {0};
	size_t n = signs_in ? 2 : 0;

	memset(holder, 0, sizeof *holder);
	for (size_t i = 0; i < HOLDERS_MAX && in_use[i] != holder; i++) {
		if (!in_use[i]) {
			in_use[i] = holder;
			break;
		}
	}
	fake_host_init(&holder->host, house_driver);
	holder->host.host.house = house_name;
	for (; set && set[0]; set += 2) {
		all[n++] = set[0];
		all[n++] = set[1];
	}
	all[n] = NULL;
	if (plugin->open(fake_host_config(&holder->host, plugin, all), &holder->host.host, &holder->state,
			 &err) != 0)
		fail_msg("%s", err.text);
	snprintf(holder->run_dir, sizeof holder->run_dir, "%s/%d-%d", work, (int)getpid(), ++count);
	assert_int_equal(mkdir(holder->run_dir, 0700), 0);
}

int holder_try(struct holder *holder, const char *user, const char *password, hst_error *err)
{
	const hst_open what = {.user = user,
			       .password = password ? fake_host_secret(&holder->host, password) : NULL,
			       .run_dir = holder->run_dir};

	return ops->open(holder->state, &holder->host.call, &what, &holder->session, err);
}

void holder_open(struct holder *holder, const char *const *set)
{
	hst_error err = {0};

	holder_init(holder, set);
	if (holder_try(holder, USER, NULL, &err) != HST_OK)
		fail_msg("%s: %s", err.reason, err.text);
}

void holder_close_session(struct holder *holder)
{
	hst_error err = {0};

	if (ops->close(holder->state, &holder->host.call, holder->session, &err) != HST_OK)
		fail_msg("%s", err.text);
}

void holder_forget(struct holder *holder)
{
	for (size_t i = 0; i < HOLDERS_MAX; i++)
		if (in_use[i] == holder)
			in_use[i] = NULL;
}

void holder_clear(struct holder *holder)
{
	plugin->close(holder->state);
	fake_host_clear(&holder->host);
	holder_forget(holder);

	/* Also proves that the driver has taken everything out of it. */
	assert_int_equal(rmdir(holder->run_dir), 0);
}

static pid_t start(struct holder *holder, char *const *argv, char *const *environment, int output)
{
	const hst_start what = {.argv = argv,
				.environment = environment,
				.directory = "/tmp",
				.stdin_fd = -1,
				.stdout_fd = output,
				.stderr_fd = output};
	hst_error err = {0};
	pid_t pid = 0;

	if (ops->start(holder->state, &holder->host.call, holder->session, &what, &pid, &err) != HST_OK)
		fail_msg("%s", err.text);
	return pid;
}

static void read_all(int fd, char *to)
{
	size_t n = 0;
	ssize_t got;

	while (n < OUTPUT_MAX - 1 && (got = read(fd, to + n, OUTPUT_MAX - 1 - n)) > 0)
		n += (size_t)got;
	to[n] = '\0';
}

const char *shell(struct holder *holder, const char *script)
{
	static char output[OUTPUT_MAX];
	char *const argv[] = {"sh", "-c", (char *)script, NULL};
	char *const none[] = {NULL};
	int ends[2], status;
	pid_t pid;

	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	pid = start(holder, argv, none, ends[1]);
	close(ends[1]);
	read_all(ends[0], output);
	close(ends[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	return output;
}

void screenshot(struct holder *holder, const char *path)
{
	hst_error err = {0};

	if (ops->screenshot(holder->state, &holder->host.call, holder->session, path, &err) != HST_OK)
		fail_msg("%s", err.text);
}

bool picture(const char *path, unsigned *ret_width, unsigned *ret_height)
{
	png_image image = {.version = PNG_IMAGE_VERSION};
	unsigned char *pixels;
	bool colours = false;
	size_t size;

	if (!png_image_begin_read_from_file(&image, path))
		fail_msg("%s: %s", path, image.message);
	image.format = PNG_FORMAT_RGB;
	size = PNG_IMAGE_SIZE(image);
	pixels = malloc(size);
	assert_non_null(pixels);
	assert_true(png_image_finish_read(&image, NULL, pixels, 0, NULL));
	for (size_t i = 3; i < size && !colours; i++)
		colours = pixels[i] != pixels[i - 3];
	free(pixels);
	*ret_width = image.width;
	*ret_height = image.height;
	return colours;
}

int display_of(const struct holder *holder)
{
	int display, server;

	assert_int_equal(sscanf(strchr(holder->session, ':'), ":%d:%d", &display, &server), 2);
	return display;
}

pid_t server_of(const struct holder *holder)
{
	int display, server;

	assert_int_equal(sscanf(strchr(holder->session, ':'), ":%d:%d", &display, &server), 2);
	return server;
}

/* The processes of the user that have not ended: what closing must leave none of. */
static size_t processes_of_user(char *names, size_t size)
{
	DIR *directory = opendir("/proc");
	struct dirent *entry;
	size_t n = 0;

	names[0] = '\0';
	while ((entry = readdir(directory)) != NULL) {
		char path[300], line[512] = "", *state;
		struct stat about;
		FILE *file;

		snprintf(path, sizeof path, "/proc/%s", entry->d_name);
		if (strspn(entry->d_name, "0123456789") == 0 || stat(path, &about) != 0 ||
		    about.st_uid != user_id)
			continue;
		snprintf(path, sizeof path, "/proc/%s/stat", entry->d_name);
		file = fopen(path, "re");
		if (!file)
			continue;
		state = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
		fclose(file);
		if (!state || state[2] == 'Z' || state[2] == 'X')
			continue;
		snprintf(names + strlen(names), size - strlen(names), " %.60s", line);
		n++;
	}
	closedir(directory);
	return n;
}

static size_t entries_of_user(const char *path, char *names, size_t size)
{
	DIR *directory = opendir(path);
	struct dirent *entry;
	struct stat about;
	size_t n = 0;

	while (directory && (entry = readdir(directory)) != NULL) {
		if (strcmp(entry->d_name, "..") == 0 ||
		    fstatat(dirfd(directory), entry->d_name, &about, AT_SYMLINK_NOFOLLOW) != 0 ||
		    about.st_uid != user_id)
			continue;
		snprintf(names + strlen(names), size - strlen(names), " %s/%s", path, entry->d_name);
		n++;
	}
	if (directory)
		closedir(directory);
	return n;
}

void assert_nothing_left(void)
{
	char names[4096];

	if (processes_of_user(names, sizeof names) > 0)
		fail_msg("processes are left:%s", names);
	if (entries_of_user("/tmp", names, sizeof names) +
		    entries_of_user("/tmp/.X11-unix", names, sizeof names) >
	    0)
		fail_msg("files are left:%s", names);
}

int house_close_all(void **unused)
{
	(void)unused;
	for (size_t i = 0; i < HOLDERS_MAX; i++) {
		if (!in_use[i])
			continue;
		plugin->close(in_use[i]->state);
		fake_host_clear(&in_use[i]->host);
		in_use[i] = NULL;
	}
	return 0;
}

static const char *missing_part(void)
{
	static const char *const programs[] = {"Xvfb", "openbox", "dbus-daemon", "dbus-send"};

	if (geteuid() != 0)
		return "sessions of other users need root";
	for (size_t i = 0; i < sizeof programs / sizeof *programs; i++)
		if (!installed(programs[i]))
			return programs[i];
	return NULL;
}

static void remove_user(const char *name)
{
	if (getpwnam(name))
		RUN("sh", "-c", "exec userdel -rf \"$0\" 2>/dev/null", name);
}

static int make_user(const char *name, bool home)
{
	remove_user(name); /* of a test that was interrupted */
	return home ? RUN("useradd", "-m", "-s", "/bin/sh", name)
		    : RUN("useradd", "-M", "-s", "/bin/sh", name);
}

static int set_up(void **unused)
{
	const char *tree = getenv("SRCDIR");

	(void)unused;
	why_not = missing_part();
	if (why_not)
		return 0;
	if (!realpath(tree && tree[0] ? tree : ".", source) || !mkdtemp(work) || chmod(work, 0755) != 0)
		return -1;
	snprintf(pam_dir, sizeof pam_dir, "%s/plugins/driver/linux/x11/pam.d", source);
	if (!freopen("/dev/null", "r", stdin) || make_user(USER, true) != 0 ||
	    make_user(USER_HOMELESS, false) != 0 ||
	    RUN("sh", "-c", "echo " USER ":" PASSWORD " | chpasswd") != 0)
		return -1;
	user_id = getpwnam(USER)->pw_uid;
	return 0;
}

static int tear_down(void **unused)
{
	(void)unused;
	if (why_not)
		return 0;
	remove_user(USER);
	remove_user(USER_HOMELESS);
	RUN("rm", "-rf", work);
	return 0;
}

int house_run(const struct CMUnitTest *tests, size_t n)
{
	const char *plugins = getenv("HOSTLER_PLUGINS");
	char file[PATH_MAX], found[PATH_MAX];

	snprintf(file, sizeof file, "%s/driver/%s.so", plugins ? plugins : "plugins", house_driver);
	if (!realpath(file, found)) {
		fprintf(stderr, "%s: %s\n", file, strerror(errno));
		return 1;
	}
	plugin = fake_host_load(found, house_driver);
	ops = plugin->ops;
	cmocka_set_test_filter(getenv("TEST_FILTER"));
	return _cmocka_run_group_tests(house_driver, tests, n, set_up, tear_down);
}
