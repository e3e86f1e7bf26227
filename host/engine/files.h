/*
 * Files of runs: STATE/files/RUN/STEP/NAME, put in parts by gateways and workers, got in parts by clients. A name is at
 * most 100 bytes of UTF-8 without control characters and does not begin with a dot (a file that is not whole yet does);
 * at most one folder of the same form stands before it.
 */
#ifndef HOST_ENGINE_FILES_H
#define HOST_ENGINE_FILES_H

#include "engine/engine.h"

enum { FILE_BYTES_MAX = 256 << 20, FILE_NAME_MAX = 100, FILES_MAX = 1100 };

/* Writes one part; at the end the file gets its name. Parts come in order; offset 0 starts anew. */
int files_put_part(const char *directory, const char *run, const char *step, const char *name, int64_t offset, int64_t total,
                   const void *bytes, size_t length, hst_error *err);

/* Reads up to `max` bytes at the offset; caller frees. */
int files_get_part(const char *directory, const char *run, const char *step, const char *name, int64_t offset, size_t max,
                   char **ret_bytes, size_t *ret_length, int64_t *ret_total, hst_error *err);

/* A list of {"step","name","size","path"} of a run; `step` NULL: all steps. */
void files_list(hst_arena *arena, const char *directory, const char *run, const char *step, hst_value *to);

#endif
