/*
 * What the host hands a plugin: services as a table of functions, reached through the inline calls below, so that a
 * plugin links with no undefined symbols but those of libc and its own libraries.
 *
 * A `hst_host` belongs to one open instance: it is valid from `open` until `close` returns. A `hst_call` belongs to
 * one call of one op and is valid until that op returns, its arena with it. Both are used on the thread that received
 * them; plugins that start threads of their own keep them away from these. A member beyond `size` is absent.
 */
#ifndef HOSTLER_HOST_H
#define HOSTLER_HOST_H

#include <hostler/error.h>
#include <hostler/fields.h>
#include <hostler/types.h>

typedef struct hst_host hst_host;
typedef struct hst_call hst_call;

/* How much a line of the log matters. HST_DEBUG is dropped unless somebody asked for it. */
typedef enum hst_level { HST_DEBUG, HST_INFO, HST_WARNING, HST_ERROR } hst_level;

/*
 * Something that happened, made by a trigger. Exactly one of `data` and `values` is set. The host copies all of it before
 * hst_emit or `press` returns.
 */
typedef struct hst_event {
	const char *key;         /* at most 200 bytes; the same key from the same instance is stored once. NULL: always new */
	const void *data;        /* a struct as `.event` of the descriptor describes it */
	const hst_value *values; /* or a record, for instances whose event is configured (op `fields`) */
} hst_event;

/* What becomes of an event while a run that an event of the same trigger started goes on; of each flow by itself. */
typedef enum hst_overlap {
	HST_OVERLAP_ALLOW,   /* it makes a run beside that one */
	HST_OVERLAP_QUEUE,   /* its run waits until that one has ended; where one waits already, it makes none */
	HST_OVERLAP_SKIP,    /* it makes no run */
	HST_OVERLAP_REPLACE, /* that run is cancelled, and its own begins when it has ended */
	HST_OVERLAP_COUNT
} hst_overlap;

/* An occasion that makes no run, for the history: `hostler events` shows it as not started. */
typedef struct hst_passed {
	const char *reason; /* a reason code of docs/reasons.md, such as SlotMissed */
	const char *text;   /* what was passed over, and why; at most 400 bytes */
} hst_passed;

/* All that one emit can say. */
typedef struct hst_emission {
	size_t size; /* sizeof(hst_emission); a member beyond it is absent */
	const hst_event *events;
	size_t n; /* at most 1000 */
	hst_overlap overlap;
	const hst_passed *passed;
	size_t passed_n; /* at most 16 */
} hst_emission;

/* Inputs and outputs of a program that speaks the desktop-flow protocol; made by hst_program_describe. */
typedef struct hst_program_shape {
	hst_fields inputs, outputs;
	hst_duration timeout; /* ms; 0: the program's manifest names none */
} hst_program_shape;

struct hst_host {
	size_t size;
	const char *instance; /* name of the configured instance, for messages */
	const struct hst_value_table *values;   /* value.h */
	const struct hst_secret_table *secrets; /* secret.h */
	hst_arena *instance_arena; /* for what lives from open to close: host->alloc(host->instance_arena, size) */

	/* Called through the functions below, which say what each does. */
	void (*log)(hst_host *host, hst_level level, const char *text);
	int64_t (*now_us)(hst_host *host);
	void *(*alloc)(hst_arena *arena, size_t size);

	int (*emit)(hst_host *host, const hst_event *events, size_t n, hst_error *err);
	int (*state_put)(hst_host *host, const char *name, const void *bytes, size_t length, hst_error *err);
	int (*state_get)(hst_host *host, hst_arena *arena, const char *name, const void **ret_bytes,
	                 size_t *ret_length, hst_error *err);

	bool (*cancelled)(hst_call *call);
	const char *(*file_path)(hst_call *call, const hst_file *file);
	hst_file *(*file_new)(hst_call *call, const char *name, hst_error *err);
	int (*note)(hst_call *call, const char *note, hst_error *err);

	int (*program_describe)(hst_call *call, const char *manifest_path, hst_program_shape *ret, hst_error *err);
	int (*program_run)(hst_call *call, const char *manifest_path, const hst_value *inputs,
	                   const hst_value **ret_outputs, hst_error *err);

	int (*state_put_secret)(hst_host *host, const char *name, const hst_secret *secret, hst_error *err);
	int (*state_get_secret)(hst_host *host, hst_arena *arena, const char *name, hst_secret **ret, hst_error *err);

	int (*emit_with)(hst_host *host, const hst_emission *emission, hst_error *err); /* since 1.2 */

	const char *(*file_name)(hst_call *call, const hst_file *file);              /* since 1.3 */
	hst_file *(*file_named)(hst_call *call, const char *value, hst_error *err); /* since 1.3 */
	bool (*wait)(hst_call *call, int64_t ms);                                    /* since 1.4 */

	/*
	 * Since 1.4, of a driver: the configured name of its device, and the machine that it is to serve: a host, or host:port.
	 * NULL: the machine that it runs on. Only drivers that are HST_ADDRESSED are given one.
	 */
	const char *device, *address;

	/*
	 * Since 1.5, of a driver: 16 hexadecimal digits that are this device's of this house, the same in each of its processes and at
	 * every start. What a driver opens carries it, so that it can be told from what another hostler has opened on the machine.
	 */
	const char *house;
};

/* One call of one op. */
struct hst_call {
	size_t size; /* a member beyond it is absent */
	hst_host *host;
	hst_arena *arena;    /* released when the op returns */
	int64_t deadline_us; /* wall clock; INT64_MAX when there is none */
	const char *once;    /* since 1.3; see hst_once */
	const char *who;     /* since 1.3; of a trigger's `press`: the operator who pressed, by the key they proved; else NULL */
};

/* Writes one line to the instance's log; cannot fail. Never give it a secret. Text is cut at 4 KiB. */
__attribute__((format(printf, 3, 4))) static inline void hst_log(hst_host *host, hst_level level,
                                                                 const char *format, ...)
{
	char line[4096];
	va_list args;

	va_start(args, format);
	vsnprintf(line, sizeof line, format, args);
	va_end(args);
	host->log(host, level, line);
}

/* Wall clock in microseconds since 1970. It can be set, also back; hst_cancelled looks at deadlines. */
static inline int64_t hst_now_us(hst_host *host)
{
	return host->now_us(host);
}

/* The machine that a driver is to serve, "host" or "host:port"; NULL: the one that it runs on. Since 1.4. */
static inline const char *hst_address(const hst_host *host)
{
	return host->size >= offsetof(hst_host, address) + sizeof host->address ? host->address : NULL;
}

/* What tells a driver's sessions from those of another hostler; NULL: the host is of before 1.5. Since 1.5. */
static inline const char *hst_house(const hst_host *host)
{
	return host->size >= offsetof(hst_host, house) + sizeof host->house ? host->house : NULL;
}

/* Zeroed memory that is released with the call. Never NULL: a program without memory ends. */
static inline void *hst_alloc(hst_call *call, size_t size)
{
	return call->host->alloc(call->arena, size);
}

/* A copy of `n` bytes with a NUL behind them, released with the call. Never NULL. */
static inline char *hst_copy(hst_call *call, const char *text, size_t n)
{
	char *copy = (char *)call->host->alloc(call->arena, n + 1);

	for (size_t i = 0; i < n; i++)
		copy[i] = text[i];
	return copy;
}

/*
 * Triggers only, from `ready`. Returns HST_OK only when all n events are stored, together with every hst_state_put
 * since the last emit, in one transaction; else none of them is. At most 1000 events, 1 MiB as JSON together. Blocks for
 * that round trip, at most 30 s; HST_RETRY when the host is away: return it from `ready`, and emit them again, under the
 * same keys, when that is called again.
 */
static inline int hst_emit(hst_host *host, const hst_event *events, size_t n, hst_error *err)
{
	return host->emit(host, events, n, err);
}

/*
 * The same for events that should not overlap, and with occasions that make no run. A host of before 1.2 lets runs overlap
 * and keeps no occasions.
 */
static inline int hst_emit_with(hst_host *host, const hst_emission *emission, hst_error *err)
{
	if (host->size <= offsetof(struct hst_host, emit_with))
		return host->emit(host, emission->events, emission->n, err);
	return host->emit_with(host, emission, err);
}

/*
 * Triggers only. Keeps up to 64 KiB under `name` (1 to 64 bytes) for this instance, over restarts; committed by the next
 * hst_emit (which may be of 0 events), and forgotten if there is none. The bytes are copied. At most 64 wait for an emit.
 */
static inline int hst_state_put(hst_host *host, const char *name, const void *bytes, size_t length,
                                hst_error *err)
{
	return host->state_put(host, name, bytes, length, err);
}

/*
 * What was kept under `name`, also by a put that is not committed yet; HST_NOT_FOUND when nothing was, HST_RETRY when the
 * host is away. The bytes live in the call's arena; they are not followed by a NUL.
 */
static inline int hst_state_get(hst_call *call, const char *name, const void **ret_bytes, size_t *ret_length,
                                hst_error *err)
{
	return call->host->state_get(call->host, call->arena, name, ret_bytes, ret_length, err);
}

/*
 * The same for a secret, such as a refresh token: it leaves this process sealed to the instance itself, so that nobody else can read
 * what is kept. HST_DENIED when it cannot be sealed, or not be opened; the log of this process says why.
 */
static inline int hst_state_put_secret(hst_host *host, const char *name, const hst_secret *secret, hst_error *err)
{
	if (host->size <= offsetof(struct hst_host, state_put_secret))
		return hst_fail(err, HST_INVALID, "this host keeps no secrets");
	return host->state_put_secret(host, name, secret, err);
}

/* The secret ends with the call. */
static inline int hst_state_get_secret(hst_call *call, const char *name, hst_secret **ret, hst_error *err)
{
	if (call->host->size <= offsetof(struct hst_host, state_get_secret))
		return hst_fail(err, HST_INVALID, "this host keeps no secrets");
	return call->host->state_get_secret(call->host, call->arena, name, ret, err);
}

/* The name of the operator who pressed, in a trigger's op `press`; "" where nobody is known, and with a host of before 1.3. */
static inline const char *hst_who(const hst_call *call)
{
	return call->size > offsetof(struct hst_call, who) && call->who ? call->who : "";
}

/* True once the call's work is no longer wanted or its deadline has passed; then return HST_CANCELLED soon. */
static inline bool hst_cancelled(hst_call *call)
{
	return call->host->cancelled(call);
}

/*
 * Lets so much time pass. False: the call was cancelled meanwhile, or its deadline has come; then return HST_CANCELLED soon. With a
 * host of before 1.4 no time passes.
 */
static inline bool hst_wait(hst_call *call, int64_t ms)
{
	if (call->host->size <= offsetof(struct hst_host, wait))
		return !call->host->cancelled(call);
	return call->host->wait(call, ms);
}

/*
 * Connectors only. Names what is to be done: a call that is made again, because nobody heard how it ended, has the same name, and
 * every other call in the world another. Up to 100 bytes of letters, digits, '-' and '.'. NULL: nobody says, as in a trial.
 */
static inline const char *hst_once(const hst_call *call)
{
	return call->size > offsetof(struct hst_call, once) ? call->once : NULL;
}

/*
 * Drivers only, before each thing that must be undone after a crash: `note` is one line of at most 1 KiB, kept on disk
 * before the function returns and given to `reap` in another process. On failure do not do the thing.
 */
static inline int hst_note(hst_call *call, const char *note, hst_error *err)
{
	return call->host->note(call, note, err);
}

/*
 * Files of the run. What is too large for a value travels as a file: of 256 MiB at most, 1 GiB and 1,000 files together in one
 * event or call. Fields of the type `hst_file *` or `hst_files` carry them. Files lie in a private folder of this process, which
 * is removed when the op returns; only their bytes and their names travel on.
 *
 *	trigger	makes files in `ready` or `press` and puts them into an event. hst_emit returns HST_OK only when the
 *			event is stored together with its files; each run that it starts has them. They are gone from the
 *			folder then. What no event names is gone when the op returns.
 *	connector	reads the files among its inputs, which were fetched before it is called, and must not change them.
 *			Files that it made and put into its outputs become files of the run. An input put into an output is
 *			handed on.
 */

/* Where the file lies, an absolute path that ends in "/" and its name; "" when it is none of this call. */
static inline const char *hst_file_path(hst_call *call, const hst_file *file)
{
	return call->host->file_path(call, file);
}

/*
 * A new, empty file of the run, to be written at hst_file_path before the op returns. `name` may come from anybody, such as
 * the sender of a mail: what leads elsewhere or cannot be read is made harmless (folders in front, dots and dashes at the
 * beginning, control characters), it is cut to 100 bytes with its extension kept, and a name that is taken gets a number.
 * NULL, with the error filled in, when there are too many, or the folder cannot be written to.
 */
static inline hst_file *hst_file_new(hst_call *call, const char *name, hst_error *err)
{
	return call->host->file_new(call, name, err);
}

/* The text that stands for the file where values are trees (hst_value), for plugins whose fields are configured; "" before 1.3. */
static inline const char *hst_file_name(hst_call *call, const hst_file *file)
{
	if (call->host->size <= offsetof(struct hst_host, file_name))
		return "";
	return call->host->file_name(call, file);
}

/* And back: the file of this call for which such a text stands. NULL, with the error filled in, when it has none. */
static inline hst_file *hst_file_named(hst_call *call, const char *value, hst_error *err)
{
	if (call->host->size <= offsetof(struct hst_host, file_named)) {
		hst_fail(err, HST_INVALID, "this host does not know its files by their names");
		return NULL;
	}
	return call->host->file_named(call, value, err);
}

/*
 * Connectors only, also from the op `fields`. Reads a program's manifest (the format of desktop-flow.ini). Fields live in
 * the call's arena. HST_INVALID names the file and line of its first problem, HST_NOT_FOUND the file.
 */
static inline int hst_program_describe(hst_call *call, const char *manifest_path, hst_program_shape *ret,
                                       hst_error *err)
{
	return call->host->program_describe(call, manifest_path, ret, err);
}

/*
 * Connectors only. Runs a program by the desktop-flow protocol until it ends, the deadline passes (HST_TIMEOUT) or the call
 * is cancelled (HST_CANCELLED); its whole process group is gone afterwards. Outputs are checked against the manifest and
 * live in the call's arena.
 */
static inline int hst_program_run(hst_call *call, const char *manifest_path, const hst_value *inputs,
                                  const hst_value **ret_outputs, hst_error *err)
{
	return call->host->program_run(call, manifest_path, inputs, ret_outputs, err);
}

#endif
