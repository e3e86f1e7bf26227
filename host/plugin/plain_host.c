/*
 * The services of a process that only decides or describes: a log, a clock, memory and values, and nothing
 * else.
 */
#include "plugin/instance.h"

#include "base/arena.h"
#include "base/clock.h"
#include "base/log.h"
#include "schema/value.h"

#include <hostler/secret.h>

#include <time.h>

enum { WAIT_TURN_US = 50 * 1000 };

static void plain_log(hst_host *host, hst_level level, const char *text)
{
	switch (level) {
	case HST_DEBUG:
		log_debug("%s: %s", host->instance, text);
		break;
	case HST_INFO:
		log_info("%s: %s", host->instance, text);
		break;
	case HST_WARNING:
		log_warning("%s: %s", host->instance, text);
		break;
	case HST_ERROR:
		log_error("%s: %s", host->instance, text);
		break;
	}
}

static int64_t plain_now_us(hst_host *host)
{
	(void)host;
	return clock_wall_us();
}

static void *plain_alloc(hst_arena *arena, size_t size)
{
	return arena_alloc(arena, size);
}

static bool plain_cancelled(hst_call *call)
{
	return call->deadline_us <= clock_wall_us();
}

/* In short turns, so that a call that is no longer wanted ends soon. */
static bool plain_wait(hst_call *call, int64_t ms)
{
	const int64_t until_us = clock_steady_us() + ms * 1000;
	int64_t left_us = ms * 1000;

	while (left_us > 0 && !call->host->cancelled(call)) {
		const int64_t turn_us = left_us < WAIT_TURN_US ? left_us : WAIT_TURN_US;
		const struct timespec turn = {.tv_nsec = turn_us * 1000};

		nanosleep(&turn, NULL);
		left_us = until_us - clock_steady_us();
	}
	return !call->host->cancelled(call);
}

static int no_service(const char *service, hst_error *err)
{
	return hst_fail(err, HST_INVALID, "%s is not offered here: this process only decides or describes",
			service);
}

static int no_emit(hst_host *host, const hst_event *events, size_t n, hst_error *err)
{
	(void)host, (void)events, (void)n;
	return no_service("hst_emit", err);
}

static int no_emit_with(hst_host *host, const hst_emission *emission, hst_error *err)
{
	(void)host, (void)emission;
	return no_service("hst_emit_with", err);
}

static int no_state_put(hst_host *host, const char *name, const void *bytes, size_t length, hst_error *err)
{
	(void)host, (void)name, (void)bytes, (void)length;
	return no_service("hst_state_put", err);
}

static int no_state_get(hst_host *host, hst_arena *arena, const char *name, const void **ret_bytes,
			size_t *ret_length, hst_error *err)
{
	(void)host, (void)arena, (void)name, (void)ret_bytes, (void)ret_length;
	return no_service("hst_state_get", err);
}

static int no_state_put_secret(hst_host *host, const char *name, const hst_secret *secret, hst_error *err)
{
	(void)host, (void)name, (void)secret;
	return no_service("hst_state_put_secret", err);
}

static int no_state_get_secret(hst_host *host, hst_arena *arena, const char *name, hst_secret **ret, hst_error *err)
{
	(void)host, (void)arena, (void)name, (void)ret;
	return no_service("hst_state_get_secret", err);
}

static const char *no_file_path(hst_call *call, const hst_file *file)
{
	(void)call, (void)file;
	return "";
}

static hst_file *no_file_new(hst_call *call, const char *name, hst_error *err)
{
	(void)call, (void)name;
	no_service("hst_file_new", err);
	return NULL;
}

static const char *no_file_name(hst_call *call, const hst_file *file)
{
	(void)call, (void)file;
	return "";
}

static hst_file *no_file_named(hst_call *call, const char *value, hst_error *err)
{
	(void)call, (void)value;
	no_service("hst_file_named", err);
	return NULL;
}

static int no_note(hst_call *call, const char *note, hst_error *err)
{
	(void)call, (void)note;
	return no_service("hst_note", err);
}

static int no_program_describe(hst_call *call, const char *manifest_path, hst_program_shape *ret,
			       hst_error *err)
{
	(void)call, (void)manifest_path, (void)ret;
	return no_service("hst_program_describe", err);
}

static int no_program_run(hst_call *call, const char *manifest_path, const hst_value *inputs,
			  const hst_value **ret_outputs, hst_error *err)
{
	(void)call, (void)manifest_path, (void)inputs, (void)ret_outputs;
	return no_service("hst_program_run", err);
}

static const void *no_secret_bytes(const hst_secret *secret, size_t *ret_length)
{
	(void)secret;
	*ret_length = 0;
	return "";
}

static hst_secret *no_secret_make(hst_arena *arena, const void *bytes, size_t length)
{
	(void)arena, (void)bytes, (void)length;
	return NULL;
}

static const struct hst_secret_table no_secrets = {
	.size = sizeof no_secrets,
	.bytes = no_secret_bytes,
	.make = no_secret_make,
};

void plugin_plain_host(hst_host *ret, const char *instance, hst_arena *arena)
{
	*ret = (hst_host){
		.size = sizeof *ret,
		.instance = instance,
		.values = &value_table,
		.secrets = &no_secrets,
		.instance_arena = arena,
		.log = plain_log,
		.now_us = plain_now_us,
		.alloc = plain_alloc,
		.emit = no_emit,
		.state_put = no_state_put,
		.state_get = no_state_get,
		.cancelled = plain_cancelled,
		.file_path = no_file_path,
		.file_new = no_file_new,
		.note = no_note,
		.program_describe = no_program_describe,
		.program_run = no_program_run,
		.state_put_secret = no_state_put_secret,
		.state_get_secret = no_state_get_secret,
		.emit_with = no_emit_with,
		.file_name = no_file_name,
		.file_named = no_file_named,
		.wait = plain_wait,
	};
}

void plugin_plain_call(hst_call *ret, hst_host *host, hst_arena *arena)
{
	*ret = (hst_call){.size = sizeof *ret, .host = host, .arena = arena, .deadline_us = INT64_MAX};
}
