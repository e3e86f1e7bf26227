/*
 * Members that an older plugin does not have: a struct of the SDK says its size, and what lies beyond it is
 * absent. PRESENT(ops, press) is true when the member is there and set.
 */
#ifndef HOST_PLUGIN_PRESENT_H
#define HOST_PLUGIN_PRESENT_H

#include <stddef.h>

#define PRESENT(at, member) \
	(offsetof(__typeof__(*(at)), member) + sizeof((at)->member) <= (at)->size && (at)->member)

#endif
