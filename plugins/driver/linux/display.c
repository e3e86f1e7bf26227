#include "display.h"

#include "leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

bool display_is_named(const char *value, int display)
{
	const char *colon = strrchr(value, ':');
	char *end;

	return colon && strtol(colon + 1, &end, 10) == display && end > colon + 1 && (*end == '\0' || *end == '.');
}

int display_size(const char *text, int *ret_width, int *ret_height, hst_error *err)
{
	int width, height, end = 0;

	if (sscanf(text, "%5dx%5d%n", &width, &height, &end) != 2 || text[end] || width < 1 || height < 1 ||
	    width > SCREEN_SIDE_MAX || height > SCREEN_SIDE_MAX)
		return hst_fail(
			err, HST_INVALID,
			"screen = %s: write WIDTHxHEIGHT in pixels, such as 1280x800, at most %d a side",
			text, SCREEN_SIDE_MAX);
	*ret_width = width;
	*ret_height = height;
	return HST_OK;
}

int display_make_cookie(struct display *display, int fd, hst_error *err)
{
	/* One record as Xau(3) has it, numbers with the high byte first: family FamilyWild, then each with
	 * its length an empty address, an empty display number, the name of the protocol and the data. */
	static const char protocol[] = "MIT-MAGIC-COOKIE-1";
	unsigned char record[8 + sizeof protocol - 1 + 2 + COOKIE_SIZE] = {
		0xff, 0xff, 0, 0, 0, 0, 0, sizeof protocol - 1};
	unsigned char *at = record + 8;

	if (getrandom(display->cookie, COOKIE_SIZE, 0) != COOKIE_SIZE)
		return hst_fail(err, HST_RETRY, "no randomness: %s", strerror(errno));
	memcpy(at, protocol, sizeof protocol - 1);
	at += sizeof protocol - 1;
	at[0] = 0;
	at[1] = COOKIE_SIZE;
	memcpy(at + 2, display->cookie, COOKIE_SIZE);
	if (write(fd, record, sizeof record) != (ssize_t)sizeof record)
		return hst_fail_as(err, HST_RETRY, "SessionCreationError",
				   "the X cookie cannot be written: %s", strerror(errno));
	return HST_OK;
}

void display_secure_sockets(void)
{
	struct stat about;
	mode_t ours;
	int fd;

	if (geteuid() != 0)
		return;
	ours = umask(0);
	mkdir(LEFTOVERS_SOCKETS, 01777);
	umask(ours);
	fd = open(LEFTOVERS_SOCKETS, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return; /* the X server says what is wrong with it */
	if (fstat(fd, &about) == 0 && about.st_uid != 0 && fchown(fd, 0, 0) == 0)
		fchmod(fd, 01777);
	close(fd);
}

static int await_number(struct display *display, int fd, struct remains *remains,
			const struct deadline *deadline, hst_error *err)
{
	char line[32], path[64], *end;
	struct stat about = {0};
	long number;
	int rc;

	rc = launch_read_line(&display->process, fd, line, sizeof line, deadline, display->xserver, err);
	if (rc != HST_OK)
		return rc;
	number = strtol(line, &end, 10);
	if (end == line || *end || number < 0 || number > 65535)
		return hst_fail_as(err, HST_BROKEN, "SessionCreationError", "%s reports the display '%s'",
				   display->xserver, line);
	display->number = (int)number;
	snprintf(path, sizeof path, LEFTOVERS_SOCKETS "/X%ld", number);
	if (lstat(path, &about) != 0 || !S_ISSOCK(about.st_mode) || about.st_uid != remains->uid)
		return hst_fail_as(err, HST_BROKEN, "SessionCreationError",
				   "%s made no socket %s of its user: " LEFTOVERS_SOCKETS
				   " must belong to root and have mode 1777",
				   display->xserver, path);
	return remains_add_display(remains, deadline->call, display->number, about.st_dev, about.st_ino, err);
}

int display_start(struct display *display, const struct account *account, char *const *environment,
		  int log_fd, struct remains *remains, const struct deadline *deadline, hst_error *err)
{
	char screen[64];
	const char *const argv[] = {display->xserver,	"-displayfd", "3",    "-auth",
				    display->authority, "-nolisten",  "tcp",  "-noreset",
				    "-screen",		"0",	      screen,
				    display->opengl ? NULL : "-extension", "GLX", NULL};
	struct program program = {.what = "the X server",
				  .argv = (char *const *)argv,
				  .environment = environment,
				  .directory = display->directory,
				  .fd_in = -1,
				  .fd_out = log_fd,
				  .fd_err = log_fd,
				  .death_signal = SIGTERM,
				  .package = strcmp(display->xserver, "Xvfb") == 0 ? "xvfb" : NULL,
				  .note = remains_add_xserver};
	int number[2], rc;

	display_secure_sockets();
	snprintf(screen, sizeof screen, "%dx%dx24", display->width, display->height);
	if (pipe2(number, O_CLOEXEC) != 0)
		return hst_fail(err, HST_RETRY, "no pipe: %s", strerror(errno));
	program.fd_extra = number[1];
	rc = launch_program(account, &program, remains, deadline, &display->process, err);
	close(number[1]);
	if (rc == HST_OK)
		rc = await_number(display, number[0], remains, deadline, err);
	close(number[0]);
	return rc;
}
