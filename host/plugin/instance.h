/*
 * An opened plugin: options bound, `open` called. The facades balancer.h, strategy.h, trigger.h, connector.h
 * and driver.h are the only ones that touch its ops.
 */
#ifndef HOST_PLUGIN_INSTANCE_H
#define HOST_PLUGIN_INSTANCE_H

#include <hostler/plugin.h>
#include <hostler/value.h>

struct plugin_instance {
	const hst_plugin *plugin;
	hst_host *host; /* the caller's; must outlive the instance */
	void *config;
	void *state;
	hst_arena *arena;   /* options live here */
	hst_arena *scratch; /* of one call of a balancer or strategy, whose answers are plain numbers */
	char *who;	    /* for plugin/guard.h */
};

/* What is said where a secret finds no room. */
extern const char plugin_no_room[];

/*
 * Binds already checked options (fields_check) and opens. On failure *ret is untouched and nothing is left
 * open.
 */
int plugin_open(const hst_plugin *plugin, const hst_value *options, hst_host *host,
		struct plugin_instance **ret, hst_error *err);
void plugin_close(struct plugin_instance *instance); /* NULL is fine */

/* The op `check`, which proves that the settings work; a plugin without it passes. */
int plugin_check(struct plugin_instance *instance, hst_call *call, hst_error *err);

/*
 * The op `fields` on options alone, without open; memory in the arena. The fields it gives keep the rules of
 * plugin/verify.h. Without that op: the descriptor's own event, and no inputs or outputs (each action has its
 * own).
 */
int plugin_shape(const hst_plugin *plugin, const hst_value *options, hst_host *host, hst_arena *arena,
		 hst_shape *ret, hst_error *err);

/* A host that logs and computes but has no services: for balancers, strategies and `describe`. */
void plugin_plain_host(hst_host *ret, const char *instance, hst_arena *arena);

/* A call of this host without a deadline; its memory goes to the arena. */
void plugin_plain_call(hst_call *ret, hst_host *host, hst_arena *arena);

/* For facades: stands before every op, as plugin/guard.h says; plugin_answer ends it. limit_ms 0: no limit. */
void plugin_begin(const struct plugin_instance *instance, const char *op, int64_t limit_ms);

/*
 * For facades, directly behind an op: turns what it returned into what the host returns. `said` is what the op was given to write
 * to. It may be `err` itself. A code that is none of hst_code is HST_BROKEN, and a failure without text gets
 * one that names plugin and op.
 */
int plugin_answer(const hst_plugin *plugin, const char *op, int code, const hst_error *said, hst_error *err);

/* For facades: the plugin broke the contract of its op, so nothing more can be expected of it: HST_BROKEN. */
__attribute__((format(printf, 4, 5))) int plugin_broke(const hst_plugin *plugin, const char *op,
						       hst_error *err, const char *format, ...);

#endif
