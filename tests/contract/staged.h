/*
 * Plugins as they are installed, for tests: found in $HOSTLER_PLUGINS, loaded as a program loads them, opened
 * with options written like in a section. Whatever goes wrong fails the test with the error's text.
 */
#ifndef TESTS_CONTRACT_STAGED_H
#define TESTS_CONTRACT_STAGED_H

#include "plugin/instance.h"

struct staged {
	hst_arena *arena; /* of the instance and of `call` */
	hst_host host;	  /* plain; a test may put services of its own into it before staged_open */
	hst_call call;
	const hst_plugin *plugin;
	const hst_value *options;
	struct plugin_instance *instance;
};

const char *staged_directory(void);

/* Loads the plugin and makes the host. */
void staged_load(struct staged *staged, hst_plugin_kind kind, const char *name);

/* Checks the options, pairs of name and value that end with NULL, and opens. */
void staged_open(struct staged *staged, const char *const *options);

/* The same, and returns what checking, `fields` or `open` say, HST_OK included. */
int staged_try(struct staged *staged, const char *const *options, hst_error *err);

/* A record of texts out of pairs that end with NULL, in the arena. */
const hst_value *staged_record(hst_arena *arena, const char *const *pairs);

void staged_close(struct staged *staged);

#endif
