/*
 * What the tests of drivers of Linux sessions share: an ordinary user who is made before the tests and removed after them, driver
 * instances as processes of hostler have them, and the proof that nothing of a session is left.
 *
 * Everything is for real and needs root; without it, or without the programs a session is made of, every test is
 * skipped with the reason.
 *
 *	HOSTLER_PLUGINS   directory with driver/x11.so and the others (default: plugins)
 *	SRCDIR            the source tree (default: .)
 */
#ifndef TESTS_COMPONENT_X11_HOUSE_H
#define TESTS_COMPONENT_X11_HOUSE_H

#include "../fakes/fake_host.h"

#include <hostler/driver.h>

#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/types.h>

#include <cmocka.h>

#define USER "hst-x11-test"
#define USER_HOMELESS "hst-x11-homeless"
#define PASSWORD "right-horse-7"

enum { HOLDERS_MAX = 20, OUTPUT_MAX = 65536 };

extern const hst_driver_ops *ops;
extern char work[32];         /* of this program, with a directory per session in it */
extern char source[PATH_MAX]; /* the source tree */
extern uid_t user_id;         /* of USER */
extern const char *why_not;   /* why nothing can be tested here; NULL: it can */
extern const char *house_name;	 /* of the hostler that holders made from now on are processes of */
extern const char *house_driver; /* "x11", unless something else is said before house_run */

/* One driver instance as a process of hostler has it; static, since it outlives a test that fails. */
struct holder {
	struct fake_host host;
	void *state;
	char run_dir[64];
	const char *session;
};

/* `set` are options as for fake_host_config; NULL: the defaults. Whatever fails here fails the test. */
void holder_init(struct holder *holder, const char *const *set);
int holder_try(struct holder *holder, const char *user, const char *password, hst_error *err);
void holder_open(struct holder *holder, const char *const *set); /* init, and a session of USER */
void holder_close_session(struct holder *holder);
void holder_forget(struct holder *holder); /* it was another process's */
void holder_clear(struct holder *holder); /* proves that the driver has emptied the session's directory */

/* What a shell script in the session prints; valid until the next call. */
const char *shell(struct holder *holder, const char *script);
void screenshot(struct holder *holder, const char *path);

/* Width and height of the PNG, and whether it shows more than one colour. */
bool picture(const char *path, unsigned *ret_width, unsigned *ret_height);
int display_of(const struct holder *holder);
pid_t server_of(const struct holder *holder);

/* No process, socket or temporary file of USER. */
void assert_nothing_left(void);

/* Runs a program here and waits for it; its status as from waitpid. */
int run(const char *const *argv);
#define RUN(...) run((const char *const[]){__VA_ARGS__, NULL})
bool installed(const char *program);

/* The whole of main(); a test ends with the sessions it left open being closed. */
int house_run(const struct CMUnitTest *tests, size_t n);
int house_close_all(void **unused);
#define TEST(name) cmocka_unit_test_teardown(name, house_close_all)

#define NEEDS_ROOT()                                             \
	do {                                                     \
		if (why_not) {                                   \
			print_message("skipped: %s\n", why_not); \
			skip();                                  \
		}                                                \
	} while (0)

#endif
