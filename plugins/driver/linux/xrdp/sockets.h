/*
 * The Unix sockets of this machine that have a path and that somebody listens on, or that are one end of a connection. The kernel
 * is asked over sock_diag(7), where a name has a length: in /proc/net/unix a name with line breaks in it looks like rows of
 * sockets that there are not, and any user can bind one.
 */
#ifndef XRDP_SOCKETS_H
#define XRDP_SOCKETS_H

#include <stdbool.h>
#include <stdint.h>

struct bound {
	const char *path; /* valid until `see` returns */
	bool connected;	  /* it is one end of a connection, else somebody listens there */
	uint64_t inode;
};

/* False: the kernel does not say, or not all. */
bool sockets_each(void (*see)(void *arg, const struct bound *bound), void *arg);

#endif
