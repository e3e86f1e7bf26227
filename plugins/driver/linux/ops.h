/*
 * Operations that drivers of Linux sessions have in common. The state of such a driver's instance begins with its
 * struct session.
 */
#ifndef LINUX_OPS_H
#define LINUX_OPS_H

#include "session.h"

int ops_identify(void *state, hst_call *call, const char *user, hst_identity *ret, hst_error *err);
int ops_open(void *state, hst_call *call, const hst_open *what, const char **ret_session, hst_error *err);
int ops_attach(void *state, hst_call *call, const char *id, hst_error *err);
int ops_start(void *state, hst_call *call, const char *id, const hst_start *what, pid_t *ret_pid, hst_error *err);
int ops_screenshot(void *state, hst_call *call, const char *id, const char *path, hst_error *err);
int ops_close(void *state, hst_call *call, const char *id, hst_error *err);
int ops_standing(void *state, hst_call *call, const char *id, hst_error *err);
int ops_reap(void *state, hst_call *call, const char *const *notes, size_t n, hst_error *err);

/* For hst_plugin.close. */
void ops_end(void *state);

/* Is there a program of this name where programs of a session are looked for? One with a slash is looked for there. */
bool ops_program_is_there(const char *program);

#endif
