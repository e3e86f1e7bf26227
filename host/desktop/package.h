/*
 * Desktop-flow packages: a folder with desktop-flow.ini. What it declares, its list of files, and the digest
 *of that list, which is its identity. At most 64 MiB, and 4,096 files and folders; links and special files are refused.
 *
 *	[desktop-flow]          name, run; may have version summary timeout stop_within screenshots
 *	[input NAME]            type; may have required default choices min max doc label
 *	[output NAME]           type; may have required choices min max doc derived
 */
#ifndef HOST_DESKTOP_PACKAGE_H
#define HOST_DESKTOP_PACKAGE_H

#include "schema/problems.h"

#include <hostler/error.h>
#include <hostler/fields.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	PACKAGE_BYTES_MAX = 64 << 20,
	PACKAGE_FILES_MAX = 4096,
	PACKAGE_DEPTH_MAX = 32,
	PACKAGE_PATH_MAX = 1024
};
enum { PACKAGE_FIELDS_MAX = 100, PACKAGE_MANIFEST_MAX = 256 << 10 };

enum screenshots { SCREENSHOTS_ERRORS = 0, SCREENSHOTS_STEPS, SCREENSHOTS_NONE };

struct package_file {
	char *path; /* relative, with '/' */
	int64_t size;
	bool executable;
	char hash[65]; /* BLAKE2b-256, hexadecimal */
};

/* Everything it points to lives in its arena. */
struct package {
	char *directory;		/* absolute, without links in it */
	char *manifest;			/* absolute path of desktop-flow.ini */
	char *name, *version, *summary; /* version "0" and summary "" when left out */
	char **argv; /* `run`, split by desktop/words.h; the two directories are still to be put in */
	hst_duration timeout; /* 0: none named */
	hst_duration stop_within; /* from its time-out to its end; 0: none named */
	enum screenshots screenshots;
	hst_fields inputs, outputs;
	struct package_file *files; /* sorted by path; empty for package_read_manifest */
	size_t file_count;
	char digest[65]; /* "" for package_read_manifest */
	int line;
	hst_arena *arena;
};

/* Reads the manifest alone. NULL, with problems added, when anything is wrong. */
struct package *package_read_manifest(const char *manifest_path, struct problems *problems);

/*
 * The same of an open folder that another user may change meanwhile: only what is in it is read, through no link. The error has the
 * line and nothing of the text, since the file could be one that this process may read and whoever hears of it may not.
 */
int package_read_manifest_at(int folder, struct package **ret, hst_error *err);

/* Reads everything and computes the digest. */
struct package *package_read(const char *manifest_path, struct problems *problems);
void package_free(struct package *package);

/* Lists and hashes the files of a folder, in the arena, sorted. The error names the file and the rule. */
int package_list_files(hst_arena *arena, const char *directory, struct package_file **ret, size_t *ret_n,
		       hst_error *err);

/*
 * Copies the files of the open folder into the empty folder `to`, for all to read and for nobody but its owner to write, and lists
 * what was written: a file that is changed meanwhile is another file in the list, too. `directory` is for what is said.
 */
int package_copy(hst_arena *arena, int from_take, const char *directory, const char *to, struct package_file **ret,
		 size_t *ret_n, hst_error *err);

/* The list of files as JSON, and back from it (for whoever fetches a package), in the arena, and the digest
 * of a list. */
const hst_value *package_files_value(hst_arena *arena, const struct package *package);
int package_files_from_value(hst_arena *arena, const hst_value *value, struct package_file **ret,
			     size_t *ret_n, hst_error *err);

/* BLAKE2b-256, hexadecimal, over "PATH\0SIZE\0X\0HASH\n" of each file, X being "x" for executable files, else
 * "-". */
void package_digest(const struct package_file *files, size_t n, char to[65]);

#endif
