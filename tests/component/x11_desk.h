/*
 * A person at a display: a real X server that a real user has started, with a cookie in that user's home, and programs of
 * the user's on it.
 */
#ifndef TESTS_COMPONENT_X11_DESK_H
#define TESTS_COMPONENT_X11_DESK_H

#include "x11_house.h"

#include <X11/Xlib.h>

enum { DESK_PROGRAMS_MAX = 8 };

struct desk {
	const char *user;
	uid_t uid;
	gid_t gid;
	char cookies[128]; /* the file; in the user's home, or in `work` where there is none */
	int display;
	pid_t server;
	pid_t programs[DESK_PROGRAMS_MAX];
	size_t count;
};

/* `argument` is one more for the X server; NULL: none. All desks are ended by desk_end_all, after a failed test too. */
void desk_begin(struct desk *desk, const char *user, const char *argument);
void desk_end(struct desk *desk);
int desk_end_all(void **unused);

/* As the user, with DISPLAY and XAUTHORITY. */
pid_t desk_start(struct desk *desk, const char *const *argv);
void desk_stop(struct desk *desk, pid_t program);

/*
 * As the user, a child of this process with a connection to the display: what `draw` has done there is done when this
 * returns, and lasts until desk_stop. `name` is what the process is called; NULL: as it is.
 */
pid_t desk_client(struct desk *desk, const char *name, void (*draw)(Display *connection));

/* The session of this display, id NULL when there is none; the second as an instance sees it that knows nothing yet. */
hst_session desk_seen(int display, struct holder *holder);
hst_session desk_seen_anew(int display);

void desk_check_locked(int display, hst_fact fact, int line);
void desk_check_doubt(int display, const char *words, int line);
#define assert_locked(display, fact) desk_check_locked(display, fact, __LINE__)
#define assert_doubt(display, words) desk_check_doubt(display, words, __LINE__)

/* What has been killed still has its grabs until the X server has seen that it is gone. */
void desk_await_locked(int display, hst_fact fact);

int desk_attach(struct holder *holder, const char *id, hst_error *err);

#define DESK_TEST(name) cmocka_unit_test_teardown(name, desk_end_all)

#endif
