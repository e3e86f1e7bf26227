/*
 * Who a user name means on this machine. Names of rule R3 that make sense on Linux: `user`, `.\user`,
 * `HOST\user` and `user@host`, where the host is this one, written short or in full and in any case. A name
 * that the system's user database knows as it stands (directory services have names with a backslash or an at
 * sign) wins over these.
 */
#ifndef LINUX_ACCOUNT_H
#define LINUX_ACCOUNT_H

#include <hostler/driver.h>

enum { ACCOUNT_GROUPS_MAX = 1024 };

struct account {
	const char *name, *home, *shell; /* in the arena it was looked up with */
	uid_t uid;
	gid_t gid;
	gid_t groups[ACCOUNT_GROUPS_MAX];
	size_t group_count;
	mode_t umask; /* for programs of the session */
};

/* HST_NOT_FOUND: no such user here. HST_DENIED: root, who never has a session. */
int account_find(hst_host *host, hst_arena *arena, const char *user, struct account *ret, hst_error *err);

/* The account with this number; false: there is none, or it is root. */
bool account_of_uid(hst_host *host, hst_arena *arena, uid_t uid, struct account *ret);

/* HST_DENIED when this process may not open sessions for the account: system users, and others when it is not
 * root. */
int account_admit(const struct account *account, hst_error *err);

#endif
