/*
 * What a session has brought into the world and has to be taken out of it again: processes, the display's
 * socket, the PAM session, files. The same list serves the driver that closes its own session and the one
 * that clears up after a dead process: everything in it was written down with hst_note first, and can be read
 * back from these notes.
 *
 * A note is one line:
 *	session MARK UID BOOT       processes of UID with HOSTLER_SESSION=MARK in their environment belong to it
 *	cgroup DIRECTORY            so does everything in this cgroup; its name ends with MARK
 *	files RUN_DIR
 *	pam DIRECTORY|USER
 *	process PID START
 *	xserver PID START
 *	display NUMBER DEVICE INODE
 *	sesman DIRECTORY            xrdp's session manager is asked for a session; its sockets lie there
 *	broker PID START            root's process that takes the session down when its leader has ended
 *	leader PID START
 *	taken yes                   a person has it by now: only what was noted as a process, and the cgroup, is ended
 */
#ifndef LINUX_REMAINS_H
#define LINUX_REMAINS_H

#include "proc.h"

#include <hostler/host.h>

#include <limits.h>

enum { MARK_SIZE = 33, NOTE_SIZE = 1024 };
#define MARK_NAME "HOSTLER_SESSION"

struct remains {
	char mark[MARK_SIZE]; /* begins with the house that opens it (hst_house); "": nothing was begun */
	uid_t uid;
	bool own;	 /* this process opened it and is the subreaper of its processes */
	bool other_boot; /* the machine was started again since: only files can be left */
	char cgroup[NOTE_SIZE]; /* directory of its own; "": it has none (containment.h) */
	int enter_fd;		/* by which a process enters it; -1: it has none, or is another process's */
	char run_dir[NOTE_SIZE];
	char pam_dir[NOTE_SIZE], user[NOTE_SIZE]; /* "": no PAM session */
	struct process xserver;
	struct process *processes; /* leaders of what was started; released by remains_clear */
	size_t count, size;
	struct process broker, leader; /* of a session that a session manager keeps; never signalled: the broker */
	char sockets[NOTE_SIZE];       /* where it keeps its sockets; "": no session manager was asked */
	bool taken;		       /* by a person: its display, its leader and what runs below that are theirs */
	int display; /* -1: none is known */
	dev_t display_device;
	ino_t display_inode;
};

void remains_init(struct remains *remains);
void remains_clear(struct remains *remains);

/* Each writes its note first, through the call, and adds the thing to the list only when the note is safe. */
int remains_add_session(struct remains *remains, hst_call *call, const char *mark, uid_t uid, hst_error *err);
int remains_add_cgroup(struct remains *remains, hst_call *call, const char *cgroup, hst_error *err);
int remains_add_files(struct remains *remains, hst_call *call, const char *run_dir, hst_error *err);
int remains_add_pam(struct remains *remains, hst_call *call, const char *pam_dir, const char *user,
		    hst_error *err);
int remains_add_process(struct remains *remains, hst_call *call, const struct process *process,
			hst_error *err);
int remains_add_xserver(struct remains *remains, hst_call *call, const struct process *process,
			hst_error *err);
int remains_add_display(struct remains *remains, hst_call *call, int display, dev_t device, ino_t inode,
			hst_error *err);
int remains_add_sesman(struct remains *remains, hst_call *call, const char *sockets, hst_error *err);
int remains_add_broker(struct remains *remains, hst_call *call, const struct process *process, hst_error *err);
int remains_add_leader(struct remains *remains, hst_call *call, const struct process *process, hst_error *err);

void remains_add_taken(struct remains *remains, hst_call *call); /* so it is, noted or not */

/* Without a note, for what is ended at once. */
void remains_put_process(struct remains *remains, const struct process *process);

/* Fills the list from the notes of a dead process. HST_INVALID names a note that is none of ours. */
int remains_read(struct remains *remains, const char *const *notes, size_t n, hst_error *err);

#endif
