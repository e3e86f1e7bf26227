/* The picture of the house, as lines for a terminal of a given size. */
#ifndef HOST_CLI_WATCH_PICTURE_H
#define HOST_CLI_WATCH_PICTURE_H

#include "base/text.h"

#include <hostler/value.h>

#include <stddef.h>

struct watch_picture {
	hst_arena *arena;
	const hst_value *answer; /* of the question "watch"; NULL: none yet */
	const char *away;	 /* why the host does not answer; NULL: it does */
	const char *now;	 /* the time, as people read it */
	int64_t now_us;
	size_t width, height;
};

/* At most `height` lines of at most `width` characters, each with its end. What does not fit is counted. */
void watch_draw(const struct watch_picture *picture, struct text *to);

#endif
