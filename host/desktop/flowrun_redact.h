/* Keeps the secret inputs of a run out of what it prints and says (seal/redact.h). */
#ifndef HOST_DESKTOP_FLOWRUN_REDACT_H
#define HOST_DESKTOP_FLOWRUN_REDACT_H

#include "seal/redact.h"

#include <hostler/fields.h>
#include <hostler/value.h>

struct flow_redact {
	struct redact *secrets;
	struct redact_stream log;
};

/* Collects the secrets among checked inputs. Where that fails the run may not start: it could print them. */
int flow_redact_init(struct flow_redact *redact, hst_fields fields, const hst_value *inputs, hst_error *err);
void flow_redact_clear(struct flow_redact *redact); /* wipes */

#endif
