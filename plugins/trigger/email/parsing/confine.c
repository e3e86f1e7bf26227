#include "confine.h"

#include "../frames.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/capability.h>
#include <linux/landlock.h>
#include <seccomp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define WITH_SANITIZERS 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WITH_SANITIZERS 1
#endif
#endif
#ifndef WITH_SANITIZERS
#define WITH_SANITIZERS 0
#endif

enum {
	MEMORY_MAX = 768 << 20, /* of addresses: twice the largest mail, the libraries, and what parsing takes beside */
	CPU_SECONDS_MAX = 3600, /* of the whole life of the process, which is replaced long before */
};

static void close_all_but(int descriptor)
{
	int first = WITH_SANITIZERS ? STDERR_FILENO + 1 : 0;

	if (descriptor > first)
		close_range((unsigned)first, (unsigned)descriptor - 1, 0);
	close_range((unsigned)(descriptor < first ? first : descriptor + 1), ~0U, 0);
}

static void limit(__rlimit_resource_t what, rlim_t most)
{
	const struct rlimit to = {most, most};

	setrlimit(what, &to);
}

static unsigned limit_all(void)
{
	limit(RLIMIT_CORE, 0);
	limit(RLIMIT_FSIZE, 0);
	limit(RLIMIT_NPROC, 0);
	limit(RLIMIT_CPU, CPU_SECONDS_MAX);
	if (WITH_SANITIZERS)
		return 0;
	limit(RLIMIT_NOFILE, 0);
	limit(RLIMIT_AS, MEMORY_MAX);
	return EMAIL_MEMORY_LIMITED;
}

/* As this kernel knows it; what older headers do not name is numbered as newer ones have it. */
struct ruleset {
	uint64_t files, network, scoped;
};

/* All that a version of Landlock can forbid, and nothing allowed. Where there is none, the filter of calls stands alone. */
static unsigned give_up_files(void)
{
	static const unsigned char file_rights[] = {0, 13, 14, 15, 15, 16};
	struct ruleset ruleset = {0};
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = version >= 6 ? sizeof ruleset : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	long known = version > 5 ? 5 : version;
	long descriptor;
	bool done;

	if (version < 1)
		return 0;
	ruleset.files = (1u << file_rights[known]) - 1;
	ruleset.network = version >= 4 ? 3 : 0;
	ruleset.scoped = version >= 6 ? 3 : 0;
	descriptor = syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	if (descriptor < 0)
		return 0;
	done = syscall(SYS_landlock_restrict_self, descriptor, 0) == 0;
	close((int)descriptor);
	return done ? EMAIL_NO_FILES : 0;
}

static void give_up_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2];

	memset(none, 0, sizeof none);
	syscall(SYS_capset, &head, none);
}

/* Without arguments to look at. */
static const int allowed[] = {
	SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap), SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(getrandom),
	SCMP_SYS(clock_gettime), SCMP_SYS(gettimeofday), SCMP_SYS(time), SCMP_SYS(setitimer), SCMP_SYS(sched_yield),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group),
};

/* What the C library asks of files where a charset it was not prepared for is named: it hears that there is none. */
static const int refused[] = {
	SCMP_SYS(open), SCMP_SYS(openat), SCMP_SYS(openat2), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(newfstatat), SCMP_SYS(statx),
	SCMP_SYS(access), SCMP_SYS(faccessat), SCMP_SYS(faccessat2), SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
};

static int add_rules(scmp_filter_ctx filter, int descriptor)
{
	/* No page is ever made executable. */
	const struct scmp_arg_cmp no_exec = SCMP_A2(SCMP_CMP_MASKED_EQ, PROT_EXEC, 0);
	const struct scmp_arg_cmp this_one = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)descriptor);
	const struct scmp_arg_cmp this_process = SCMP_A0(SCMP_CMP_EQ, (scmp_datum_t)getpid());
	int failed = 0;

	for (size_t i = 0; i < sizeof allowed / sizeof allowed[0] && !failed; i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ALLOW, allowed[i], 0);
	for (size_t i = 0; i < sizeof refused / sizeof refused[0] && !failed; i++)
		failed = seccomp_rule_add(filter, SCMP_ACT_ERRNO(EACCES), refused[i], 0);
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(read), 1, this_one);
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(write), 1, this_one);
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 1, no_exec);
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 1, no_exec);
	/* abort() ends itself so. */
	failed = failed ? failed : seccomp_rule_add(filter, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 1, this_process);
	return failed;
}

static int give_up_calls(int descriptor)
{
	scmp_filter_ctx filter = seccomp_init(SCMP_ACT_KILL_PROCESS);
	int failed;

	if (!filter)
		return -ENOMEM;
	failed = add_rules(filter, descriptor);
	if (!failed)
		failed = seccomp_load(filter);
	seccomp_release(filter);
	return failed;
}

unsigned mail_confine(int descriptor, char *why, size_t size)
{
	unsigned in_force;
	int failed;

	prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
	prctl(PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0);
	close_all_but(descriptor);
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) {
		snprintf(why, size, "rights cannot be given up: %s", strerrordesc_np(errno));
		return 0;
	}
	if (WITH_SANITIZERS) {
		limit_all();
		return EMAIL_WITH_SANITIZERS;
	}
	give_up_capabilities();
	in_force = give_up_files();
	in_force |= limit_all();
	failed = give_up_calls(descriptor);
	if (failed) {
		snprintf(why, size, "system calls cannot be given up: %s", strerrordesc_np(-failed));
		return 0;
	}
	return in_force | EMAIL_NO_CALLS;
}

void mail_confine_seconds(unsigned seconds)
{
	const struct itimerval until = {.it_value = {.tv_sec = (time_t)seconds}};

	setitimer(ITIMER_PROF, &until, NULL);
}
