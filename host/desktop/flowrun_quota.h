/*
 * How much a flow may have in its work folder. It is looked at while the flow runs; what was removed but is still open,
 * and what lies elsewhere, is not seen.
 */
#ifndef HOST_DESKTOP_FLOWRUN_QUOTA_H
#define HOST_DESKTOP_FLOWRUN_QUOTA_H

#include <stddef.h>
#include <stdint.h>

enum { FLOW_WORK_FILES_MAX = 200000, FLOW_WORK_PATH_MAX = 4000 };

#define FLOW_WORK_BYTES_MAX (INT64_C(4) << 30)

struct flow_quota {
	int64_t bytes_max, files_max; /* 0: those above */
};

/*
 * Looks through the folder behind `fd`, without following links or entering other file systems. NULL: it is within
 * bounds; else what there is too much of, "more than 4096 MiB", written to `text`.
 */
const char *flow_quota_exceeded(int fd, const struct flow_quota *quota, char *text, size_t size);

#endif
