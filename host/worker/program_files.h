/* A connector's program with the files of its call: those that inputs name lie in its in/, and what outputs name of its out/ is the call's. */
#ifndef HOST_WORKER_PROGRAM_FILES_H
#define HOST_WORKER_PROGRAM_FILES_H

#include "worker/services.h"

/* hst_program_run, with `cancelled` asked while it runs. */
int program_with_files(struct services *services, hst_call *call, const char *manifest_path, const hst_value *inputs,
		       bool (*cancelled)(void *arg), const hst_value **ret_outputs, hst_error *err);

#endif
