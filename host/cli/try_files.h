/* Inputs of `try` that are files: `--input NAME=PATH`, for several each path on a line. */
#ifndef HOST_CLI_TRY_FILES_H
#define HOST_CLI_TRY_FILES_H

#include <hostler/fields.h>
#include <hostler/value.h>

/* What the input is called in its stead: a name as files of a run have it, for which `paths` gets the path. */
const hst_value *try_file_values(hst_arena *arena, const hst_field *field, const hst_value *given, hst_value *paths);

/* As open_file of a flowrun; `paths` is that record. */
int try_file_open(void *paths, const char *value, hst_error *err);

#endif
