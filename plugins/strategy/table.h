/*
 * The truth table of docs/sessions.md as data, and the one function that reads it. Rule numbers in comments
 * are those of that page. A contract test compares the page with this table, row by row.
 *
 * How it is read: every session of the device is in exactly one situation. Rows are tried from the top; a row
 * whose condition holds and whose cell in the wanted column is not "go on" decides. The last row always
 * decides.
 */
#ifndef PLUGINS_STRATEGY_TABLE_H
#define PLUGINS_STRATEGY_TABLE_H

#include <hostler/strategy.h>

/* What a session is to the one who wants to run. A set, so that a row can name several. */
enum situation {
	OWN_RUNNING = 1 << 0,	   /* a flow of hostler runs in a session of the user */
	OWN_DISCONNECTED = 1 << 1, /* a person's session of the user, disconnected */
	OWN_LOCKED = 1 << 2,	   /* connected and locked */
	OWN_UNKNOWN = 1 << 3,	   /* a fact that matters cannot be determined */
	OWN_ACTIVE = 1 << 4,	   /* connected and unlocked */
	OWN_OPENED = 1 << 5,	   /* hostler's, neither running nor kept: it is being opened or closed */
	OWN_KEPT = 1 << 6,	   /* hostler's, idle, kept for reuse (R10) */
	NAMELESS = 1 << 7,	   /* nobody can say whose session it is */
	OTHER_RUNNING = 1 << 8,	   /* another user's, and a flow of hostler runs in it */
	OTHER_PRESENT = 1 << 9,	   /* another user's, in any state */
	OTHER_KEPT = 1 << 10,	   /* another user's, idle and kept */
};

enum {
	OWN_OF_PERSON = OWN_DISCONNECTED | OWN_LOCKED | OWN_UNKNOWN | OWN_ACTIVE,
	SITUATION_COUNT = 11,
};

/* How full the device is. Sessions of people count (R8). */
enum fullness {
	FULL_ANY = 0,	   /* does not matter */
	FULL_BUT_FOR_KEPT, /* the limit is reached, and signing out a kept session of another user would make
			      room */
	FULL,		   /* the limit is reached */
};

/* One column for each pair of rules and mode. */
enum column {
	WIN10_UNATTENDED,
	WIN10_ATTENDED,
	SERVER_UNATTENDED,
	SERVER_ATTENDED,
	OPEN_UNATTENDED,
	OPEN_ATTENDED,
	COLUMN_COUNT
};

/* A cell: verdict 0 means go on with the next row. */
struct cell {
	hst_verdict verdict;
	const char *reason;
};

struct row {
	const char *rules;  /* "R9" */
	const char *words;  /* the condition as docs/sessions.md says it */
	unsigned there;	    /* holds when a session is in one of these situations; 0: whatever is there */
	unsigned not_there; /* and none is in one of these */
	enum fullness full; /* and the device is so full */
	struct cell cells[COLUMN_COUNT];
};

extern const struct row table_rows[];
extern const size_t table_row_count;

enum situation table_situation(const hst_session *session, const hst_demand *demand);

/* `limit`: sessions the device may have; INT64_MAX where a column does not weigh it. */
int table_plan(enum column unattended, int64_t limit, const hst_session *sessions, size_t n,
	       const hst_demand *demand, hst_plan *ret, hst_error *err);

/* Places for runs in new or kept sessions: the limit less the sessions that are in use. */
int64_t table_free(int64_t limit, const hst_session *sessions, size_t n);

/* How many sessions there may be, and half a sentence for people on where that comes from. */
struct table_limit {
	int64_t max;
	const char *from;
};

/* Rule R8: what the operator says, and where that is 0 four per processor. */
struct table_limit table_limit(int64_t max_sessions, const hst_device *device);

/* Rule R10: people's sessions are let be, hostler's own are signed out, or locked and kept. */
hst_retirement table_retire(const hst_session *session, bool reuse);

#endif
