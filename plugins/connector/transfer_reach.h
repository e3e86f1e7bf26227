/* The addresses that a transfer may connect to, whatever name they come from. */
#ifndef PLUGINS_CONNECTOR_TRANSFER_REACH_H
#define PLUGINS_CONNECTOR_TRANSFER_REACH_H

#include <ifaddrs.h>
#include <stdbool.h>
#include <sys/socket.h>

enum transfer_reach {
	TRANSFER_ANYWHERE,
	TRANSFER_LOOPBACK, /* this machine alone, by its loopback: what is said is said in the clear */
	TRANSFER_ABROAD,   /* neither this machine, by whichever of its addresses, nor the networks that it is in */
};

/* `own`: the interfaces of this machine, as getifaddrs gives them. */
bool transfer_reaches(enum transfer_reach reach, const struct sockaddr *address, const struct ifaddrs *own);

#endif
