/*
 * The outcome of a desktop run as a hidden file in the folder of its results: what a session process leaves behind when
 * there is no gateway to hear it, and the next gateway reads.
 */
#ifndef HOST_DESKTOP_OUTCOME_H
#define HOST_DESKTOP_OUTCOME_H

#include <hostler/error.h>

#include <stddef.h>
#include <stdint.h>

/* The state of a flow that was ready and did not begin: whoever offered it has it back. */
#define OUTCOME_NEVER "never"

/* What the message `finished` says. */
struct outcome {
	char *state, *reason; /* the reason may be "" */
	int64_t started_us, ended_us;
	char *payload;
	size_t length;
	char *sealed; /* items */
	size_t sealed_length;
};

/*
 * `directory` is the open folder. The file belongs to the folder's owner, replaces an earlier one as a whole, and is on
 * disk when the function returns.
 */
int outcome_write(int directory, const struct outcome *outcome, hst_error *err);

/* HST_NOT_FOUND: there is none. HST_INVALID: it is not one. The caller clears *ret. */
int outcome_read(int directory, struct outcome *ret, hst_error *err);
void outcome_clear(struct outcome *outcome);

#endif
