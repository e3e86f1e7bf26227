/*
 * What is wrong in the house, and who is to be told of it. Facts, times and how notifications went come in; causes and
 * the notifications that are due come out. No clock, no socket, no store of its own.
 *
 * A cause is one thing that is wrong: runs of a flow that fail, a device that is away. It begins, and each section
 * whose condition it meets is told once, again after its `repeat`, and once more when it is over. Most of them are
 * found by looking: whoever looks names all that stands, and what is not named any more is over. Failed runs and
 * missed times are heard of instead, and are over when somebody says so, or when nothing more was heard for a day.
 */
#ifndef HOST_PURE_ALERTS_ALERTS_H
#define HOST_PURE_ALERTS_ALERTS_H

#include "pure/alerts/conditions.h"

#include "base/text.h"

#include <hostler/types.h>

enum {
	ALERT_MINUTE_MOST = 10,	   /* notifications of one section in a minute, the last of which sums up the others */
	ALERT_ATTEMPTS_MOST = 8,   /* of one notification, from 30 s to 30 min apart */
	ALERT_FORGOTTEN_HOURS = 24,
	/* What begins again so soon after it was closed is closed the next time only when it has been over for so long. */
	ALERT_CALM_MINUTES = 10,
};

/* Texts are borrowed until alerts_configure is called again. */
struct alert_section {
	const char *name;
	const struct alert_condition *conditions;
	size_t condition_count;
	char *const *flows; /* 0: all */
	size_t flow_count;
	const char *process; /* "worker/connector/post": through which it tells; what is wrong with that it cannot tell */
	int64_t repeat_ms;
	bool closing;
};

/* Borrowed for the call; texts may be NULL where they say nothing. */
struct alert_fact {
	enum alert_kind kind;
	const char *subject; /* which of its kind; never NULL */
	const char *flow;    /* or several, with ", " between them; NULL: it concerns no flow in particular */
	const char *run, *device, *process;
	int64_t since_us, count;
	int64_t free_bytes; /* DISK */
	const char *text;   /* a sentence without a full stop */
	const char *remedy;
};

enum alert_state { ALERT_BEGUN = 1, ALERT_AGAIN, ALERT_ENDED, ALERT_SEVERAL };

/* How one section was told of one cause. */
struct alert_telling {
	enum alert_state wanted; /* 0: nothing is to be told */
	int64_t told_us, told;	 /* when last, and how often; 0: not yet */
	int64_t attempts;	 /* that failed since */
	int64_t failed_us, next_us;
	int64_t over_us;   /* since when it is of no concern; 0: it is */
	int64_t closed_us; /* when it was closed last, for as long as that is not long ago; 0: it was not */
	bool restless;	   /* it began again soon after that */
	uint64_t asked;	 /* the notification that is under way; 0: none */
	char *error;	 /* of the last attempt */
};

struct alert_cause {
	enum alert_kind kind;
	char *subject, *flow, *run, *device, *process, *text, *remedy;
	int64_t since_us, last_us, ended_us, count, free_bytes;
	bool standing;			/* it is wrong now */
	bool seen;			/* by the look under way */
	bool changed, kept;		/* it is to be put into the store; it is there */
	struct alert_telling *tellings; /* by section */
};

struct alert_item {
	struct alert_cause *cause;
	enum alert_state state;
};

/* Lives until the next call of anything here. */
struct alert_notice {
	uint64_t id;
	size_t section;
	enum alert_state state; /* SEVERAL: it sums up; else that of the one item */
	struct alert_item *items;
	size_t n;
};

struct alerts;

struct alerts *alerts_new(void);
void alerts_free(struct alerts *alerts);

/* Sections are the same by their names: what they were told they know. */
void alerts_configure(struct alerts *alerts, const struct alert_section *sections, size_t n);

/* The least that any section waits for (DISK: the most); where none names the kind, the one of conditions.h. */
int64_t alerts_limit(const struct alerts *alerts, enum alert_kind kind);

/* A look: begin, name all that stands, end. `unseen`: kinds, as bits, that could not be looked at; they stay as they are. */
void alerts_look(struct alerts *alerts);
void alerts_stands(struct alerts *alerts, const struct alert_fact *fact);
void alerts_looked(struct alerts *alerts, int64_t now_us, unsigned unseen);

/* FAILED and MISSED: `count` more of them. The text is that of the last one. */
void alerts_happened(struct alerts *alerts, const struct alert_fact *fact, int64_t now_us);
void alerts_over(struct alerts *alerts, enum alert_kind kind, const char *subject, int64_t now_us);
bool alerts_any(const struct alerts *alerts, enum alert_kind kind); /* something of the kind stands */
const struct alert_cause *alerts_cause(const struct alerts *alerts, enum alert_kind kind, const char *subject); /* NULL: none stands */

/* The next notification that is due; false: none is. It is under way until alerts_told says how it went. */
bool alerts_next(struct alerts *alerts, int64_t now_us, struct alert_notice *ret);
void alerts_told(struct alerts *alerts, uint64_t id, const char *error, int64_t now_us); /* NULL: well */

/* Whoever looks: every cause that stands and is over its limit, in the order in which they began to be known. Start with 0. */
const struct alert_cause *alerts_wrong(const struct alerts *alerts, size_t *at, int64_t now_us);
/* Whether the section is about it at all; whether it is told of it now; and why it cannot be: it would have to go through
 * what is wrong. */
bool alerts_watch(const struct alerts *alerts, size_t section, const struct alert_cause *cause);
bool alerts_concern(const struct alerts *alerts, size_t section, const struct alert_cause *cause, int64_t now_us);
bool alerts_through_itself(const struct alerts *alerts, size_t section, const struct alert_cause *cause);

/*
 * What outlives the process: each cause that has changed, as a name and JSON; `value` empty: it is no more. False: none
 * is left. Restored after alerts_configure.
 */
bool alerts_unkept(struct alerts *alerts, struct text *name, struct text *value);
void alerts_restore(struct alerts *alerts, hst_arena *arena, const char *name, const char *value, size_t length);

#endif
