/*
 * The facade of drivers: the one place that calls their ops. An absent optional op is HST_INVALID with its
 * name.
 */
#ifndef HOST_PLUGIN_DRIVER_H
#define HOST_PLUGIN_DRIVER_H

#include "plugin/instance.h"

#include <hostler/driver.h>

int driver_list(struct plugin_instance *driver, hst_call *call, hst_device *ret_device,
		hst_session **ret_sessions, size_t *ret_n, hst_error *err);
int driver_identify(struct plugin_instance *driver, hst_call *call, const char *user, hst_identity *ret,
		    hst_error *err);
int driver_open(struct plugin_instance *driver, hst_call *call, const hst_open *what,
		const char **ret_session, hst_error *err);
int driver_attach(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err);
int driver_start(struct plugin_instance *driver, hst_call *call, const char *session, const hst_start *what,
		 pid_t *ret_pid, hst_error *err);
bool driver_can_screenshot(const struct plugin_instance *driver);
int driver_screenshot(struct plugin_instance *driver, hst_call *call, const char *session, const char *path,
		      hst_error *err);
/* False: it has no such descriptor, and is listed every second. */
bool driver_events(struct plugin_instance *driver, int *ret_fd, bool *ret_often);
bool driver_can_lock(const struct plugin_instance *driver);
int driver_lock(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err);
int driver_close(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err);
bool driver_knows_standing(const struct plugin_instance *driver);
int driver_standing(struct plugin_instance *driver, hst_call *call, const char *session, hst_error *err);
int driver_reap(struct plugin_instance *driver, hst_call *call, const char *const *notes, size_t n,
		hst_error *err);

#endif
