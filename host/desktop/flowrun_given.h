/*
 * Files a flow is given: copied into in/ before it starts, each under its own name, with a number where two are called
 * alike. The input's value is then the path from $HOSTLER_WORK, in/NAME.
 */
#ifndef HOST_DESKTOP_FLOWRUN_GIVEN_H
#define HOST_DESKTOP_FLOWRUN_GIVEN_H

#include "desktop/flowrun.h"
#include "desktop/flowrun_place.h"

/* `inputs` are checked; *ret is the record with paths. HST_INVALID: a file cannot be had. */
int flow_given(struct flow_place *place, hst_arena *arena, const struct flowrun_spec *spec, const hst_value *inputs, const hst_value **ret,
	       hst_error *err);

#endif
