/* Tells the service manager how far the house is, by the protocol of sd_notify(3). Nothing without $NOTIFY_SOCKET. */
#ifndef HOST_SUPERVISE_NOTIFY_H
#define HOST_SUPERVISE_NOTIFY_H

void notify_send(const char *state); /* "READY=1", "STOPPING=1" */

#endif
