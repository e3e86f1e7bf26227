#include "narrow.h"

#include <linux/capability.h>
#include <linux/landlock.h>
#include <stdint.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

void narrow_limit(__rlimit_resource_t what, rlim_t most)
{
	const struct rlimit to = {most, most};

	setrlimit(what, &to);
}

/* As this kernel knows it; what older headers do not name is numbered as newer ones have it. */
struct ruleset {
	uint64_t files, network, scoped;
};

bool narrow_files(void)
{
	static const unsigned char file_rights[] = {0, 13, 14, 15, 15, 16};
	struct ruleset ruleset = {0};
	long version = syscall(SYS_landlock_create_ruleset, NULL, 0, LANDLOCK_CREATE_RULESET_VERSION);
	size_t size = version >= 6 ? sizeof ruleset : version >= 4 ? 2 * sizeof(uint64_t) : sizeof(uint64_t);
	long known = version > 5 ? 5 : version;
	long descriptor;
	bool done;

	if (version < 1)
		return false;
	ruleset.files = (1u << file_rights[known]) - 1;
	ruleset.network = version >= 4 ? 3 : 0;
	ruleset.scoped = version >= 6 ? 3 : 0;
	descriptor = syscall(SYS_landlock_create_ruleset, &ruleset, size, 0);
	if (descriptor < 0)
		return false;
	done = syscall(SYS_landlock_restrict_self, descriptor, 0) == 0;
	close((int)descriptor);
	return done;
}

void narrow_capabilities(void)
{
	struct __user_cap_header_struct head = {_LINUX_CAPABILITY_VERSION_3, 0};
	struct __user_cap_data_struct none[2];

	memset(none, 0, sizeof none);
	syscall(SYS_capset, &head, none);
}
