/*
 * What a device, its driver and its strategy must have in common. Rule R10a: whether a strategy is made for what its device is, which only the driver can say, on the machine of the device.
 * So a driver is asked, in a process of its own, where a strategy is named that is not made for every system.
 */
#ifndef HOST_DEFINITIONS_FIT_H
#define HOST_DEFINITIONS_FIT_H

#include "definitions/definitions.h"

/* An address for a driver that knows none would be ignored. */
void definitions_check_addresses(const struct definitions *definitions, struct problems *problems);

/* Two devices of one gateway that are the same machine: both count the same sessions, and neither knows of the other's runs. */
void definitions_warn_of_twins(const struct definitions *definitions, struct problems *warnings);

/* Adds a problem for each pair that contradicts itself. A driver that cannot tell contradicts nothing. */
void definitions_check_fit(const struct definitions *definitions, struct problems *problems);

#endif
