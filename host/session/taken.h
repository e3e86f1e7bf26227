/*
 * Sessions that hostler opened and a person has taken over since: they are that person's, which nothing about the session itself says
 * to others. So it is written down in RUN_DIR/sessions/taken, for as long as the session is there.
 */
#ifndef HOST_SESSION_TAKEN_H
#define HOST_SESSION_TAKEN_H

#include "session/device.h"

/* From now on it is. That it cannot be written down is logged. */
void taken_note(const struct session_device *device, const char *session);

/* Of what the driver has listed: what was taken is not ours. What is not there any more is forgotten. */
void taken_apply(const struct session_device *device, hst_session *sessions, size_t n);

#endif
