#include "screen.h"

#include <X11/Xatom.h>
#include <X11/Xlib.h>
#include <X11/Xutil.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <png.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Where the child finds the file it writes to. */
enum { PICTURE_FD = 3 };

/* Xlib's own answer to a lost connection is exit(), which would run the exit handlers of the process we came
 * from. */
static int connection_lost(Display *connection)
{
	(void)connection;
	_exit(2);
}

static int request_failed(Display *connection, XErrorEvent *event)
{
	(void)connection;
	(void)event;
	return 0; /* the call that failed says so by its result */
}

static Display *connect_to(const struct display *display, char why[LAUNCH_WHY_MAX])
{
	static char protocol[] = "MIT-MAGIC-COOKIE-1";
	unsigned char cookie[COOKIE_SIZE];
	Display *connection;
	char name[32];

	memcpy(cookie, display->cookie, sizeof cookie);
	snprintf(name, sizeof name, ":%d", display->number);
	XSetIOErrorHandler(connection_lost);
	XSetErrorHandler(request_failed);
	XSetAuthorization(protocol, sizeof protocol - 1, (char *)cookie, sizeof cookie);
	connection = XOpenDisplay(name);
	if (!connection)
		snprintf(why, LAUNCH_WHY_MAX, "display %s lets nobody in", name);
	return connection;
}

static Window window_property(Display *connection, Window window, Atom property)
{
	unsigned char *data = NULL;
	unsigned long n, left;
	Window found = None;
	int format;
	Atom type;

	if (XGetWindowProperty(connection, window, property, 0, 1, False, XA_WINDOW, &type, &format, &n,
			       &left, &data) == Success &&
	    format == 32 && n == 1)
		memcpy(&found, data, sizeof found);
	if (data)
		XFree(data);
	return found;
}

/*
 * Into the lower right corner. In the middle, where a server begins, it would lie over the first window,
 * whose hints would then cover it in pictures.
 */
static void park_pointer(Display *connection)
{
	int screen = DefaultScreen(connection);

	XWarpPointer(connection, None, DefaultRootWindow(connection), 0, 0, 0, 0,
		     DisplayWidth(connection, screen) - 1, DisplayHeight(connection, screen) - 1);
}

/* The deadline is kept by the process that waits for this one. */
static int make_ready(const void *argument, char why[LAUNCH_WHY_MAX])
{
	Display *connection = connect_to(argument, why);
	Window root, manager;
	Atom announced;
	XEvent event;

	if (!connection)
		return 1;
	root = DefaultRootWindow(connection);
	announced = XInternAtom(connection, "_NET_SUPPORTING_WM_CHECK", False);

	/* Asked for before the first look, so that an announcement in between is not missed. */
	XSelectInput(connection, root, PropertyChangeMask);
	for (;;) {
		manager = window_property(connection, root, announced);
		if (manager != None && window_property(connection, manager, announced) == manager)
			break;
		XNextEvent(connection, &event);
	}
	park_pointer(connection);
	XCloseDisplay(connection);
	return 0;
}

int screen_make_ready(const struct display *display, const struct account *account,
		      const struct process *manager, const struct deadline *deadline, hst_error *err)
{
	return launch_aside(account, make_ready, display, -1, manager, deadline, err);
}

static int write_png(XImage *image, FILE *to, char why[LAUNCH_WHY_MAX])
{
	png_image png = {.version = PNG_IMAGE_VERSION,
			 .width = (png_uint_32)image->width,
			 .height = (png_uint_32)image->height,
			 .format = PNG_FORMAT_RGB,
			 .flags = PNG_IMAGE_FLAG_FAST};
	unsigned char *pixels = malloc((size_t)image->width * (size_t)image->height * 3), *at = pixels;

	if (!pixels) {
		snprintf(why, LAUNCH_WHY_MAX, "no memory for the picture");
		return 1;
	}
	for (int y = 0; y < image->height; y++) {
		for (int x = 0; x < image->width; x++) {
			unsigned long pixel = XGetPixel(image, x, y);

			*at++ = (unsigned char)(pixel >> 16);
			*at++ = (unsigned char)(pixel >> 8);
			*at++ = (unsigned char)pixel;
		}
	}
	if (!png_image_write_to_stdio(&png, to, 0, pixels, 0, NULL) || fflush(to) != 0) {
		snprintf(why, LAUNCH_WHY_MAX, "the picture cannot be written: %s", png.message);
		return 1;
	}
	return 0;
}

static int capture(const void *argument, char why[LAUNCH_WHY_MAX])
{
	Display *connection = connect_to(argument, why);
	XWindowAttributes root;
	XImage *image;
	FILE *file;

	if (!connection)
		return 1;
	if (!XGetWindowAttributes(connection, DefaultRootWindow(connection), &root) || root.depth != 24 ||
	    root.width > SCREEN_SIDE_MAX || root.height > SCREEN_SIDE_MAX) {
		snprintf(why, LAUNCH_WHY_MAX, "the screen has no 24-bit colours");
		return 1;
	}
	image = XGetImage(connection, DefaultRootWindow(connection), 0, 0, (unsigned)root.width,
			  (unsigned)root.height, AllPlanes, ZPixmap);
	if (!image || image->red_mask != 0xff0000 || image->green_mask != 0xff00 ||
	    image->blue_mask != 0xff) {
		snprintf(why, LAUNCH_WHY_MAX, "the display gives no picture in red, green and blue");
		return 1;
	}
	file = fdopen(PICTURE_FD, "wb");
	return file ? write_png(image, file, why) : 1;
}

int screen_capture(const struct display *display, const struct account *account, const char *path,
		   const struct deadline *deadline, hst_error *err)
{
	char part[PATH_MAX];
	int fd, rc;

	if (snprintf(part, sizeof part, "%s.part", path) >= (int)sizeof part)
		return hst_fail(err, HST_INVALID, "the path of the screenshot is too long");
	fd = open(part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0)
		return hst_fail(err, HST_INVALID, "%s cannot be made: %s", part, strerror(errno));
	rc = launch_aside(account, capture, display, fd, NULL, deadline, err);
	close(fd);
	if (rc == HST_OK && renameat2(AT_FDCWD, part, AT_FDCWD, path, RENAME_NOREPLACE) != 0)
		rc = hst_fail(err, HST_INVALID, "%s cannot be made: %s", path, strerror(errno));
	if (rc != HST_OK)
		unlink(part);
	return rc;
}
