#include "worker/services.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "base/text.h"
#include "desktop/program.h"
#include "os/crash.h"
#include "plugin/guard.h"
#include "plugin/instance.h"
#include "plugin/trigger.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "wire/told.h"
#include "worker/emitting.h"
#include "worker/moving.h"
#include "worker/program_files.h"
#include "desktop/masking.h"
#include "seal/vault.h"

#include <sodium.h>
#include <string.h>

enum { ANSWER_MS = 30000, LOOK_EVERY_US = 10000, STATE_NAME_MAX = 64, LOG_LINE_MAX = 4096 };

struct kept_state {
	size_t length;
	unsigned char bytes[];
};

static struct services *services_of(hst_host *host)
{
	return (struct services *)host;
}

/* Looks whether a `cancel` or the end of the process has come in, but not more often than it is worth. */
static bool service_cancelled(hst_call *plain)
{
	struct services *services = services_of(plain->host);
	struct service_call *call = services->current;
	bool late = clock_wall_us() >= plain->deadline_us;
	int64_t now_us = clock_steady_us();

	/* The op `fields` has a plain call of its own, which nobody can cancel. */
	if (!call || plain != &call->call)
		return late;
	if (services->loop && now_us - call->looked_us >= LOOK_EVERY_US) {
		call->looked_us = now_us;
		loop_turn(services->loop, 0);
	}
	return late || call->cancelled || services->ending;
}

static void service_log(hst_host *host, hst_level level, const char *text)
{
	char line[LOG_LINE_MAX];

	snprintf(line, sizeof line, "%s", text);
	masking_text(line, sizeof line);
	services_of(host)->log(host, level, line);
	masking_pass();
	explicit_bzero(line, sizeof line);
}

static int no_engine(const char *service, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "%s needs the engine, and this process has none", service);
}

/* Sends and waits. That the host is away is no fault of the plugin's: it may try again. */
int services_ask(struct services *services, struct message *message, const struct message **ret, hst_error *err)
{
	int code = link_call(services->link, message, ANSWER_MS, ret, err);

	return code == HST_TIMEOUT ? HST_RETRY : code;
}

static int add_event(struct emitting *emitting, const hst_event *event, hst_value *events, hst_error *err)
{
	hst_value *record = value_make_record(emitting->arena);
	const hst_value *values = NULL;
	int code = trigger_event_values(emitting->services->plugin, emitting->arena, event, &values, err);

	if (code == HST_OK)
		code = emitting_seal(emitting, value_count(events), values, &values, err);
	if (code != HST_OK)
		return code;
	if (event->key)
		value_set_text(record, "key", event->key);
	value_set(record, "values", values);
	value_append(events, record);
	return HST_OK;
}

static hst_value *states_value(const struct table *states, hst_arena *arena)
{
	hst_value *list = value_make_list(arena);

	TABLE_EACH(states, entry)
	{
		const struct kept_state *kept = entry->value;
		size_t size = sodium_base64_ENCODED_LEN(kept->length, sodium_base64_VARIANT_ORIGINAL);
		char *encoded = arena_alloc(arena, size);
		hst_value *record = value_make_record(arena);

		sodium_bin2base64(encoded, size, kept->bytes, kept->length, sodium_base64_VARIANT_ORIGINAL);
		value_set_text(record, "name", entry->key);
		value_set_text(record, "bytes", encoded);
		value_append(list, record);
	}
	return list;
}

static void states_forget(struct table *states)
{
	TABLE_EACH(states, entry)
		free(entry->value);
	table_clear(states);
	table_init(states);
}

static hst_value *passed_value(const hst_emission *emission, hst_arena *arena)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < emission->passed_n; i++) {
		hst_value *record = value_make_record(arena);

		value_set_text(record, "reason", emission->passed[i].reason);
		value_set_text(record, "text", emission->passed[i].text);
		value_append(list, record);
	}
	return list;
}

static int check_emission(const hst_emission *emission, hst_error *err)
{
	if (emission->n > EVENTS_PER_EMIT_MAX || emission->passed_n > PASSED_PER_EMIT_MAX)
		return hst_fail(err, HST_INVALID, "%zu events and %zu passed over at once, at most %d and %d are taken", emission->n,
				emission->passed_n, EVENTS_PER_EMIT_MAX, PASSED_PER_EMIT_MAX);
	if (!trigger_overlap_word(emission->overlap))
		return hst_fail(err, HST_INVALID, "there is no overlap %d", (int)emission->overlap);
	return HST_OK;
}

/*
 * {"events":[{"key":K,"values":{…}}],"state":[{"name":N,"bytes":BASE64}],"overlap":O,"passed":[{"reason":R,"text":T}]}; what need not be
 * said is left out.
 */
static void write_emit(const struct services *services, hst_arena *arena, const hst_value *events, const hst_emission *emission,
		       struct text *to)
{
	hst_value *payload = value_make_record(arena);

	value_set(payload, "events", events);
	value_set(payload, "state", states_value(&services->states, arena));
	if (emission->overlap)
		value_set_text(payload, "overlap", trigger_overlap_word(emission->overlap));
	if (emission->passed_n)
		value_set(payload, "passed", passed_value(emission, arena));
	value_write_json(to, payload);
}

/* `files` 0: none come with it. */
static int send_emit(struct services *services, const struct text *json, const struct text *sealed, int64_t files, hst_error *err)
{
	const struct message *reply = NULL;
	struct message message;
	int code;

	crash_point(CRASH_worker_before_emit);
	message_init(&message, WORD_emit, 0);
	if (files)
		message_set_integer(&message, "files", files);
	message_set_payload(&message, json->s, json->length);
	message_set_sealed(&message, sealed->s, sealed->length);
	code = services_ask(services, &message, &reply, err);
	crash_point(CRASH_worker_emitted);
	return code;
}

/* What the events name of the files that were made in this call is with the engine then. */
static int send_files(struct services *services, const hst_value *events, int64_t *ret_set, hst_error *err)
{
	size_t n = 0;
	int code = HST_OK;

	*ret_set = 0;
	if (!services->files.n)
		return HST_OK;
	/* Of an emit that failed some may be there already, but nobody knows of which engine. */
	for (struct call_file *file = services->files.first; file; file = file->next)
		file->sent = false;
	services->files.sets++;
	for (size_t i = 0; i < value_count(events) && code == HST_OK; i++)
		code = moving_put(services, 0, services->files.sets, services->event, value_get(value_at(events, i), "values"), &n, err);
	*ret_set = n ? services->files.sets : 0;
	return code;
}

static int service_emit_with(hst_host *host, const hst_emission *emission, hst_error *err)
{
	struct services *services = services_of(host);
	AUTO(text) struct text json, sealed;
	struct emitting emitting;
	hst_arena *arena;
	hst_value *list;
	int64_t files = 0;
	int code = check_emission(emission, err);

	text_init(&json, PAYLOAD_BYTES_MAX);
	text_init(&sealed, SEALED_BYTES_MAX);
	if (code != HST_OK)
		return code;
	if (!services->link)
		return no_engine("hst_emit", err);
	arena = arena_new_wiping();
	list = value_make_list(arena);
	emitting_init(&emitting, services, arena);
	for (size_t i = 0; i < emission->n && code == HST_OK; i++)
		code = add_event(&emitting, &emission->events[i], list, err);
	if (code == HST_OK)
		code = emitting_write(&emitting, &sealed, err);
	write_emit(services, arena, list, emission, &json);
	if (code == HST_OK && !json.over)
		code = send_files(services, list, &files, err);
	arena_free(arena);
	if (code == HST_OK && json.over)
		code = hst_fail(err, HST_INVALID, "%zu events with their state are larger than 1 MiB: emit fewer at once", emission->n);
	if (code == HST_OK)
		code = send_emit(services, &json, &sealed, files, err);
	if (code != HST_OK)
		return code;
	states_forget(&services->states);
	moving_done(services);
	return HST_OK;
}

static int service_emit(hst_host *host, const hst_event *events, size_t n, hst_error *err)
{
	return service_emit_with(host, &(hst_emission){.size = sizeof(hst_emission), .events = events, .n = n}, err);
}

static int service_state_put(hst_host *host, const char *name, const void *bytes, size_t length, hst_error *err)
{
	struct services *services = services_of(host);
	struct kept_state *kept, *before;
	size_t named = strnlen(name, STATE_NAME_MAX + 1);

	if (!services->link)
		return no_engine("hst_state_put", err);
	if (!named || named > STATE_NAME_MAX || length > STATE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "a state has a name of 1 to %d bytes and at most 64 KiB", STATE_NAME_MAX);
	before = table_get(&services->states, name);
	if (!before && services->states.n >= STATES_PENDING_MAX)
		return hst_fail(err, HST_INVALID, "more than %d states wait for the next emit", STATES_PENDING_MAX);
	kept = mem_alloc(sizeof *kept + length);
	kept->length = length;
	if (length)
		memcpy(kept->bytes, bytes, length);
	table_set(&services->states, name, kept);
	free(before);
	return HST_OK;
}

/* What was put and not yet emitted is already true for the plugin itself. */
static int service_state_get(hst_host *host, hst_arena *arena, const char *name, const void **ret_bytes,
			     size_t *ret_length, hst_error *err)
{
	struct services *services = services_of(host);
	const struct kept_state *kept = table_get(&services->states, name);
	const struct message *reply = NULL;
	struct message message;
	int code;

	if (kept) {
		*ret_bytes = arena_copy(arena, (const char *)kept->bytes, kept->length);
		*ret_length = kept->length;
		return HST_OK;
	}
	if (!services->link)
		return no_engine("hst_state_get", err);
	message_init(&message, WORD_state_get, 0);
	message_set_text(&message, "name", name);
	code = services_ask(services, &message, &reply, err);
	if (code != HST_OK)
		return code;
	if (reply->word != WORD_state || !message_boolean(reply, "found"))
		return hst_fail(err, HST_NOT_FOUND, "nothing is kept under \"%s\"", name);
	*ret_bytes = arena_copy(arena, reply->payload_length ? reply->payload : "", reply->payload_length);
	*ret_length = reply->payload_length;
	return HST_OK;
}

static int service_state_put_secret(hst_host *host, const char *name, const hst_secret *secret, hst_error *err)
{
	AUTO_FREE uint8_t *bytes = NULL;
	size_t length = 0;
	struct services *services = services_of(host);
	int code = services->vault ? vault_seal_state(services->vault, secret, name, &bytes, &length, err)
				   : no_engine("hst_state_put_secret", err);

	return code == HST_OK ? service_state_put(host, name, bytes, length, err) : code;
}

static void release_secret(void *secret)
{
	secret_free(secret);
}

static int service_state_get_secret(hst_host *host, hst_arena *arena, const char *name, hst_secret **ret, hst_error *err)
{
	struct services *services = services_of(host);
	const void *bytes = NULL;
	size_t length = 0;
	int code = services->vault ? service_state_get(host, arena, name, &bytes, &length, err) : no_engine("hst_state_get_secret", err);

	if (code == HST_OK)
		code = vault_open_state(services->vault, bytes, length, name, ret, err);
	if (code != HST_OK)
		return code;
	arena_at_end(arena, release_secret, *ret);
	return masking_know(*ret, false, err);
}

/* The files of the call at work; NULL: that is not this one, which has none. */
static struct call_files *files_of(hst_call *call)
{
	struct services *services = services_of(call->host);

	return services->current && call == &services->current->call ? &services->files : NULL;
}

static const struct call_file *file_of(hst_call *call, const hst_file *file)
{
	const struct call_files *files = files_of(call);

	return files && file ? call_files_find(files, file->name) : NULL;
}

static const char *service_file_path(hst_call *call, const hst_file *file)
{
	const struct call_file *known = file_of(call, file);

	return known ? known->path : "";
}

static hst_file *service_file_new(hst_call *call, const char *name, hst_error *err)
{
	struct call_files *files = files_of(call);
	struct call_file *file = files ? call_files_new(files, name, err) : NULL;

	if (!files)
		hst_fail(err, HST_INVALID, "files of the run are made during an op that can give them to a run");
	return file ? &file->file : NULL;
}

static const char *service_file_name(hst_call *call, const hst_file *file)
{
	(void)call;
	return file ? file->name : "";
}

static hst_file *service_file_named(hst_call *call, const char *value, hst_error *err)
{
	struct call_files *files = files_of(call);
	struct call_file *file = files ? call_files_find(files, value) : NULL;

	if (!file)
		hst_fail(err, HST_NOT_FOUND, "this call has no file \"%.100s\"", value);
	return file ? &file->file : NULL;
}

static int service_note(hst_call *call, const char *note, hst_error *err)
{
	(void)call, (void)note;
	return hst_fail(err, HST_INVALID, "hst_note is for drivers alone");
}

static int service_program_describe(hst_call *call, const char *manifest_path, hst_program_shape *ret, hst_error *err)
{
	return program_describe(call->arena, manifest_path, ret, err);
}

static bool program_cancelled(void *arg)
{
	return service_cancelled(arg);
}

static int service_program_run(hst_call *call, const char *manifest_path, const hst_value *inputs,
			       const hst_value **ret_outputs, hst_error *err)
{
	return program_with_files(services_of(call->host), call, manifest_path, inputs, program_cancelled, ret_outputs, err);
}

/* What a plugin has found out and calls a secret is as much one as what it was given. */
static hst_secret *make_known(hst_arena *arena, const void *bytes, size_t length)
{
	hst_secret *secret = secret_table.make(arena, bytes, length);

	return secret && masking_know(secret, false, NULL) == HST_OK ? secret : NULL;
}

static const struct hst_secret_table known_secrets = {
	.size = sizeof known_secrets,
	.bytes = secret_bytes,
	.make = make_known,
};

void services_init(struct services *services, const hst_plugin *plugin, const char *instance, hst_arena *arena)
{
	memset(services, 0, sizeof *services);
	plugin_plain_host(&services->host, instance, arena);
	services->host.emit = service_emit;
	services->host.emit_with = service_emit_with;
	services->host.state_put = service_state_put;
	services->host.state_get = service_state_get;
	services->host.cancelled = service_cancelled;
	services->host.file_path = service_file_path;
	services->host.file_new = service_file_new;
	services->host.file_name = service_file_name;
	services->host.file_named = service_file_named;
	services->host.note = service_note;
	services->host.program_describe = service_program_describe;
	services->host.program_run = service_program_run;
	services->host.state_put_secret = service_state_put_secret;
	services->host.state_get_secret = service_state_get_secret;
	services->host.secrets = &secret_table;
	services->plugin = plugin;
	call_files_init(&services->files);
	table_init(&services->states);
}

void services_mask(struct services *services)
{
	services->host.secrets = &known_secrets;
	services->log = services->host.log;
	services->host.log = service_log;
}

void services_clear(struct services *services)
{
	states_forget(&services->states);
	table_clear(&services->states);
	call_files_clear(&services->files);
}

void services_begin(struct services *services, struct service_call *call, hst_arena *arena, int64_t timeout_ms)
{
	memset(call, 0, sizeof *call);
	plugin_plain_call(&call->call, &services->host, arena);
	if (timeout_ms > 0)
		call->call.deadline_us = clock_wall_us() + timeout_ms * 1000;
	services->current = call;
	if (services->told && timeout_ms > 0)
		told_busy(services->told, timeout_ms + GUARD_GRACE_MS);
}

void services_done(struct services *services)
{
	services->current = NULL;
	call_files_over(&services->files);
	masking_call_over();
	if (services->told)
		told_idle(services->told);
}
