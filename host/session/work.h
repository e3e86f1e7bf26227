/*
 * The folders of one desktop run: STATE_DIR/work/STEP-TOKEN/ with run/ (desktop/flowrun_place.h) and
 * results/, which is this process's alone. What the run left is moved into the gateway's folder at the end,
 * by descriptors: the gateway has no privilege, so nothing it may have put into its folder is followed or
 * trusted.
 *
 * The folder is locked as long as its process lives, so one whose lock can be had is what a dead process
 * left: that costs a run no write to the disk, as a note of it would.
 */
#ifndef HOST_SESSION_WORK_H
#define HOST_SESSION_WORK_H

#include <hostler/error.h>

#include <stdint.h>

struct session_work {
	char *root, *run, *results;
	int lock;
};

/* What is left of an earlier try with the same token is removed first. */
int work_make(struct session_work *work, const char *state_dir, int64_t step, int64_t token, hst_error *err);

/* HST_DENIED: a folder on the way bars the user; the error names it and the remedy. `uid` -1: this process's
 * own user. */
int work_check_reach(const char *path, int64_t uid, int64_t gid, hst_error *err);

/* Moves everything in results/ into the folder `to`, which lies in `state_dir`, and gives it to that folder's
 * owner. */
int work_hand_over(const struct session_work *work, const char *state_dir, const char *to, hst_error *err);

void work_remove(struct session_work *work); /* and releases; done twice it does nothing */

/* Kills the flows that dead processes left running, and removes their folders. */
void work_sweep(const char *state_dir);

#endif
