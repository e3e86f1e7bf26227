/*
 * The script at work: who is there in this moment, and what goes wrong. It is found anew from the beginning each time, so that every
 * process that reads the script at the same moment sees the same.
 */
#ifndef SIM_PLAY_H
#define SIM_PLAY_H

#include "script.h"

struct person {
	const char *user, *key, *by; /* of the script; `by`: who is in it, NULL: the user */
	bool there;
	hst_fact connected, locked;
	bool unknown;	 /* whether it is locked */
	const char *why; /* sign-ins fail; NULL: they work */
};

struct play {
	struct person people[SCRIPT_USERS_MAX];
	size_t n;
	int64_t takes_ms[SCRIPT_OPS];
	const char *fails[SCRIPT_OPS]; /* NULL: it does not */
};

/* How it stands so long after the beginning. */
void play_until(struct play *ret, const struct script *script, int64_t at_ms);

/* What one line changes. False: there are too many people, or it cannot be so: *ret_wrong is half a sentence. */
bool play_line(struct play *play, const struct script_line *line, const char **ret_wrong);

const struct person *play_person(const struct play *play, const char *key); /* NULL: nobody knows them */

#endif
