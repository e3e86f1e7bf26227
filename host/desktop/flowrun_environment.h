/* What a flow finds around itself: its words and its environment. No secret is ever among them. */
#ifndef HOST_DESKTOP_FLOWRUN_ENVIRONMENT_H
#define HOST_DESKTOP_FLOWRUN_ENVIRONMENT_H

#include "desktop/flowrun.h"
#include "desktop/flowrun_place.h"

/* An input longer than this, or beyond all of them together, is on stdin alone. */
enum { FLOW_INPUT_BYTES_MAX = 32 << 10, FLOW_INPUTS_BYTES_MAX = 512 << 10 };

/* `run` of the package with the two directories put in; ends with NULL; in the arena. */
char **flow_arguments(hst_arena *arena, const struct package *package, const struct flow_place *place);

/* NAME=VALUE, ends with NULL; in the arena. `inputs` are the checked ones. */
char **flow_environment(hst_arena *arena, const struct flowrun_spec *spec, const struct flow_place *place,
			const hst_value *inputs);

#endif
