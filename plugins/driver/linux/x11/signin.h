/*
 * The PAM session of a user. PAM acts on the process that calls it, so a process has at most one, and stays
 * root until it is closed. Where hostler does not run as root there is no PAM session, and everything here
 * succeeds at once.
 */
#ifndef X11_SIGNIN_H
#define X11_SIGNIN_H

#include "../account.h"

#include <security/pam_appl.h>

struct signin {
	pam_handle_t *handle; /* NULL: none is open */
};

/*
 * Signs the account in: with a password PAM checks it; without one only the account's right to be here is
 * checked. Raises the account's groups and umask to what the PAM modules set; those of this process stay.
 */
int signin_open(struct signin *signin, struct account *account, const char *pam_dir, hst_call *call,
		const hst_secret *password, hst_error *err);

/* What the PAM modules want in the session's environment: a list that ends with NULL, to be freed with its
 * entries. */
char **signin_environment(const struct signin *signin);

void signin_close(struct signin *signin);

/* Closes the PAM session that a dead process left open, as far as that can be done from another. */
void signin_reap(const char *user, const char *pam_dir);

/*
 * The directory with the service file "hostler": `option`, or the one installed with this plugin. It must
 * belong to root and be writable by root alone, because it decides who is let in.
 */
int signin_directory(hst_host *host, hst_arena *arena, const char *option, const char **ret, hst_error *err);

#endif
