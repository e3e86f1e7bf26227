/*
 * The configuration: one .ini file, parsed into a fresh object and checked as far as it can be without
 * plugins and flows (host/definitions does the rest). Immutable afterwards. Paths are absolute.
 */
#ifndef HOST_CONFIG_CONF_H
#define HOST_CONFIG_CONF_H

#include "base/table.h"
#include "schema/problems.h"
#include "schema/section.h"

#include <hostler/fields.h>
#include <hostler/plugin.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* One [trigger NAME], [connector NAME], [balancer NAME], [strategy NAME] or [driver NAME]. */
struct conf_instance {
	hst_plugin_kind kind;
	char *name;
	char *plugin;		 /* `plugin =`; a bare plugin name stands for itself with its defaults */
	int64_t workers;	 /* connectors: processes, 1 to 16 */
	struct section *section; /* options are its keys but plugin and workers; NULL: defaults */
	int line;
};

struct conf_target {
	bool cluster;
	char *name;
	char *text; /* "cluster:finance" */
};

struct conf_cluster {
	char *name;
	char **members;
	size_t member_count;
	char *balancer;		    /* instance */
	hst_duration queue_timeout; /* ms; 0: the profile's */
	bool strict_order;
	int line;
};

struct conf_connection {
	char *name;
	struct conf_target target;
	char *user;
	char *password; /* name of the secret, or NULL */
	int line;
};

/*
 * One device a gateway serves. Without [device] sections of its own a gateway serves one of its own name. A host also
 * knows devices of gateways on other machines: by a section that names the gateway, or only by their name in a cluster
 * or connection, which is then the gateway's, too.
 */
/* How the person at a device is told of attended runs (rule R28). */
enum conf_notify { CONF_NOTIFY_POPUP, CONF_NOTIFY_WINDOW, CONF_NOTIFY_NO };

struct conf_device {
	char *name;
	char *gateway;	 /* the gateway of another machine that serves it; NULL: the one of this file */
	bool implied;	 /* it has no section */
	char *driver;	 /* instance; NULL for one of another machine */
	char *address;	 /* of the machine whose sessions it has; NULL: this one */
	char *strategy;	 /* instance; NULL: by the system's kind (rule R10a) */
	char **accounts; /* users runs may have there */
	size_t account_count;
	hst_duration queue_timeout;
	bool strict_order;
	int64_t notify; /* enum conf_notify */
	int line;
};

/* Who is told of what, and through which action; host/definitions reads the conditions and the inputs. */
struct conf_alert {
	char *name;
	char **when; /* conditions as they are written */
	size_t when_count;
	char **flows; /* none: all */
	size_t flow_count;
	char *use;
	hst_duration repeat; /* 0: never */
	bool closing;
	struct section *section;
	int line;
};

enum conf_profile { CONF_PROFILE_2022, CONF_PROFILE_V1, CONF_PROFILE_CURRENT };

struct conf {
	char *path;
	struct document *document;
	char *state_dir, *run_dir, *plugins;

	bool has_host;
	char *listen;	   /* tcp endpoint for gateways, or NULL: none */
	char **flow_files; /* what the patterns matched, sorted */
	size_t flow_file_count;
	char **package_files; /* desktop-flow.ini files, sorted */
	size_t package_file_count;
	int64_t profile;					/* enum conf_profile */
	hst_duration queue_timeout, lost_after, resolve_within; /* queue_timeout: the profile's */
	int64_t worker_memory_mib; /* what a worker may have; 0: no limit */
	hst_duration outlive; /* how long holds go on without their gateway */
	hst_duration keep_runs, keep_values, keep_files; /* retention */
	char *store_path;					/* NULL without [host] */

	bool has_gateway;
	char *gateway_name;
	char *gateway_host; /* endpoint of the host; NULL: the one of this file */
	char *gateway_host_key;
	struct conf_device gateway_defaults; /* what [device] sections take from [gateway]; has no name */

	struct conf_instance *instances;
	size_t instance_count;
	struct conf_cluster *clusters;
	size_t cluster_count;
	struct conf_connection *connections;
	size_t connection_count;
	struct table connections_by_name; /* into the array: there may be one for each person, and each run asks for one */
	struct conf_device *devices;
	size_t device_count;
	struct conf_alert *alerts;
	size_t alert_count;
};

/* NULL, with problems added and sorted, when anything is wrong. */
struct conf *conf_load(const char *path, struct problems *problems);

/* For a child of the supervisor: when root started it and it has dropped its privileges, folders are still root's. */
struct conf *conf_load_child(const char *path, bool for_root, struct problems *problems);

/*
 * For whoever only wants to reach a house that runs, and finds `path` wrong: the text that is in force there, found by what
 * `path` says of state_dir, however wrong the rest of it is. NULL: there is none, or none that this user may read.
 */
struct conf *conf_load_in_force(const char *path);

/*
 * For what is started while the house runs: the text that was last put into force, which the supervisor keeps in the file
 * $HOSTLER_ACCEPTED. What stands in `path` by then may be half written. Without it, or started by hand: conf_load_child.
 */
struct conf *conf_load_accepted(const char *path, bool for_root, struct problems *problems);

/* The same with all its problems: for finding those of plugins, packages and flows in the same go, and for nothing else.
 * NULL only when the file itself cannot be read. What was wrong is left out or empty. */
struct conf *conf_load_for_check(const char *path, struct problems *problems);
void conf_free(struct conf *conf);

/* Who starts hostler decides the default folders and accounts: conf_load asks the system, this is told. */
struct conf_person {
	uid_t uid;
	const char *name;	 /* NULL: unknown */
	const char *home;	 /* NULL: none */
	const char *state_home;	 /* $XDG_STATE_HOME, or NULL */
	const char *runtime_dir; /* $XDG_RUNTIME_DIR, or NULL */
};
struct conf *conf_load_as(const char *path, const struct conf_person *person, struct problems *problems);

/*
 * -c FILE, else $HOSTLER_CONF, ./hostler.ini, ~/.config/hostler/hostler.ini, /etc/hostler/hostler.ini; caller
 * frees. The first two are returned whether they are there or not, so that the error names them. NULL: none
 * is there.
 */
char *conf_find(const char *given);

const struct conf_instance *conf_instance(const struct conf *conf, hst_plugin_kind kind, const char *name);
const struct conf_connection *conf_connection(const struct conf *conf, const char *name);
const struct conf_cluster *conf_cluster(const struct conf *conf, const char *name);
const struct conf_device *conf_device(const struct conf *conf, const char *name);

/* The line of a device's key: its own, else the one of [gateway] that stands for it; else where the device begins. */
int conf_device_line(const struct conf *conf, const struct conf_device *device, const char *key);

/* "run_dir/engine.sock" as a ZeroMQ endpoint; caller frees. */
char *conf_engine_endpoint(const struct conf *conf);

bool conf_endpoint_is_fit(const char *endpoint); /* "tcp://HOST:PORT" */

/* The kinds of values that keys have. */
enum conf_type {
	CONF_TEXT,
	CONF_NAME,     /* what a section may be named: letters, digits and _-. */
	CONF_WORD,     /* what a plugin or its instance may be named: ^[a-z][a-z0-9_-]{0,31}$ */
	CONF_PATH,     /* made absolute, relative to the file that says it */
	CONF_PATTERNS, /* paths with * and ?, separated by commas or lines */
	CONF_DURATION, /* at least 1s, or 0s where the row says so */
	CONF_BOOLEAN,
	CONF_INTEGER,
	CONF_CHOICE,
	CONF_WORDS,    /* separated by commas or lines */
	CONF_ENDPOINT, /* tcp://HOST:PORT, or none */
	CONF_TARGET,   /* device:NAME or cluster:NAME */
	CONF_SECRET,   /* secret:NAME */
	CONF_TYPE_COUNT
};

/* One key of one kind of section: how it is read, and its row in docs/flows.md. */
struct conf_key {
	const char *section; /* "host", "cluster", … */
	const char *key;
	enum conf_type type;
	const char *def;     /* the value of a key that is left out, or NULL */
	const char *shown;   /* what the documentation says instead of `def`, or NULL */
	const char *meaning; /* one line, no full stop */
	bool required;
	int64_t min, max;	    /* of integers */
	const char *const *choices; /* ends with NULL */
	size_t at;		    /* offset in the struct of the section */
	size_t count_at;	    /* of the count that belongs to an array */
	bool accepted_only;	    /* checked, but kept nowhere in this version */
	bool fixed;		    /* a text of struct conf that only a restart can change */
	bool never;		    /* a duration that may be 0s, which means never or for ever */
};

const struct conf_key *conf_keys(size_t *ret_n);
const char *conf_type_name(enum conf_type type);
const char *conf_notify_name(int64_t notify); /* of an enum conf_notify, as the key says it */

/* "required", the default as people write it, or "none": what the documentation says. */
const char *conf_key_default(const struct conf_key *key);

#endif
