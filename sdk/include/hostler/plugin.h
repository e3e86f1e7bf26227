/*
 * The descriptor: the one symbol a plugin exports, constant data only. Nothing has to run to read it.
 *
 *	HST_PLUGIN(tick) = {
 *		.abi = HST_ABI, .size = sizeof(hst_plugin), .kind = HST_TRIGGER,
 *		.name = "tick", .version = "1.0", .summary = "Fires at a fixed pace",
 *		.options = HST_FIELDS(tick_options), .config_size = sizeof(struct tick_config),
 *		.event = HST_FIELDS(tick_event), .open = tick_open, .close = tick_close, .ops = &tick_ops,
 *	};
 *
 * Life of an instance: describe, open, (check), calls, close. One process opens one instance and calls it from one
 * thread, one call at a time. Balancers and strategies live in the engine's and the gateway's process: they are pure
 * and stateless, and everything they may weigh is in their arguments.
 */
#ifndef HOSTLER_PLUGIN_H
#define HOSTLER_PLUGIN_H

#include <hostler/host.h>

/* Major and minor. The major must match; the minor grows when members are appended. */
#define HST_ABI_MAJOR 1
#define HST_ABI_MINOR 5
#define HST_ABI ((HST_ABI_MAJOR << 16) | HST_ABI_MINOR)

typedef enum hst_plugin_kind {
	HST_TRIGGER = 1,
	HST_CONNECTOR,
	HST_BALANCER,
	HST_STRATEGY,
	HST_DRIVER,
	HST_KIND_COUNT
} hst_plugin_kind;

enum { HST_IDEMPOTENT = 1 }; /* action flag: doing it twice is the same as doing it once */

/* One action of a connector. Input and output structs are described by their tables and made by the host. */
typedef struct hst_action {
	const char *name;    /* ^[a-z][a-z0-9_]{0,31}$ */
	const char *summary; /* one line of at most 120 bytes, no full stop */
	hst_fields inputs;
	size_t input_size; /* of the struct the inputs fill, in bytes; at most 64 KiB */
	hst_fields outputs;
	size_t output_size; /* of the struct the outputs are taken from */
	hst_duration deadline; /* 0: 60 s. Where `fields` gives the shape, the step's time-out counts */
	unsigned flags;        /* HST_IDEMPOTENT */

	/*
	 * `input` is the filled struct, or, where the op `fields` gives the shape, NULL with everything in `values`.
	 * `output` is a zeroed struct to fill; pointers put into it live in the call's arena. Where `fields` gives the
	 * shape, set *ret_values instead. Outputs are at most 1 MiB as JSON. On failure nothing of them is looked at.
	 */
	int (*run)(void *state, hst_call *call, const void *input, const hst_value *values, void *output,
	           const hst_value **ret_values, hst_error *err);
} hst_action;

/* Inputs, outputs or event of an instance whose configuration decides them. Arrays live in the call's arena. */
typedef struct hst_shape {
	hst_fields event;   /* triggers: fields of the event, which are also the inputs of a press; none: those of the descriptor */
	hst_fields inputs;  /* connectors: of every action */
	hst_fields outputs; /* connectors: of every action */
	hst_duration deadline; /* ms, connectors: of every action; 0: that of the action */
} hst_shape;

/* The descriptor: constant, valid for as long as the plugin is loaded, which is until its process ends. Text is UTF-8. */
typedef struct hst_plugin {
	uint32_t abi;  /* HST_ABI of the headers it was built with */
	uint32_t size; /* sizeof(hst_plugin) there; a member beyond it is absent */
	hst_plugin_kind kind;
	const char *name;    /* ^[a-z][a-z0-9_-]{0,31}$, equal to the file's name */
	const char *version; /* of the plugin, at most 32 bytes */
	const char *summary; /* one line of at most 120 bytes, no full stop */

	hst_fields options;
	size_t config_size; /* of the struct the options fill */
	hst_fields event;   /* triggers */
	const hst_action *actions; /* connectors */
	size_t action_count;

	/*
	 * Optional: shape of this instance, from its options alone, before open and also where nothing is opened. Must not
	 * touch the world beyond reading files named there. Has 10 s. An error that begins with the name of an option is told
	 * with the line of that option.
	 */
	int (*fields)(const void *config, hst_call *call, hst_shape *ret, hst_error *err);

	/*
	 * Mandatory. `config` is the struct that the options fill, zeroed before, and lives as long as the instance, like
	 * `host`. *ret_state is handed to every op; NULL is fine. Has 20 s. On failure nothing is left, and close is not called;
	 * after HST_INVALID somebody has to mend the configuration, everything else is tried again in a new process.
	 */
	int (*open)(const void *config, hst_host *host, void **ret_state, hst_error *err);

	/* Optional: proves that the settings work (reach the server, read the folder) without doing any work. Has 15 s. */
	int (*check)(void *state, hst_call *call, hst_error *err);

	/* Optional. Releases what open made. Called once, after the last op; has 5 s and cannot fail. */
	void (*close)(void *state);

	const void *ops; /* hst_trigger_ops, hst_balancer_ops, hst_strategy_ops or hst_driver_ops; none for connectors */

	/*
	 * Since 1.1. What the tables cannot say, for `hostler plugin doc` and its page: paragraphs of Markdown without
	 * headings, at most 16 KiB of UTF-8, or NULL.
	 */
	const char *about;
} hst_plugin;

/* The exported symbol: hst_plugin_tick for HST_PLUGIN(tick). A '-' in the plugin's name is written '_' here. */
#define HST_PLUGIN(name)                                       \
	extern const hst_plugin hst_plugin_##name;             \
	__attribute__((visibility("default"))) const hst_plugin hst_plugin_##name

#endif
