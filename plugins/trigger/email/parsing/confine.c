#include "confine.h"

#include "../../../confined/narrow.h"
#include "../frames.h"

#include <errno.h>
#include <fcntl.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/time.h>
#include <unistd.h>

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

static unsigned limit_all(void)
{
	narrow_limit(RLIMIT_CORE, 0);
	narrow_limit(RLIMIT_FSIZE, 0);
	narrow_limit(RLIMIT_NPROC, 0);
	narrow_limit(RLIMIT_CPU, CPU_SECONDS_MAX);
	if (WITH_SANITIZERS)
		return 0;
	narrow_limit(RLIMIT_NOFILE, 0);
	narrow_limit(RLIMIT_AS, MEMORY_MAX);
	return EMAIL_MEMORY_LIMITED;
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
	narrow_capabilities();
	in_force = narrow_files() ? EMAIL_NO_FILES : 0;
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
