/*
 * xrdp's session manager: a server on this machine that signs users in and keeps their sessions. It is asked with
 * `xrdp-sesrun`, whose text is the answer (its exit status says nothing of a wrong password).
 */
#ifndef XRDP_SESMAN_H
#define XRDP_SESMAN_H

#include "../launch.h"

#include <hostler/driver.h>

enum { SESMAN_PORT = 3350, SESMAN_PASSWORD_MAX = 255 };

struct sesman_request {
	const struct account *account;
	const hst_secret *password; /* NULL: there is none */
	int width, height;
	const char *program; /* what the session runs; more than one word, so that sesman gives it to a shell */
};

/* Does somebody listen who may be trusted with a password? HST_RETRY with NoListenerConnected, or HST_DENIED. */
int sesman_listens(hst_error *err);

/* Asks for a session. Where the user has one that sesman knows, it is that one's display. */
int sesman_ask(const struct sesman_request *request, struct remains *remains, const struct deadline *deadline,
	       int *ret_display, hst_error *err);

#endif
