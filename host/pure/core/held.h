/*
 * A host that was restored from a backup. What was unfinished when the backup was made may have gone on, and ended, since:
 * so nothing of it starts before somebody has looked and says so. What is already under way on a device is heard of as ever,
 * and runs that come in after the restore are not held. Their numbers are beyond those of the backup.
 */
#ifndef HOST_PURE_CORE_HELD_H
#define HOST_PURE_CORE_HELD_H

#include "pure/core/core.h"

struct core_hold {
	int64_t generation;  /* the host's lives are counted from 1; 0: it was never restored */
	int64_t at_us;	     /* when it was restored */
	int64_t made_us;     /* when the backup was made */
	int64_t run;	     /* runs up to this number are held */
	int64_t released_us; /* 0: they still are */
};

/* The last restore of this host; NULL: there was none. */
const struct core_hold *core_hold(const struct core *core);
bool core_holds(const struct core *core); /* nothing that was unfinished starts */
bool core_holds_run(const struct core *core, const struct run *run);

/* An event: what was held goes on. The number of runs that do. */
size_t core_release(struct core *core, int64_t now_us, struct draw draw, const char *who, struct core_effects *effects);

/* What stands in the store of a restored host: kind "restored", name "host". */
const hst_value *core_hold_value(hst_arena *arena, const struct core_hold *hold);

#endif
