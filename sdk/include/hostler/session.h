/*
 * What drivers report and strategies weigh: a device and its sessions. Plain facts; a fact that cannot be determined
 * is HST_UNKNOWN, and unknown means do not start (rule R11).
 */
#ifndef HOSTLER_SESSION_H
#define HOSTLER_SESSION_H

#include <hostler/types.h>

/* What is known of something that is so or not. */
typedef enum hst_fact { HST_NO = 0, HST_YES = 1, HST_UNKNOWN = 2 } hst_fact;

/* A set, so that a strategy can say which systems it is for. */
typedef enum hst_system { HST_CLIENT = 1, HST_SERVER = 2, HST_LINUX = 4 } hst_system;

/* Remote Desktop Services: whether a server has what it takes for more than two sessions (rule R8). Since 1.4. */
typedef enum hst_rds { HST_RDS_UNKNOWN = 0, HST_RDS_NO, HST_RDS_YES } hst_rds;

/* What keeps the processes of a session together until it is closed. Since 1.4. */
typedef enum hst_containment {
	HST_CONTAINMENT_UNKNOWN = 0,   /* the driver does not say */
	HST_CONTAINMENT_PROCESSES = 1, /* each is found by its parents and its environment: one that tries can get away */
	HST_CONTAINMENT_CGROUP = 2     /* the kernel keeps them together */
} hst_containment;

/* A device as its driver sees it. */
typedef struct hst_device {
	const char *name;   /* what the machine calls itself, for messages */
	hst_system system;  /* exactly one */
	int64_t processors; /* that are online, at least 1 */
	int64_t load_milli; /* load average per processor in thousandths; -1: unknown */
	int64_t memory_milli; /* memory that is taken, in thousandths of all; -1, and also 0: unknown */
	bool rehearses;	      /* flows are not played here: a run that the strategy lets start has succeeded at once, without a
				 session and without outputs; for rehearsals and benchmarks. Drivers may leave it out */
	hst_rds rds; /* since 1.4; only of a server. Left out it is not known, and no more than two sessions are opened */
	hst_containment containment; /* since 1.4; of sessions that are opened now. Drivers may leave it out */
} hst_device;

/* One session, in the moment of the list. Text lives in the arena of the call that listed it. */
typedef struct hst_session {
	const char *id;   /* made by the driver, opaque to everybody else, at most 200 bytes */
	const char *user; /* as people write it */
	const char *key;  /* the driver's identity of the user (uid, SID): equal keys, same user */
	hst_fact connected; /* HST_NO: disconnected */
	hst_fact locked;
	bool ours;    /* hostler opened it */
	bool running; /* a flow of hostler runs in it now, or is about to; filled in by the gateway */
	bool kept;    /* ours, idle, and kept for reuse (rule R10); filled in by the gateway */
	const char *doubt; /* why a fact is HST_UNKNOWN, as half a sentence for people; NULL: it is not said */
} hst_session;

#endif
