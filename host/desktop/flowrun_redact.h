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
	bool blind; /* something is secret that cannot be looked for: nothing is shown any more */
};

/* Collects the secrets among checked inputs, and those that were opened. Where that fails the run may not start: it could print them. */
int flow_redact_init(struct flow_redact *redact, const struct flowrun_spec *spec, const hst_value *inputs, hst_error *err);

/* One more, which the run has made. */
void flow_redact_know(struct flow_redact *redact, const hst_value *value);
struct redact *flow_redact_by(const struct flow_redact *redact); /* NULL: blind */
void flow_redact_clear(struct flow_redact *redact); /* wipes */

#endif
