/*
 * Drivers: sessions on one platform. They run in hostler-session: in the process `watch` of the device, which lists now
 * and then (events), and in the process `hold` of each session that hostler opened or attached to, which also lists and identifies;
 * `reap` in whichever process finds the notes of a dead one. Each has one thread. `hold` has the privilege its platform
 * needs (root for x11) and may fork; PAM acts on it. One `hold` has one session at most.
 *
 * Deadlines: list, identify and standing 10 s, open 120 s, attach, start and lock 30 s, screenshot what is left, close 45 s, reap
 * 60 s. An op that ignores its deadline for 5 s loses its process.
 *
 * Texts that are given are valid during the call; the host copies what it gets from the call's arena before it is released.
 *
 * Mandatory: list, identify, open, start, close. Absent ones mean that the platform cannot do it: attach (no attended
 * runs), screenshot, lock, reap (nothing outlives the process), standing (a session that is lost is found by the watch alone).
 */
#ifndef HOSTLER_DRIVER_H
#define HOSTLER_DRIVER_H

#include <hostler/plugin.h>
#include <hostler/session.h>

#include <sys/types.h>

/* Who a user name means on this device. Memory lives in the call's arena. */
typedef struct hst_identity {
	const char *key;  /* equal for equal users: a uid in decimal, a SID */
	const char *name; /* the account's own spelling */
	int64_t uid, gid; /* owner of the run's working directory; -1: the process's own */
} hst_identity;

/* What a session is opened for. */
typedef struct hst_open {
	const char *user;           /* in any form that identify took */
	const hst_secret *password; /* NULL: the connection has none */
	const char *run_dir;        /* a directory of this session's own, made and removed by the host, 0700 */
} hst_open;

/* A process to start inside the session. Descriptors stay the caller's; the driver's child gets copies. */
typedef struct hst_start {
	char *const *argv;   /* ends with NULL; argv[0] is looked for on the PATH of `environment` */
	char *const *environment; /* ends with NULL: NAME=VALUE, added to the session's own clean environment and winning over it */
	const char *directory;    /* working directory */
	int stdin_fd, stdout_fd, stderr_fd; /* open in the caller, none of them -1 */
} hst_start;

/* Whose sessions a device of this driver has; a set. Without any: those of the machine that the driver runs on. */
typedef enum hst_reach {
	HST_ADDRESSED = 1, /* those of the machine that the device's `address` names (hst_address), where it names one */
	HST_MADE_UP = 2,   /* sessions that each device has for itself: two of them are never the same machine */
} hst_reach;

typedef struct hst_driver_ops {
	size_t size; /* sizeof(hst_driver_ops); a member beyond it is absent */

	/*
	 * Every session of the device, people's too, and the device's own facts; at most 10,000. Memory lives in the call's
	 * arena. On failure the device counts as unseen, and nothing starts there.
	 */
	int (*list)(void *state, hst_call *call, hst_device *ret_device, hst_session **ret_sessions, size_t *ret_n,
	            hst_error *err);

	/* HST_NOT_FOUND: there is no such user here. Accepts every form of rule R3 that the platform knows. */
	int (*identify)(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err);

	/*
	 * Signs in and makes the session ready for programs. *ret_session names it: 1 to 200 bytes, in the call's arena or in
	 * memory of the instance, and the same text for as long as the session lives. hst_note comes before each thing that
	 * must be undone. On failure nothing is left; the reason is a code of docs/reasons.md: that of a sign-in which was
	 * refused (SessionCreationInvalidCredentials) blocks the connection until a person has looked at it.
	 */
	int (*open)(void *state, hst_call *call, const hst_open *what, const char **ret_session, hst_error *err);

	/*
	 * Gets hold of a session of a person, as list named it, without changing it. It was active and unlocked when it was
	 * last listed; HST_RETRY or HST_NOT_FOUND when it no longer is.
	 */
	int (*attach)(void *state, hst_call *call, const char *session, hst_error *err);

	/*
	 * Starts a program as the session's user, as leader of a new process group, with only the three descriptors open.
	 * *ret_pid is a child of this process; the caller waits for it. Not called on a device that only rehearses
	 * (hst_device).
	 */
	int (*start)(void *state, hst_call *call, const char *session, const hst_start *what, pid_t *ret_pid,
	             hst_error *err);

	/* Writes a PNG of what the session shows to `path`, which does not exist yet. A failure costs the picture alone. */
	int (*screenshot)(void *state, hst_call *call, const char *session, const char *path, hst_error *err);

	/*
	 * Locks a session of hostler's that is kept for a later run of its user (rule R10), in which `start` works nevertheless.
	 * Done twice it succeeds. A session that could not be locked is closed; without this op it is kept as it is.
	 */
	int (*lock)(void *state, hst_call *call, const char *session, hst_error *err);

	/*
	 * Ends everything that runs in the session and takes it down. Done twice it succeeds. People's sessions are let go only, and so is
	 * one of which `standing` has said SessionTaken: what flows have left running in it is ended, and no more.
	 */
	int (*close)(void *state, hst_call *call, const char *session, hst_error *err);

	/* Undoes what a dead process noted with hst_note, last note first. Must be harmless when done twice. */
	int (*reap)(void *state, hst_call *call, const char *const *notes, size_t n, hst_error *err);

	/*
	 * Since 1.4, optional. Whether a session that was opened or attached to is still what it was: asked once a second while a
	 * flow runs in it or it is kept, when a flow ends and before one begins, in the process that has it. An error fails the flow with
	 * its reason: SessionTaken, where somebody else is in it now, SessionEnded, where it is gone; then it is closed and not kept.
	 * HST_OK also where nothing can be said.
	 */
	int (*standing)(void *state, hst_call *call, const char *session, hst_error *err);

	unsigned reach; /* since 1.4; a set of hst_reach */

	/*
	 * Since 1.4, optional; asked after each list. *ret_fd becomes readable when sessions may have come or gone; then they are listed
	 * at once, which has to take from it what made it readable, and otherwise every 5 s, where *ret_often is true every second.
	 * Without this op, and with -1, they are listed every second.
	 */
	void (*events)(void *state, int *ret_fd, bool *ret_often);
} hst_driver_ops;

#endif
