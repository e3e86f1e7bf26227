/* Keeps what is secret of a run, what it was given and what it has made, out of what it prints and says (seal/redact.h). */
#ifndef HOST_DESKTOP_FLOWRUN_REDACT_H
#define HOST_DESKTOP_FLOWRUN_REDACT_H

#include "desktop/flowrun.h"
#include "seal/redact.h"

#include <hostler/fields.h>
#include <hostler/value.h>

struct flow_redact {
	struct redact *secrets;
	struct redact_stream log;
	/* Most runs print nothing, so what they were given is looked at only once something is printed. Both stay. */
	const struct flowrun_spec *spec;
	const hst_value *inputs;
	bool learned;
	bool blind; /* something is secret that cannot be looked for: nothing is shown any more */
};

/*
 * The secrets among checked inputs, and those that were opened. Where they are too many or too long to be looked for the run may not
 * start: it could print them. Where memory for that is wanting once it prints, it is blind.
 */
int flow_redact_init(struct flow_redact *redact, const struct flowrun_spec *spec, const hst_value *inputs, hst_error *err);

/* One more, which the run has made. */
void flow_redact_know(struct flow_redact *redact, const hst_value *value);
struct redact *flow_redact_by(struct flow_redact *redact); /* NULL: blind */
void flow_redact_clear(struct flow_redact *redact); /* wipes */

#endif
