/*
 * A terminal server for tests: xrdp-sesman in a world of its own, which this program and all below it alone are in. Its
 * network, processes, users, homes, /run and X sockets are nobody else's, since sesman's control port is fixed and what it
 * starts outlives it. When this program has ended, nothing of that world is left.
 *
 * Needs root, and xrdp with xorgxrdp; else every test is skipped with the reason.
 */
#ifndef TESTS_COMPONENT_XRDP_HOUSE_H
#define TESTS_COMPONENT_XRDP_HOUSE_H

#include "x11_house.h"

#define PERSON "hst-xrdp-anna"
#define OTHER "hst-xrdp-bert"
#define SOCKETS "/run/xrdp/sockdir"

/* The whole of main(). */
int xrdp_house_run(const struct CMUnitTest *tests, size_t n);

void sesman_start(void); /* waits until it listens, and proves that it is this one */
void sesman_kill(int number);
pid_t sesman_pid(void);
const char *sesman_log(void);
pid_t listen_as(const char *user); /* on sesman's port; a child, once it listens */

/* A person signs in at the terminal server; the display. The session runs startwm.sh as theirs do. */
int person_signs_in(const char *user);
int person_asks(const char *user); /* the same, and does not wait for what comes of it */
void person_signs_out(const char *user); /* waits until sesman has forgotten the session */

/* Somebody's client at the display: what xrdp has when one is there. */
int client_attach(int display);
void client_detach(int fd);

/* Ends everybody's sessions, and begins sesman anew when it has gone. */
int xrdp_house_clear(void **unused);
#define XRDP_TEST(name) cmocka_unit_test_teardown(name, xrdp_house_clear)

size_t processes_of(const char *user, const char *name); /* NULL: all */
pid_t broker_of(const char *user); /* sesman's own process for the user's session, while its X server is there; else 0 */
size_t entries_in(const char *directory);

#endif
