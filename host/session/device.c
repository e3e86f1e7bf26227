#include "session/device.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/clock.h"
#include "base/mem.h"
#include "definitions/options.h"
#include "desktop/masking.h"
#include "os/inherited.h"
#include "plugin/load.h"
#include "plugin/registry.h"
#include "seal/secret.h"
#include "session/notes.h"

#include <limits.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOG_LINE_MAX = 4096 };

static int fail_with_first(struct problems *problems, hst_error *err)
{
	AUTO_FREE char *line =
		problems->n ? problem_line(&problems->at[0]) : mem_text("the configuration is wrong");

	return hst_fail(err, HST_INVALID, "%s", line);
}

static int load_configuration(struct session_device *device, const struct session_settings *settings,
			      struct problems *problems, hst_error *err)
{
	device->conf = conf_load_accepted(settings->configuration, false, problems);
	if (!device->conf)
		return fail_with_first(problems, err);
	device->device = conf_device(device->conf, settings->device);
	if (!device->device)
		return hst_fail(err, HST_INVALID, "%s names no device \"%s\"", settings->configuration,
				settings->device);
	return HST_OK;
}

/* Ours and the plugin's host are one struct, so it leads back to its device. */
static struct session_device *device_of(hst_host *host)
{
	return (struct session_device *)((char *)host - offsetof(struct session_device, host));
}

static void log_without_secrets(hst_host *host, hst_level level, const char *text)
{
	char line[LOG_LINE_MAX];

	snprintf(line, sizeof line, "%s", text);
	masking_text(line, sizeof line);
	device_of(host)->log(host, level, line);
	masking_pass();
	explicit_bzero(line, sizeof line);
}

static int note(hst_call *call, const char *text, hst_error *err)
{
	struct session_device *device = device_of(call->host);

	if (!device->notes)
		return hst_fail(err, HST_INVALID, "nothing can be noted outside of open, attach and close");
	return notes_add(device->notes, NOTES_DRIVER, text, err);
}

/* The lock of the state folder lets one house have it, whose folder it stays. */
static void name_house(struct session_device *device)
{
	char real[PATH_MAX];
	const char *folder = realpath(device->conf->state_dir, real) ? real : device->conf->state_dir;
	AUTO_FREE char *text = mem_printf("%s\n%s", folder, device->device->name);
	unsigned char hash[16];

	_Static_assert(sizeof device->house <= 2 * sizeof hash, "its beginning is taken");
	crypto_generichash(hash, sizeof hash, (const unsigned char *)text, strlen(text), NULL, 0);
	sodium_bin2hex(device->house, sizeof device->house, hash, sizeof device->house / 2);
}

static int open_driver(struct session_device *device, struct problems *problems, hst_error *err)
{
	/* A bare plugin name used as an instance stands for itself with its defaults. */
	const struct conf_instance *named = conf_instance(device->conf, HST_DRIVER, device->device->driver);
	const struct conf_instance bare = {
		.kind = HST_DRIVER, .name = device->device->driver, .plugin = device->device->driver};
	const struct conf_instance *instance = named ? named : &bare;
	AUTO_FREE char *path = NULL;
	const hst_plugin *plugin;
	const hst_value *options;
	int code;

	inherited_hide();
	code = registry_path(device->conf->plugins, HST_DRIVER, instance->plugin, &path, err);

	if (!code)
		code = plugin_load(path, &plugin, err);
	if (code)
		return code;
	options = definitions_options(device->arena, instance, plugin->options, problems);
	if (!options)
		return fail_with_first(problems, err);
	plugin_plain_host(&device->host, instance->name, device->arena);
	device->log = device->host.log;
	device->host.log = log_without_secrets;
	device->host.note = note;
	device->host.secrets = &secret_table;
	device->host.device = device->device->name;
	device->host.address = device->device->address;
	name_house(device);
	device->host.house = device->house;
	return plugin_open(plugin, options, &device->host, &device->driver, err);
}

int session_device_open(struct session_device *device, const struct session_settings *settings,
			hst_error *err)
{
	struct problems problems;
	int code;

	*device = (struct session_device){.arena = arena_new(), .call_arena = arena_new()};
	problems_init(&problems);
	code = load_configuration(device, settings, &problems, err);
	if (!code)
		code = open_driver(device, &problems, err);
	problems_clear(&problems);
	if (code)
		session_device_close(device);
	return code;
}

void session_device_close(struct session_device *device)
{
	plugin_close(device->driver);
	arena_free(device->call_arena);
	arena_free(device->arena);
	conf_free(device->conf);
	*device = (struct session_device){0};
}

hst_call session_device_call(struct session_device *device, int64_t ms)
{
	hst_call call;

	arena_reset(device->call_arena);
	plugin_plain_call(&call, &device->host, device->call_arena);
	call.deadline_us = clock_wall_us() + ms * 1000;
	return call;
}
