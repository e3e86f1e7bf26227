/*
 * Who the roles run as. Started as root each role has a user of its own, all of them in the group hostler; what is
 * missing is made. Started as a person, everything runs as that person.
 */
#ifndef HOST_SUPERVISE_ACCOUNTS_H
#define HOST_SUPERVISE_ACCOUNTS_H

#include "config/accounts.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <sys/types.h>

struct accounts {
	bool root;
	uid_t engine, worker, gateway;
	gid_t group;
};

/* Makes what is missing (as root); not as root: nothing, and ids are the caller's. */
int accounts_prepare(struct accounts *ret, hst_error *err);

#endif
