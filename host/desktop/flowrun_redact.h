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
};

/* Collects the secrets among checked inputs, and those that were opened. Where that fails the run may not start: it could print them. */
int flow_redact_init(struct flow_redact *redact, const struct flowrun_spec *spec, const hst_value *inputs, hst_error *err);
void flow_redact_clear(struct flow_redact *redact); /* wipes */

#endif
