/*
 * Names of files of runs. A name is one part: at most 100 bytes of UTF-8 without control characters and slashes, not
 * beginning with a dot. The value of a field of type `file` says where in its run the file is: STEP/NAME, or
 * STEP/FOLDER/NAME where a desktop flow left it; STEP is `trigger` for what came with the event.
 */
#ifndef HOST_SCHEMA_FILE_NAME_H
#define HOST_SCHEMA_FILE_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
	FILE_NAME_MAX = 100,
	FILE_VALUE_MAX = 3 * FILE_NAME_MAX + 2,
	FILES_OF_VALUE_MAX = 1000, /* in one value, and of one event or call */
	FILE_BYTES_MAX = 256 << 20,
};

#define FILES_OF_RUN_BYTES_MAX (INT64_C(1) << 30)

bool file_name_fits(const char *name, size_t length);

/* One to three such parts. A single one is the name alone, before it is known where it lies. */
bool file_value_fits(const char *value);

/* STEP, and what is behind it; false: it is a name alone. The step is not ended by a NUL. */
bool file_value_step(const char *value, size_t *ret_step_length, const char **ret_name);

const char *file_value_name(const char *value); /* its last part */

/*
 * What may be called by anybody is given a name that fits and is harmless to whoever sees or types it: only what is behind the last
 * slash or backslash, without dots, dashes and blanks in front, without characters that are not seen or turn others round, those
 * that some systems refuse replaced, cut in its middle so that the extension stays. "file" where nothing is left.
 */
void file_name_safe(char ret[FILE_NAME_MAX + 1], const char *given);

/* "a.pdf" with 2 is "a-2.pdf"; with 1 it is as it was. The name must fit, and so does what is made of it. */
void file_name_numbered(char ret[FILE_NAME_MAX + 1], const char *name, size_t number);

#endif
