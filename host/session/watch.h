/*
 * hostler-session watch: one per device, always there. Lists the device's sessions every second, and at once
 * when the gateway asks who a user is, and says `sessions` when they have changed. While the driver cannot
 * tell, `error` with SessionFactUnknown is said once. Undoes what dead holds left. Knows no secret.
 */
#ifndef HOST_SESSION_WATCH_H
#define HOST_SESSION_WATCH_H

#include "session/device.h"

/* Until the gateway or the supervisor is gone; returns the exit status. */
int session_watch(const struct session_settings *settings);

#endif
