/*
 * A program that speaks the desktop-flow protocol, run in place: what hst_program_describe and
 * hst_program_run of the SDK are made of (connector/exec). Blocks on a loop of its own; the folder of the run
 * is made in $TMPDIR or /tmp and removed again, by the next worker where this process was killed.
 */
#ifndef HOST_DESKTOP_PROGRAM_H
#define HOST_DESKTOP_PROGRAM_H

#include <hostler/host.h>
#include <hostler/value.h>

#include <stdbool.h>
#include <stdint.h>

/* What a program has to end by itself once it was told to: a call that outlives its deadline by 5 s loses its
 * process. */
enum { PROGRAM_GRACE_MS = 2000 };

/* Memory in the arena. HST_INVALID with the first problem of the manifest as "FILE:LINE: error: TEXT". */
int program_describe(hst_arena *arena, const char *manifest_path, hst_program_shape *ret, hst_error *err);

struct program_call {
	const char *manifest_path;
	const hst_value *inputs; /* NULL: none */
	bool hidden;		 /* some of them came sealed: the program has them from its stdin alone */
	int64_t deadline_us;	 /* wall clock, INT64_MAX for none; the manifest's time-out counts if it is shorter */
	bool (*cancelled)(void *arg); /* asked ten times a second; NULL: never */
	/* As in flowrun.h; NULL: inputs of type file are left as they are. */
	int (*open_file)(void *arg, const char *value, hst_error *err);
	/* Moves away a file that outputs name, and says what they are to call it; NULL with the error filled in. NULL: none is moved. */
	const char *(*keep_file)(void *arg, const char *path, const char *name, hst_error *err);
	void *arg;
};

/* Removes the folders of this user's runs whose processes are dead: inputs and what a program wrote are in them. */
void program_sweep(void);

/* *ret_outputs is in the arena. Reasons are those of flowrun.h: HST_INVALID for what failed, HST_TIMEOUT, HST_CANCELLED. */
int program_run(hst_arena *arena, const struct program_call *call, const hst_value **ret_outputs, hst_error *err);

#endif
