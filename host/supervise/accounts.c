#include "supervise/accounts.h"

#include "base/auto.h"
#include "os/spawn.h"

#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

enum { ADD_MS = 30000, ADD_BYTES_MAX = 4096 };

static int run(char *const *argv, const char *what, const char *name, hst_error *err)
{
	const struct spawn spawn = {.path = argv[0], .argv = argv};
	AUTO_FREE char *output = NULL;
	char status_text[64];
	int status = 0;
	int code = spawn_capture(&spawn, NULL, ADD_BYTES_MAX, ADD_MS, &output, &status, err);

	if (code != HST_OK)
		return code;
	if (status == 0)
		return HST_OK;
	spawn_status_text(status, status_text, sizeof status_text);
	return hst_fail(err, HST_DENIED, "the %s %s cannot be made: %s ended with %s", what, name, argv[0], status_text);
}

static int need_group(hst_error *err)
{
	char *const argv[] = {"/usr/sbin/groupadd", "--system", ACCOUNT_GROUP, NULL};

	if (getgrnam(ACCOUNT_GROUP) || run(argv, "group", ACCOUNT_GROUP, err) == HST_OK)
		return HST_OK;
	/* Another hostlerd that starts at the same time may have been quicker. */
	return getgrnam(ACCOUNT_GROUP) ? HST_OK : HST_DENIED;
}

static int need_user(const char *name, hst_error *err)
{
	char *const argv[] = {"/usr/sbin/useradd", "--system", "--gid", ACCOUNT_GROUP, "--no-create-home", "--home-dir",
			      "/nonexistent", "--shell", "/usr/sbin/nologin", (char *)name, NULL};

	if (getpwnam(name) || run(argv, "user", name, err) == HST_OK)
		return HST_OK;
	return getpwnam(name) ? HST_OK : HST_DENIED;
}

static bool uid_of(const char *name, uid_t *ret)
{
	const struct passwd *user = getpwnam(name);

	if (user)
		*ret = user->pw_uid;
	return user != NULL;
}

int accounts_prepare(struct accounts *ret, hst_error *err)
{
	static const char *const users[] = {ACCOUNT_ENGINE, ACCOUNT_WORKER, ACCOUNT_GATEWAY};
	struct accounts made = {.root = true};
	const struct group *group;
	int code;

	if (geteuid() != 0) {
		*ret = (struct accounts){.engine = geteuid(), .worker = geteuid(), .gateway = geteuid(), .group = getegid()};
		return HST_OK;
	}
	code = need_group(err);
	for (size_t i = 0; i < sizeof users / sizeof users[0] && code == HST_OK; i++)
		code = need_user(users[i], err);
	if (code != HST_OK)
		return code;
	group = getgrnam(ACCOUNT_GROUP);
	if (!group || !uid_of(ACCOUNT_ENGINE, &made.engine) || !uid_of(ACCOUNT_WORKER, &made.worker) ||
	    !uid_of(ACCOUNT_GATEWAY, &made.gateway))
		return hst_fail(err, HST_NOT_FOUND, "the users %s, %s and %s or their group are not there although they were made",
				ACCOUNT_ENGINE, ACCOUNT_WORKER, ACCOUNT_GATEWAY);
	made.group = group->gr_gid;
	*ret = made;
	return HST_OK;
}
