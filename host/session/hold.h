/*
 * hostler-session hold: one per session hostler opened or attached to, for as long as it lives. It is warm
 * (the driver loaded, nothing opened) until `open`, runs one desktop flow after another by `launch`, and
 * takes the session down on `close`. Where the driver needs it, it is root; PAM acts on this process.
 *
 * When the gateway or the supervisor is gone, or TERM comes, it stops its flow, closes the session and ends.
 */
#ifndef HOST_SESSION_HOLD_H
#define HOST_SESSION_HOLD_H

#include "session/device.h"

/* Returns the exit status: 0 once the session is closed, 1 when it could not be. */
int session_hold(const struct session_settings *settings);

#endif
