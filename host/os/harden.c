#include "os/harden.h"

#include "os/inherited.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/close_range.h>
#include <pwd.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <unistd.h>

/* A file opened later must not get number 0, 1 or 2, or what is printed would end up in it. */
static void harden_standard_fds(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDWR);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd < 0)
		abort();
	close(fd);
}

void harden_undumpable(void)
{
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
}

static void harden_process(void)
{
	harden_standard_fds();
	umask(077);
	signal(SIGPIPE, SIG_IGN);
}

void harden_resume(void)
{
	close_range(STDERR_FILENO + 1, ~0U, CLOSE_RANGE_CLOEXEC);
	harden_process();
}

void harden_start(int highest_fd)
{
	if (highest_fd < STDERR_FILENO)
		highest_fd = STDERR_FILENO;
	closefrom(highest_fd + 1);
	inherited_look();
	/* What was inherited is for us, not for what we start. */
	for (int fd = STDERR_FILENO + 1; fd <= highest_fd; fd++)
		fcntl(fd, F_SETFD, FD_CLOEXEC);
	harden_process();
}

/* All three of each, or the program could go back to what is saved. */
static bool harden_is(uid_t uid, gid_t gid)
{
	uid_t real_user, user, saved_user;
	gid_t real_group, group, saved_group;

	return getresuid(&real_user, &user, &saved_user) == 0 &&
	       getresgid(&real_group, &group, &saved_group) == 0 && real_user == uid && user == uid &&
	       saved_user == uid && real_group == gid && group == gid && saved_group == gid;
}

int harden_drop(const char *user, hst_error *err)
{
	struct passwd *entry;
	uid_t uid;
	gid_t gid;

	if (!user || !*user)
		return HST_OK;
	errno = 0;
	entry = getpwnam(user);
	if (!entry)
		return hst_fail(err, HST_NOT_FOUND, "there is no user %s on this machine", user);
	uid = entry->pw_uid;
	gid = entry->pw_gid;
	if (harden_is(uid, gid))
		return HST_OK;
	if (geteuid() != 0)
		return hst_fail(err, HST_DENIED, "only root can become the user %s", user);
	if (initgroups(user, gid) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return hst_fail(err, HST_DENIED, "cannot become the user %s: %s", user,
				strerrordesc_np(errno));
	if (!harden_is(uid, gid) || (uid != 0 && (setuid(0) == 0 || seteuid(0) == 0)))
		return hst_fail(err, HST_BROKEN, "became the user %s, but could go back to root", user);
	/* The kernel has set this anew with the change of user. */
	harden_undumpable();
	return HST_OK;
}

/* It cannot fail but on a kernel that is older than everything else this house needs. */
void harden_no_new_privileges(void)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		abort();
}
