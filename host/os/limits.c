#include "os/limits.h"

#include <fcntl.h>
#include <stddef.h>
#include <sys/resource.h>
#include <unistd.h>

enum { MIB = 1 << 20, STATM_DATA = 5 };

static struct rlimit before;
static rlim_t memory; /* 0: no limit */
static struct rlimit descriptors; /* as they were; rlim_max 0: they are as they were */

void limits_memory(int64_t bytes)
{
#ifdef __SANITIZE_ADDRESS__
	bytes = 0;
#endif
	if (bytes <= 0 || getrlimit(RLIMIT_DATA, &before) < 0)
		return;
	memory = (rlim_t)bytes;
	if (memory > before.rlim_max)
		memory = before.rlim_max;
	limits_lower();
}

void limits_descriptors(void)
{
	if (getrlimit(RLIMIT_NOFILE, &descriptors) < 0 || descriptors.rlim_cur == descriptors.rlim_max)
		descriptors.rlim_max = 0;
	limits_lower();
}

void limits_lift(void)
{
	if (memory)
		setrlimit(RLIMIT_DATA, &before);
	if (descriptors.rlim_max)
		setrlimit(RLIMIT_NOFILE, &descriptors);
}

void limits_lower(void)
{
	if (descriptors.rlim_max)
		setrlimit(RLIMIT_NOFILE, &(struct rlimit){.rlim_cur = descriptors.rlim_max, .rlim_max = descriptors.rlim_max});
	if (memory)
		setrlimit(RLIMIT_DATA, &(struct rlimit){.rlim_cur = memory, .rlim_max = before.rlim_max});
}

/* The number in this column of a line of numbers. */
static long column(const char *line, int which)
{
	long number = 0;

	for (; *line && which > 0; line++)
		which -= *line == ' ';
	for (; *line >= '0' && *line <= '9'; line++)
		number = number * 10 + (*line - '0');
	return number;
}

bool limits_near(long *ret_used_mib, long *ret_limit_mib)
{
	char line[256];
	int fd = memory ? open("/proc/self/statm", O_RDONLY | O_CLOEXEC) : -1;
	ssize_t n = fd < 0 ? 0 : read(fd, line, sizeof line - 1);
	rlim_t used;

	if (fd >= 0)
		close(fd);
	if (n <= 0)
		return false;
	line[n] = '\0';
	used = (rlim_t)column(line, STATM_DATA) * (rlim_t)sysconf(_SC_PAGESIZE);
	*ret_used_mib = (long)(used / MIB);
	*ret_limit_mib = (long)(memory / MIB);
	return used > memory / 5 * 4;
}
