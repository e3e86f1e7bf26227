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

/*
 * A folder of the gateway's, STATE_DIR/gateway/`kind`/`name`, opened without a link on the way from STATE_DIR
 * to it; -1 with the error filled in. The gateway only names it: a digest below packages, STEP-TOKEN below
 * results. A name of any other form is refused.
 */
enum work_kind { WORK_PACKAGES, WORK_RESULTS };
int work_check_name(enum work_kind kind, const char *name, hst_error *err);
int work_open_gateways(const char *state_dir, enum work_kind kind, const char *name, hst_error *err);

/* Moves everything in results/ into the gateway's folder `name`, and gives it to that folder's owner. */
int work_hand_over(const struct session_work *work, const char *state_dir, const char *name, hst_error *err);

void work_remove(struct session_work *work); /* and releases; done twice it does nothing */

/* Kills the flows that dead processes left running, and removes their folders. */
void work_sweep(const char *state_dir);

#endif
