#include "confine.h"

#include "../../confined/narrow.h"
#include "../keeper_frames.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <sched.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

enum { MEMORY_MAX = 1 << 30, FILES_MAX = 128, NOBODY = 65534 };

static void become_nobody(void)
{
	struct passwd *entry = getpwnam("nobody");
	uid_t uid = entry && entry->pw_uid ? entry->pw_uid : NOBODY;
	gid_t gid = entry && entry->pw_gid ? entry->pw_gid : NOBODY;

	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0 || setuid(0) == 0)
		abort();
}

unsigned confine_begin(void)
{
	bool root = geteuid() == 0;

	if (root)
		become_nobody();
	/* After that, because the kernel sets both anew with the user. */
	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0)
		abort();
	narrow_limit(RLIMIT_CORE, 0);
	return root ? KEEPER_OTHER_USER : 0;
}

/* Without arguments to look at. */
static const int allowed[] = {
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(mlock), SCMP_SYS(futex), SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_nanosleep), SCMP_SYS(nanosleep), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(sched_yield),
	SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo), SCMP_SYS(uname), SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigaction), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(restart_syscall), SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(set_robust_list), SCMP_SYS(rseq), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6), SCMP_SYS(eventfd2), SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(read), SCMP_SYS(readv), SCMP_SYS(write), SCMP_SYS(writev), SCMP_SYS(recvfrom), SCMP_SYS(sendto), SCMP_SYS(getsockopt),
	SCMP_SYS(setsockopt), SCMP_SYS(getsockname), SCMP_SYS(getpeername), SCMP_SYS(shutdown), SCMP_SYS(fcntl), SCMP_SYS(dup),
	SCMP_SYS(close), SCMP_SYS(lseek), SCMP_SYS(fstat),
};

/* Libraries go on where they hear these. */
static const struct {
	int call, error;
} refused[] = {
	{SCMP_SYS(open), ENOENT}, {SCMP_SYS(openat), ENOENT}, {SCMP_SYS(openat2), ENOENT}, {SCMP_SYS(stat), ENOENT},
	{SCMP_SYS(lstat), ENOENT}, {SCMP_SYS(statx), ENOENT}, {SCMP_SYS(access), ENOENT},
	{SCMP_SYS(faccessat), ENOENT}, {SCMP_SYS(faccessat2), ENOENT}, {SCMP_SYS(readlink), ENOENT}, {SCMP_SYS(readlinkat), ENOENT},
	{SCMP_SYS(getcwd), ENOENT}, {SCMP_SYS(socket), EACCES}, {SCMP_SYS(connect), EACCES}, {SCMP_SYS(clone3), ENOSYS},
};

static int add_rules(scmp_filter_ctx filter)
{
	/* No page is ever made executable, and what is cloned is a thread. */
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp thread = SCMP_A0(SCMP_CMP_MASKED_EQ, CLONE_THREAD, CLONE_THREAD);
	const struct scmp_arg_cmp this_process = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	const struct scmp_arg_cmp descriptor = SCMP_A3(SCMP_CMP_MASKED_EQ, 0x1000, 0x1000);
	int failed = 0;

	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0] && !failed; i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0] && !failed; i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO((uint16_t)refused[i].error), refused[i].call, 0);
	/* The C library asks for a descriptor so, with an empty path, and for files. */
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 1, descriptor);
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(clone), 1, thread);
	/* abort() ends itself so. */
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, this_process);
	return failed;
}

/* freerdp wants a folder for certificates that people have accepted. It hears that it has one, and nothing is ever put there. */
static int pretend_folders(scmp_filter_ctx filter)
{
	int failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(mkdir), 0);

	return failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ERRNO(0), SCMP_SYS(mkdirat), 0);
}

static int give_up_calls(void)
{
	scmp_filter_ctx filter = seccomp_init(WITH_SANITIZERS ? SCMP_ACT_ALLOW : SCMP_ACT_ERRNO(EPERM));
	int failed;

	if (!filter)
		return -ENOMEM;
	failed = pretend_folders(filter);
	if (!failed && !WITH_SANITIZERS)
		failed = add_rules(filter);
	if (!failed)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	return failed;
}

unsigned confine(char *why, size_t size)
{
	int nowhere = WITH_SANITIZERS ? -1 : open("/dev/null", O_RDWR | O_CLOEXEC), failed;
	unsigned in_force = 0;

	if (nowhere >= 0) {
		dup2(nowhere, STDOUT_FILENO);
		dup2(nowhere, STDERR_FILENO);
		close(nowhere);
	}
	narrow_limit(RLIMIT_FSIZE, 0);
	narrow_limit(RLIMIT_NOFILE, FILES_MAX);
	if (!WITH_SANITIZERS) {
		narrow_limit(RLIMIT_AS, MEMORY_MAX);
		narrow_capabilities();
		in_force = narrow_files() ? KEEPER_NO_FILES : 0;
	}
	failed = give_up_calls();
	if (failed) {
		snprintf(why, size, "system calls cannot be given up: %s", strerrordesc_np(-failed));
		return 0;
	}
	return in_force | (WITH_SANITIZERS ? KEEPER_WITH_SANITIZERS : KEEPER_NO_CALLS);
}
