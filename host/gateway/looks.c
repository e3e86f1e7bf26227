/*
 * A run that was launched and that no session process has any more: did one leave its outcome in the folder of its results?
 * Only when none can come any more is the run lost.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "desktop/outcome.h"
#include "os/files.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

enum { LOOK_AGAIN_MS = 250 };

struct look {
	struct gateway_device *device;
	int64_t step, token;
	struct loop_timer *again;
};

static void look_free(struct look *look)
{
	AUTO_FREE char *name = results_name(look->step, look->token);

	table_remove(&look->device->gateway->looks, name);
	loop_cancel(look->device->gateway->loop, &look->again);
	free(look);
}

static int read_outcome(const struct look *look, struct outcome *ret, hst_error *err)
{
	AUTO_FREE char *path = results_path(look->device->gateway, look->step, look->token);
	AUTO_CLOSE int directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	if (directory < 0)
		return hst_fail(err, HST_NOT_FOUND, "its folder is gone");
	return outcome_read(directory, ret, err);
}

/*
 * A hold that has run flows has a folder to work in until the last one has ended and its outcome is left; the watch removes
 * what a dead one did not. Holds that this supervisor had are dead when they were not handed over.
 */
static bool may_be_ending(const struct gateway *gateway)
{
	if (!gateway->strangers)
		return false;
	TABLE_EACH(&gateway->stranger_folders, entry) {
		AUTO_FREE char *work = mem_printf("%s/work/%s", gateway->conf->state_dir, entry->key);

		if (access(work, F_OK) == 0)
			return true;
	}
	return false;
}

void looks_strangers(struct gateway *gateway)
{
	AUTO_FREE char *path = files_join(gateway->conf->state_dir, "work");
	DIR *folder = opendir(path);
	struct dirent *entry;

	/* There is none until the first run. */
	if (!folder)
		return;
	while ((entry = readdir(folder)) != NULL)
		if (entry->d_name[0] != '.')
			table_set(&gateway->stranger_folders, entry->d_name, gateway);
	closedir(folder);
}

static void look_now(void *arg)
{
	struct look *look = arg;
	bool wait = may_be_ending(look->device->gateway); /* first: what it leaves is there before its folder is gone */
	struct admission_event event = {.kind = ADMISSION_LEFT, .step = look->step, .token = look->token};
	struct outcome outcome = {0};
	hst_error err = {{0}, {0}};

	look->again = NULL;
	if (read_outcome(look, &outcome, &err) == HST_OK) {
		event.end = outcome.state;
		event.reason = outcome.reason;
		event.payload = outcome.payload;
		event.payload_length = outcome.length;
		event.sealed = outcome.sealed;
		event.sealed_length = outcome.sealed_length;
		event.started_us = outcome.started_us;
		event.ended_us = outcome.ended_us;
	} else if (wait) {
		look->again = loop_in(look->device->gateway->loop, LOOK_AGAIN_MS, look_now, look);
		return;
	} else {
		log_warning("device %s: nobody knows how step %lld ended: %s", look->device->conf->name, (long long)look->step,
		            err.text);
	}
	gateway_event(look->device, &event);
	outcome_clear(&outcome);
	look_free(look);
}

void looks_begin(struct gateway_device *device, int64_t step, int64_t token)
{
	AUTO_FREE char *name = results_name(step, token);
	struct look *look;

	if (table_get(&device->gateway->looks, name))
		return;
	look = mem_alloc(sizeof *look);
	*look = (struct look){.device = device, .step = step, .token = token};
	table_set(&device->gateway->looks, name, look);
	look_now(look);
}

void looks_clear(struct gateway *gateway)
{
	TABLE_EACH(&gateway->looks, entry)
		look_free(entry->value);
	table_clear(&gateway->looks);
	table_clear(&gateway->stranger_folders);
}
