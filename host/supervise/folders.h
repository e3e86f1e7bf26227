/*
 * The house's folders with their owners and modes. As root: state_dir is root's, and nobody else makes files in it; each
 * role has a folder of its own below. run_dir belongs to the engine, which binds its socket there. Others may walk
 * through both, because the users of sessions have their working directories below. Otherwise all are the person's alone.
 */
#ifndef HOST_SUPERVISE_FOLDERS_H
#define HOST_SUPERVISE_FOLDERS_H

#include "supervise/accounts.h"

struct conf;

/* state_dir alone, before the lock is taken in it. */
int folders_state(const struct conf *conf, const struct accounts *accounts, hst_error *err);
int folders_parts(const struct conf *conf, const struct accounts *accounts, hst_error *err); /* below it */
int folders_run(const struct conf *conf, const struct accounts *accounts, hst_error *err);

#endif
