/*
 * One plugin opened without a host, with what somebody gave it on the command line: what `try` and `test` work with, and
 * what each kind does when it is tried.
 */
#ifndef HOST_WORKER_ATTEMPT_H
#define HOST_WORKER_ATTEMPT_H

#include "plugin/instance.h"
#include "worker/alone.h"

struct attempt {
	hst_arena *arena;
	const hst_plugin *plugin;
	struct alone alone;
	struct plugin_instance *instance;
	hst_shape shape;
	const char *word;	    /* NULL: none was said */
	hst_value *options, *inputs; /* texts */
	int64_t events;		    /* to end after; 0: none */
};

/* Checks the options and opens. On failure nothing is left open. */
int attempt_open(struct attempt *attempt, hst_error *err);

/* NAME=VALUE into the record. HST_INVALID: it is none. */
int attempt_read_pair(hst_arena *arena, hst_value *record, const char *pair, hst_error *err);

/* try_watch.c: prints every event as a line of JSON, until a signal or the number of events; then HST_OK. */
int try_watch(struct attempt *attempt, hst_error *err);

/* try_choices.c: what a balancer and a strategy decide, and what a driver sees. */
int try_choose(struct attempt *attempt, hst_error *err);
int try_plan(struct attempt *attempt, hst_error *err);
int try_list(struct attempt *attempt, hst_error *err);

/* One line of JSON on stdout. */
void try_print(const hst_value *value);

#endif
