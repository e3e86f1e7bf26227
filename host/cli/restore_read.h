/* A backup, read into a folder of its own. Nothing else is touched, and until it was read as a whole nothing is believed. */
#ifndef HOST_CLI_RESTORE_READ_H
#define HOST_CLI_RESTORE_READ_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stdint.h>

struct restore_about {
	int64_t format, made_us, store_version, runs, unfinished;
	bool files;
};

/* `folder` NULL: the file is only checked. HST_INVALID: it is not whole, no backup, or a newer program's. */
int restore_read(const char *file, const char *folder, struct restore_about *ret, hst_error *err);

#endif
