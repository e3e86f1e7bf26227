/*
 * The house's folders with their owners and modes. As root: state_dir is root's, its group hostler may make files in it
 * but touch only its own (03770); run_dir belongs to the engine, which binds its socket there, and its group may look
 * (02750). Otherwise both are the person's alone (0700).
 */
#ifndef HOST_SUPERVISE_FOLDERS_H
#define HOST_SUPERVISE_FOLDERS_H

#include "supervise/accounts.h"

struct conf;

/* state_dir alone, before the lock is taken in it. */
int folders_state(const struct conf *conf, const struct accounts *accounts, hst_error *err);
int folders_run(const struct conf *conf, const struct accounts *accounts, hst_error *err);

#endif
