/*
 * Everything a configuration names, loaded and held against each other: plugins' manifests, instances with their checked
 * options and shapes, desktop-flow packages, flows. Used by `hostler check`, the engine and the gateway. A fresh object
 * each time; immutable afterwards; every problem is collected, none is fatal to the next.
 *
 * Plugins that have a worker are never loaded here: their manifest comes from `hostler-worker describe`.
 */
#ifndef HOST_DEFINITIONS_DEFINITIONS_H
#define HOST_DEFINITIONS_DEFINITIONS_H

#include "base/table.h"
#include "config/conf.h"
#include "desktop/package.h"
#include "pure/flow/model.h"
#include "schema/manifest.h"

/* One instance with what its plugin says. */
struct definition {
	const struct conf_instance *instance;
	struct manifest manifest;
	const hst_value *options; /* checked, defaults filled in, paths absolute */
	hst_fields event;         /* triggers: of this instance */
	hst_fields inputs, outputs; /* connectors whose configuration decides them */
	hst_duration deadline;
	const char *fault;        /* what is wrong with its plugin; NULL: nothing */
	bool bad;                 /* it has problems of its own; what refers to it is not complained about again */
};

struct alert_definition; /* alerts.h */
struct definitions {
	struct conf *conf;
	struct table instances[HST_KIND_COUNT]; /* name -> struct definition */
	struct table packages; /* name -> struct package */
	struct table flows;    /* name -> struct flow */
	struct table pinned; /* name -> the manifest in its folder, of packages that a pinned copy is used of (desktop/pushed.h) */
	struct table bad_packages; /* folders whose package could not be read: what names them is not complained about again */
	struct alert_definition *alerts;
	size_t alert_count;
	/*
	 * How many of the problems are faults that the rest works without: a secret that was not sealed, a desktop flow that is given
	 * secrets and not signed, and of plugins
	 * (strategies apart) a file that is missing or may not be trusted, or one that crashes. What the configuration says
	 * may be right.
	 */
	size_t faults;
	hst_arena *arena;
};

/* Never NULL. With problems added it is only good for looking at. `conf` is taken over. */
struct definitions *definitions_load(struct conf *conf_take, struct problems *problems);
void definitions_free(struct definitions *definitions);

const struct definition *definitions_instance(const struct definitions *definitions, hst_plugin_kind kind, const char *name);

/* Inputs and outputs of an action, from the manifest or the instance's shape. False: no such action. */
bool definitions_action(const struct definition *connector, const char *action, hst_fields *ret_inputs,
                        hst_fields *ret_outputs, hst_duration *ret_deadline);

#endif
