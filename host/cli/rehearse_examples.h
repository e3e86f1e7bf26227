/*
 * Values that stand for those that nobody has before a flow runs: defaults, first choices, plausible words. What a flow looks into is
 * there, and of the type that it is given on as.
 */
#ifndef HOST_CLI_REHEARSE_EXAMPLES_H
#define HOST_CLI_REHEARSE_EXAMPLES_H

#include "pure/core/core.h"

struct examples {
	hst_arena *arena;
	const struct flow *flow;
	const struct core_policy *policy;
};

/*
 * A record of what `source` ("trigger", or a step's name) gives: for each field what `given` says, else an example. What is secret is
 * in *ret_sealed instead, as an envelope that nobody can open, and so is what `directions` name.
 * HST_INVALID: something that was given does not fit its field.
 */
int examples_record(const struct examples *examples, const char *source, hst_fields fields, const hst_value *given,
		    const struct core_direction *directions, size_t direction_count, const hst_value **ret,
		    struct flow_envelope **ret_sealed, size_t *ret_sealed_count, hst_error *err);

/* Of such a record what the flow looks at. */
const hst_value *examples_looked_at(const struct examples *examples, const char *source, const hst_value *record);

#endif
