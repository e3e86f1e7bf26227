#include "worker/examine.h"

#include "base/arena.h"
#include "base/clock.h"
#include "desktop/masking.h"
#include "plugin/driver.h"
#include "plugin/load.h"
#include "plugin/trigger.h"
#include "schema/facts.h"
#include "schema/fields.h"
#include "schema/value.h"
#include "worker/services.h"
#include "worker/telling.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_TIMEOUT_MS = 15000 };

struct examination {
	hst_arena *arena;
	struct services services;
	struct plugin_instance *instance;
};

static hst_value *outcome(hst_arena *arena, int code, const hst_error *err)
{
	return code == HST_OK ? value_make_null(arena) : telling_refusal(arena, code, err);
}

static hst_value *check(struct examination *examination)
{
	struct service_call call;
	hst_error err = {0};
	int code;

	services_begin(&examination->services, &call, examination->arena, CHECK_TIMEOUT_MS);
	code = plugin_check(examination->instance, &call.call, &err);
	masking_text(err.text, sizeof err.text);
	services_done(&examination->services);
	return outcome(examination->arena, code, &err);
}

static hst_value *identify(struct examination *examination, const char *user)
{
	struct service_call call;
	hst_identity identity = {0};
	hst_error err = {0};
	int code;

	services_begin(&examination->services, &call, examination->arena, CHECK_TIMEOUT_MS);
	code = driver_identify(examination->instance, &call.call, user, &identity, &err);
	masking_text(err.text, sizeof err.text);
	services_done(&examination->services);
	return outcome(examination->arena, code, &err);
}

/* "linux"; null: its sessions cannot be listed here. */
static hst_value *system_of(struct examination *examination)
{
	struct service_call call;
	hst_device device;
	hst_session *sessions;
	hst_error err = {0};
	size_t n;
	const char *name = NULL;

	services_begin(&examination->services, &call, examination->arena, CHECK_TIMEOUT_MS);
	if (driver_list(examination->instance, &call.call, &device, &sessions, &n, &err) == HST_OK)
		name = system_name(device.system);
	services_done(&examination->services);
	return name ? value_make_text(examination->arena, name, strlen(name)) : value_make_null(examination->arena);
}

static const hst_value *examine(struct examination *examination, const hst_plugin *plugin, char *const *users, size_t n)
{
	hst_value *answer = value_make_record(examination->arena), *known = value_make_record(examination->arena);

	value_set(answer, "check", check(examination));
	for (size_t i = 0; i < n && plugin->kind == HST_DRIVER; i++)
		value_set(known, users[i], identify(examination, users[i]));
	value_set(answer, "users", known);
	if (plugin->kind == HST_DRIVER)
		value_set(answer, "system", system_of(examination));
	return answer;
}

/* What is asked of the opened plugin. */
struct question {
	char *const *users;
	size_t user_count;
	size_t times; /* how many times to come; 0: the question is whether it could do its work */
};

static int next(struct examination *examination, size_t n, const hst_value **ret, hst_error *err)
{
	struct service_call call;
	int code;

	services_begin(&examination->services, &call, examination->arena, CHECK_TIMEOUT_MS);
	code = trigger_next(examination->instance, &call.call, (hst_time){clock_wall_us()}, n, ret, err);
	masking_text(err->text, sizeof err->text);
	services_done(&examination->services);
	return code;
}

static int open_and_ask(hst_arena *arena, const char *path, const struct question *question, const hst_value **ret,
			hst_error *err)
{
	struct examination examination = {.arena = arena};
	const hst_value *given = NULL, *options = NULL;
	const hst_plugin *plugin = NULL;
	char whole[PATH_MAX];
	int code;

	if (!realpath(path, whole))
		return hst_fail(err, HST_NOT_FOUND, "cannot read %s: %s", path, strerror(errno));
	code = plugin_load(whole, &plugin, err);
	if (code == HST_OK && question->times && plugin->kind != HST_TRIGGER)
		code = hst_fail(err, HST_INVALID, "\"%s\" is no trigger", plugin->name);
	if (code == HST_OK)
		code = telling_options(arena, &given, err);
	if (code == HST_OK)
		code = fields_check(arena, plugin->options, "option", given, false, &options, err);
	if (code != HST_OK)
		return code;
	services_init(&examination.services, plugin, plugin->name, arena);
	code = plugin_open(plugin, options, &examination.services.host, &examination.instance, err);
	if (code == HST_OK && question->times)
		code = next(&examination, question->times, ret, err);
	else if (code == HST_OK)
		*ret = examine(&examination, plugin, question->users, question->user_count);
	plugin_close(examination.instance);
	services_clear(&examination.services);
	return code;
}

static int run(const char *path, const struct question *question)
{
	hst_arena *arena = arena_new_wiping();
	const hst_value *answer = NULL;
	hst_error err = {0};
	int code;

	telling_begin();
	code = open_and_ask(arena, path, question, &answer, &err);
	code = telling_end(arena, code, answer, &err);
	arena_free(arena);
	return code;
}

int examine_run(const char *path, char *const *users, size_t n)
{
	return run(path, &(struct question){.users = users, .user_count = n});
}

int examine_next(const char *path, size_t n)
{
	return run(path, &(struct question){.times = n});
}
