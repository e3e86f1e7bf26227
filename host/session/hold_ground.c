/* What the flows of a hold run on: the folders they work in, and the package that was run last. */
#include "session/hold_parts.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/files.h"

#include <stdlib.h>
#include <string.h>

void hold_ground_disown(struct hold_ground *ground)
{
	package_free(take(ground->own));
	free(take(ground->own_digest));
}

static void remove_folders(struct hold_ground *ground)
{
	ground->ready = false;
	hold_ground_disown(ground);
	flow_place_clear(&ground->place);
	work_remove(&ground->work);
}

int hold_ground_make(struct hold *hold, hst_error *err)
{
	struct hold_ground *ground = &hold->ground;
	int code;

	if (ground->ready)
		return HST_OK;
	code = work_make(&ground->work, hold->device.conf->state_dir, err);
	if (!code)
		code = work_check_reach(ground->work.run, hold->uid, hold->gid, err);
	if (!code)
		code = flow_place_make(&ground->place, ground->work.run, hold->uid, hold->gid, err);
	ground->ready = !code;
	if (code)
		remove_folders(ground);
	return code;
}

void hold_ground_drop(struct hold *hold)
{
	if (hold->ground.ready)
		remove_folders(&hold->ground);
}

/* One that cannot be made as new is made anew for the next run. */
void hold_ground_renew(struct hold *hold)
{
	struct hold_ground *ground = &hold->ground;
	hst_error err = {0};

	if (!ground->ready)
		return;
	if (work_has_results(&ground->work))
		hst_fail(&err, HST_BROKEN, "what the last one left could not be handed over");
	else if (flow_place_renew(&ground->place, &err) == HST_OK)
		return;
	log_warning("device %s: the folder of its flows is made anew: %s", hold->device.device->name, err.text);
	remove_folders(ground);
}

void hold_ground_clear(struct hold *hold)
{
	struct hold_ground *ground = &hold->ground;

	remove_folders(ground);
	package_free(ground->package);
	ground->package = NULL;
	free(take(ground->digest));
	free(take(ground->proved));
}

/* The gateway names its copy; where that lies is not its business. What was read under a digest is not read again. */
int hold_ground_package(struct hold *hold, const char *digest, const struct package **ret, hst_error *err)
{
	struct hold_ground *ground = &hold->ground;
	const char *state_dir = hold->device.conf->state_dir;
	AUTO_CLOSE int fd = -1;
	hst_error why = {0};
	int code;

	*ret = ground->package;
	if (ground->digest && strcmp(ground->digest, digest) == 0)
		return HST_OK;
	package_free(take(ground->package));
	free(take(ground->digest));
	fd = work_open_gateways(state_dir, WORK_PACKAGES, digest, &why);
	if (fd < 0 || package_read_manifest_at(fd, &ground->package, &why) != HST_OK)
		return hst_fail_as(err, HST_INVALID, "FlowNotInstalled", "%s", why.text);
	code = work_check_reach(ground->package->directory, hold->uid, hold->gid, err);
	if (!code)
		ground->digest = mem_text(digest);
	*ret = ground->package;
	return code;
}
