/*
 * The tables, and how a store of an older version becomes one of this version. Step number n of a list brings
 * version n to n + 1; step 0 makes the tables. All steps of one opening are one transaction.
 */
#ifndef HOST_STORE_SQLITE_SCHEMA_H
#define HOST_STORE_SQLITE_SCHEMA_H

#include <hostler/error.h>

#include <sqlite3.h>

enum { STORE_APPLICATION = 0x68737472 }; /* "hstr", application_id of the file */

extern const char *const sqlite_schema_steps[];

/* `versions` steps are used. A store with data is copied to "PATH.vN" first, N being its version. */
int sqlite_schema_bring(sqlite3 *db, const char *path, const char *const *steps, int versions,
			hst_error *err);

#endif
