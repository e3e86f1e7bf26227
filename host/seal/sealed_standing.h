/* What a sealed file is worth, as far as that can be known without the keys of those who open it. */
#ifndef HOST_SEAL_SEALED_STANDING_H
#define HOST_SEAL_SEALED_STANDING_H

#include "seal/roster.h"
#include "seal/sealed_file.h"

#include <stdbool.h>

enum sealed_standing {
	SEALED_READY,
	SEALED_MISSING,
	SEALED_UNREADABLE, /* not by whoever asks */
	SEALED_DAMAGED,    /* it is no named secret, or one of another name */
	SEALED_REFUSED,    /* nobody who has this roster opens it: by whom, when or where it was sealed */
};

/*
 * The named secret at this path. *ret, for the caller to free, where it is READY or REFUSED, else NULL; what is wrong is in *err, without a
 * remedy. Without a roster (NULL), and where it was sealed by a later one, which nobody here has seen, it is only read.
 */
enum sealed_standing sealed_stands(const char *path, const char *name, const struct roster *roster, struct sealed_file **ret, hst_error *err);

/* "ready", "missing", "unreadable", "damaged", "refused". */
const char *sealed_standing_word(enum sealed_standing standing);

/* What to do about it, in the arena: begins with what somebody is to say or do. "": it is READY. */
const char *sealed_remedy(hst_arena *arena, enum sealed_standing standing, const char *name);

/* Whether it was sealed for this place, and with the key that this member has today. */
bool sealed_serves(const struct sealed_file *file, const struct roster *roster, const char *sink, const char *member);

#endif
