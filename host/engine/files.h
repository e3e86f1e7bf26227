/*
 * Files of runs: STATE/files/RUN/STEP/NAME, put in parts by gateways and workers, got in parts by clients and by those that
 * take them as inputs. A name is as schema/file_name.h has it; at most one folder of the same form stands before it. STEP
 * is `trigger` for what came with the event (engine/staging.h). What begins with a dot is the engine's own: `.NAME.part` is
 * not whole yet, `.NAME.sum` is what a file that values name was sent with.
 */
#ifndef HOST_ENGINE_FILES_H
#define HOST_ENGINE_FILES_H

#include "engine/engine.h"
#include "schema/file_name.h"
#include "wire/sum.h"

enum { FILES_MAX = 1100, FILES_OF_STEPS_MAX = 20000 };

struct files_part {
	int64_t offset, total;
	const void *bytes;
	size_t length;
	const char *sum; /* with the last part of what values will name: then it is on disk, too; "": none */
};

/* Where a file is; the caller frees it. HST_INVALID: none can be there. */
int files_path(const char *directory, const char *run, const char *step, const char *name, char **ret, hst_error *err);

/*
 * Writes one part; with the last one the file gets its name. Parts come in order, each with the total that the first one said; offset 0
 * begins anew. `writing` knows what is being written, path -> its state. HST_RETRY: begin again.
 */
int files_put_part(struct table *writing, const char *path, const struct files_part *part, hst_error *err);
void files_writing_forget(struct table *writing, const char *folder); /* whatever was to come below it */
void files_writing_clear(struct table *writing);

/* HST_INVALID: with `more` bytes at `path` the run would have more than it may. */
int files_room(const struct table *writing, const char *directory, const char *run, const char *path, int64_t more, hst_error *err);

/* Gives the file a second name, with its sum, on disk when the function returns but for its folder's entry. */
int files_link(const char *from, const char *to, hst_error *err);

/* What values may name of a run's step in another run, too, so no log and no pictures; what was there stays. Nothing there is fine. */
int files_link_step(const char *directory, const char *from_run, const char *to_run, const char *step, hst_error *err);

struct files_got {
	char *bytes; /* the caller frees them */
	size_t length;
	int64_t total;
	char sum[SUM_SIZE]; /* "": it was sent without */
};

/* Reads up to `max` bytes at the offset. */
int files_get_part(const char *directory, const char *run, const char *step, const char *name, int64_t offset, size_t max,
                   struct files_got *ret, hst_error *err);

/* A list of {"step","name","size","path"} of a run; `step` NULL: all steps. */
void files_list(hst_arena *arena, const char *directory, const char *run, const char *step, hst_value *to);

#endif
