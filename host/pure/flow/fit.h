/* Which outputs may be given to which inputs, as far as the declared types tell. */
#ifndef HOST_PURE_FLOW_FIT_H
#define HOST_PURE_FLOW_FIT_H

#include <hostler/fields.h>
#include <hostler/value.h>

#include <stdbool.h>

/*
 * False when no value of the type `output` can ever be right for `input`. HST_TYPE_NONE: not known, which may
 * be right.
 */
bool flow_type_fits(hst_type input, hst_type output);

/*
 * The inputs of a step as its action or package wants them: a text input that was given a number or yes or no
 * gets it written as text, everything else stays as it is. To be done before the record is checked against
 * the fields.
 */
const hst_value *flow_inputs_fit(hst_arena *arena, hst_fields fields, const hst_value *inputs);

#endif
