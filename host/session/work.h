/*
 * The folders that the desktop runs of one session process work in, one after another: STATE_DIR/work/PID-TIME/ with
 * run/ (desktop/flowrun_place.h) and results/, which is this process's alone. What a run left is moved into the
 * gateway's folder at its end, by descriptors: the gateway has no privilege, so nothing it may have put into its folder
 * is followed or trusted. A run that left nothing has no folder there.
 *
 * The folder is locked as long as its process lives, so one whose lock can be had is what a dead process
 * left: that costs a run no write to the disk, as a note of it would.
 */
#ifndef HOST_SESSION_WORK_H
#define HOST_SESSION_WORK_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stdint.h>

struct session_work {
	char *root, *run, *results;
	int lock;
};

int work_make(struct session_work *work, const char *state_dir, hst_error *err);

/* HST_DENIED: a folder on the way bars the user; the error names it and the remedy. `uid` -1: this process's
 * own user. */
int work_check_reach(const char *path, int64_t uid, int64_t gid, hst_error *err);

/*
 * A folder of the gateway's, STATE_DIR/gateway/`kind`/`name`, opened without a link on the way from STATE_DIR
 * to it; -1 with the error filled in. The gateway only names it: a digest below packages, STEP-TOKEN below
 * results and inputs. A name of any other form is refused. One of results is made for the gateway if it is not there.
 */
enum work_kind { WORK_PACKAGES, WORK_RESULTS, WORK_INPUTS };
int work_check_name(enum work_kind kind, const char *name, hst_error *err);
int work_open_gateways(const char *state_dir, enum work_kind kind, const char *name, hst_error *err);

/* A regular file below such an open folder, through no link, of whoever has the folder; -1 with the error filled in. */
int work_open_file(int folder, const char *path, hst_error *err);

/* Moves everything in results/, if there is anything, into the gateway's folder `name`, and gives it to that folder's
 * owner. */
int work_hand_over(const struct session_work *work, const char *state_dir, const char *name, hst_error *err);

/* Something lies in results/, or nobody can tell. */
bool work_has_results(const struct session_work *work);

void work_remove(struct session_work *work); /* and releases; done twice it does nothing */

/* Kills the flows that dead processes left running, and removes their folders. */
void work_sweep(const char *state_dir);

#endif
