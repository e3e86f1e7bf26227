/*
 * Whether the session that a flow runs in is still what it was: the driver is asked once a second while one runs, and while a
 * session of hostler's own is kept. One that has ended, or was taken over by a person, has no other flow in it: its gateway is told,
 * which has it closed; of one that was taken the driver lets go then.
 */
#include "session/hold_parts.h"

#include "base/log.h"
#include "plugin/driver.h"

#include <string.h>
#include <time.h>

enum { EACH_MS = 1000, STANDING_MS = 10000, ENDING_MS = 200 };

void hold_standing_say(struct hold *hold)
{
	hst_error err = {0};

	if (!hold->lost || !hold->session)
		return;
	if (hold->taken)
		hst_fail_as(&err, HST_CANCELLED, "SessionTaken", "session %s was taken over: it is a person's by now", hold->session);
	else
		hst_fail_as(&err, HST_CANCELLED, "SessionEnded", "session %s has ended: it is not used again", hold->session);
	hold_refuse(hold, 0, HST_CANCELLED, &err);
}

void hold_standing_refuse(struct hold *hold, uint64_t launch)
{
	hst_error err = {0};

	hst_fail_as(&err, HST_RETRY, "SessionEnded", "the session that was kept %s before the flow began", hold->taken ? "was taken over" : "ended");
	hold_refuse(hold, launch, HST_RETRY, &err);
}

static bool stands(struct hold *hold, hst_error *err)
{
	hst_call call = session_device_call(&hold->device, STANDING_MS);
	bool taken;

	if (driver_standing(hold->device.driver, &call, hold->session, err) >= 0)
		return true;
	if (!err->reason[0])
		snprintf(err->reason, sizeof err->reason, "SessionEnded");
	taken = strcmp(err->reason, "SessionTaken") == 0;
	if (hold->lost || hold->attended || (!taken && strcmp(err->reason, "SessionEnded") != 0))
		return false;
	log_info("device %s: %s", hold->device.device->name, err->text);
	hold->lost = true;
	hold->taken = taken;
	hold_standing_say(hold);
	return false;
}

/* False: it is not what it was, and its run has been told. */
static bool stands_for_run(struct hold *hold)
{
	hst_error err = {0};
	bool so = stands(hold, &err);

	if (!so && hold->run)
		hold_run_break(hold->run, err.reason, err.text);
	return so;
}

static void look(void *arg)
{
	struct hold *hold = arg;

	hold->standing = NULL;
	if (!hold->session || (hold->attended && !hold->run))
		return;
	if (stands_for_run(hold) || (!hold->run && !hold->lost))
		hold->standing = loop_in(hold->loop, EACH_MS, look, hold);
}

void hold_standing_watch(struct hold *hold)
{
	hold->ran = true;
	if (!hold->standing && driver_knows_standing(hold->device.driver))
		hold->standing = loop_in(hold->loop, EACH_MS, look, hold);
}

void hold_standing_rest(struct hold *hold)
{
	if (hold->attended)
		loop_cancel(hold->loop, &hold->standing);
}

void hold_standing_heed(struct hold *hold)
{
	if (!hold->standing || hold->run)
		return;
	loop_cancel(hold->loop, &hold->standing);
	look(hold);
}

bool hold_standing_lost(struct hold *hold)
{
	hst_error err = {0};

	if (!hold->lost && !hold->attended && hold->session && driver_knows_standing(hold->device.driver))
		stands(hold, &err);
	return hold->lost;
}

/* A flow that went well did so whatever became of its session. Programs of a session that a person leaves may notice it a moment
 * before the session is gone. */
void hold_standing_ask(struct hold *hold, bool failed)
{
	const struct timespec a_moment = {.tv_nsec = ENDING_MS * 1000000L};

	if (!failed)
		hold_standing_lost(hold);
	if (!failed || !driver_knows_standing(hold->device.driver) || !hold->session || !stands_for_run(hold) || !hold->attended)
		return;
	nanosleep(&a_moment, NULL);
	stands_for_run(hold);
}
