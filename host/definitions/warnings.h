/*
 * What may well be wrong with a configuration that has no errors: it depends on this machine, or on others, and may be
 * put right without touching a file. So a house starts all the same.
 */
#ifndef HOST_DEFINITIONS_WARNINGS_H
#define HOST_DEFINITIONS_WARNINGS_H

#include "definitions/definitions.h"

/* Whether the gateway that serves a device has joined the host: who warns does not know. */
struct warnings_gateways {
	bool (*joined)(void *arg, const struct conf_device *device);
	void *arg;
};

/* Asks each driver about this machine and its accounts, looks for the folders of connectors and the programs of desktop
 * flows, and for devices that nobody serves yet. */
void definitions_warn(const struct definitions *definitions, const struct warnings_gateways *gateways, struct problems *warnings);

/* Of these only the folders of connectors and the programs of desktop flows. */
void definitions_warn_of_things(const struct definitions *definitions, struct problems *warnings);

#endif
