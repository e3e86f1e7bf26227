/*
 * `hostler-worker test FILE [-o OPTION=VALUE]… [-i INPUT=VALUE]…`: the contract that every plugin keeps, tried on one. Each
 * case runs in a process of its own, so what one of them breaks is nobody else's. An action of a connector is called only
 * with inputs that were given for it, ACTION.INPUT=VALUE, because nobody here knows what else it would do.
 *
 *	stdout       one line of JSON for each case: {"case","outcome","text"}; outcome is "passed", "failed" or "skipped"
 *	exit status  0, 1 a case failed, 2 usage
 */
#ifndef HOST_WORKER_PROVE_H
#define HOST_WORKER_PROVE_H

#include "worker/attempt.h"

/* `arguments` are those behind `test`, `n` of them and at least 1. */
int prove_run(char *const *arguments, int n);

/* A case fails by returning an error, and is skipped with prove_skip. The plugin is open but for cases that open it. */
struct prove_case {
	hst_plugin_kind kind; /* 0: every kind */
	bool closed;	      /* the case opens the plugin itself */
	const char *name;
	int (*run)(struct attempt *attempt, hst_error *err);
};

__attribute__((format(printf, 2, 3))) int prove_skip(hst_error *err, const char *why, ...);

/* Cases by kind; each table ends with a row without name. */
extern const struct prove_case prove_deciders[]; /* prove_deciders.c: balancers and strategies */
extern const struct prove_case prove_doers[];	 /* prove_doers.c: triggers, connectors and drivers */

#endif
