/*
 * What may well be wrong with a configuration that has no errors: it depends on this machine, or on others, and may be
 * put right without touching a file. So a house starts all the same.
 */
#ifndef HOST_DEFINITIONS_WARNINGS_H
#define HOST_DEFINITIONS_WARNINGS_H

#include "definitions/definitions.h"

/* Asks each driver about this machine and its accounts, looks for the folders of connectors and the programs of desktop
 * flows. */
void definitions_warn(const struct definitions *definitions, struct problems *warnings);

#endif
