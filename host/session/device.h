/* The device a session process works on: its configuration and its driver, loaded and opened. */
#ifndef HOST_SESSION_DEVICE_H
#define HOST_SESSION_DEVICE_H

#include "config/conf.h"
#include "plugin/driver.h"

struct session_settings {
	const char *configuration; /* path of the configuration file */
	const char *device;	   /* name of the device */
};

struct session_notes;

struct session_device {
	struct conf *conf;
	const struct conf_device *device;
	struct plugin_instance *driver;
	struct session_notes *notes; /* where hst_note goes; NULL: the driver may note nothing now */
	void (*log)(hst_host *host, hst_level level, const char *text);
	hst_host host;
	char house[17];	       /* of the driver's sessions, by the state folder and the device's name */
	hst_arena *arena;      /* options and services; as long as the driver is open */
	hst_arena *call_arena; /* of one call */
};

/* HST_INVALID is a wrong configuration, with the first problem. The struct must stay where it is: the driver
 * knows its host. */
int session_device_open(struct session_device *device, const struct session_settings *settings,
			hst_error *err);
void session_device_close(struct session_device *device);

/* A call of the driver that should take at most `ms`. What the call before it returned is gone. */
hst_call session_device_call(struct session_device *device, int64_t ms);

#endif
