/* What people say for a run, taken apart; both stores look for the same things. */
#ifndef HOST_STORE_SAID_H
#define HOST_STORE_SAID_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stdint.h>

enum { SAID_LOOKED_AT = 100000, RUNS_LOOKED_AT = 1000000 };

struct said {
	int64_t number;	    /* "#12" or "12"; -1: no number */
	const char *ending; /* at least 4 characters of an id, or all of it; NULL: not possible */
	bool last;	    /* the newest run … */
	const char *flow;   /* … of this flow; NULL: of any */
};

/* Points into `text`. HST_INVALID: it can be no run. */
int said_read(const char *text, struct said *ret, hst_error *err);

int said_nothing(const char *text, hst_error *err);					/* HST_NOT_FOUND */
int said_several(const char *text, const char *one, const char *other, hst_error *err); /* HST_INVALID */

#endif
