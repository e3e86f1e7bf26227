/*
 * The private X server of a session: started on the first free display number, reachable only over local
 * sockets and only with a cookie of its own.
 */
#ifndef LINUX_DISPLAY_H
#define LINUX_DISPLAY_H

#include "launch.h"
#include "remains.h"

enum { COOKIE_SIZE = 16, SCREEN_SIDE_MAX = 16384 };

struct display {
	const char *xserver; /* the program: Xvfb */
	bool opengl; /* most of the server's memory is its software renderer, even where nobody draws with it */
	int width, height;
	const char *directory; /* the session's, where the server is started */
	const char *authority; /* path of the cookie's file */
	unsigned char cookie[COOKIE_SIZE];
	int number;
	struct process process;
};

/* Does DISPLAY = `value` name this display of this machine? ":7", ":7.0", "unix:7" */
bool display_is_named(const char *value, int display);

/* Reads "1280x800"; HST_INVALID says what is wrong. */
int display_size(const char *text, int *ret_width, int *ret_height, hst_error *err);

/* Draws a cookie and writes it to `fd` as an authority file that fits every host name and display. */
int display_make_cookie(struct display *display, int fd, hst_error *err);

/*
 * Where no X server has run yet the directory of their sockets is missing, and the first server makes it: as a user's own, who
 * could then take the sockets of all others away. So root makes it, and takes it back where that has happened.
 */
void display_secure_sockets(void);

/* Starts the server and waits until it listens. It writes its messages to `log_fd`. */
int display_start(struct display *display, const struct account *account, char *const *environment,
		  int log_fd, struct remains *remains, const struct deadline *deadline, hst_error *err);

#endif
