/*
 * Whether the desktop flows that steps give secrets to are signed as they are now. One that is not is a fault, not a mistake of the
 * configuration: the steps that name it are refused, and everything else works.
 */
#ifndef HOST_DEFINITIONS_SIGNATURES_H
#define HOST_DEFINITIONS_SIGNATURES_H

#include "definitions/definitions.h"

void definitions_check_signatures(struct definitions *definitions, struct problems *problems);

/* The step runs a desktop flow and may give it what is secret. */
bool definitions_gives_secrets(const struct definitions *definitions, const struct flow_step *step);

#endif
