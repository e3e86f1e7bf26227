#include "os/children.h"

#include "base/auto.h"
#include "os/files.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { LIST_BYTES_MAX = 256 << 10 };

size_t children_list(pid_t *to, size_t max)
{
	AUTO_FREE char *list = NULL;
	char path[64];
	size_t n = 0;

	snprintf(path, sizeof path, "/proc/self/task/%d/children", (int)gettid());
	if (files_read(path, LIST_BYTES_MAX, &list, NULL, NULL) != HST_OK)
		return 0;
	for (char *at = list, *end; n < max; at = end) {
		pid_t pid = (pid_t)strtol(at, &end, 10);

		if (end == at)
			break;
		to[n++] = pid;
	}
	return n;
}
