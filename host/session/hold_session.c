/* Opening or attaching to the one session of a hold, and taking it down. */
#include "session/hold_parts.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "os/crash.h"
#include "os/files.h"
#include "session/folder.h"
#include "session/taken.h"

#include <string.h>
#include <unistd.h>

enum { OPEN_MS = 120000, LOCK_MS = 30000, CLOSE_MS = 45000, IDENTIFY_MS = 10000, FIRST_PERSON = 1000 };

/* Where a driver names no reason of its own, people still find one to look up. */
static int as_reason(int code, const char *reason, hst_error *err)
{
	if (code && !err->reason[0])
		snprintf(err->reason, sizeof err->reason, "%s", reason);
	return code;
}

static int is_account(struct hold *hold, const char *key, const char *user, hst_error *err)
{
	const struct conf_device *device = hold->device.device;

	for (size_t i = 0; i < device->account_count; i++) {
		hst_call call = session_device_call(&hold->device, IDENTIFY_MS);
		hst_identity account;

		if (driver_identify(hold->device.driver, &call, device->accounts[i], &account, NULL) ==
			    HST_OK &&
		    strcmp(account.key, key) == 0)
			return HST_OK;
	}
	/* Without privilege there is nobody else to become. As root, whom nobody named is let in by nobody.
	 */
	if (!device->account_count && geteuid() != 0)
		return HST_OK;
	return hst_fail(err, HST_DENIED, "\"%s\" is not among the accounts of the device %s", user,
			device->name);
}

/*
 * The gateway has looked at this already, but it has no privilege and this process may have all of it: whom a
 * gateway names that somebody took over is decided here.
 */
static int check_user(struct hold *hold, const char *user, hst_error *err)
{
	hst_call call = session_device_call(&hold->device, IDENTIFY_MS);
	hst_identity identity;
	int code = driver_identify(hold->device.driver, &call, user, &identity, err);

	if (code)
		return code;
	if (identity.uid == 0 ||
	    (identity.uid > 0 && identity.uid < FIRST_PERSON && identity.uid != (int64_t)geteuid()))
		return hst_fail(err, HST_DENIED,
				"runs never have the user \"%s\": it is root or the system's", user);
	hold->uid = identity.uid;
	hold->gid = identity.gid;
	hold->user = mem_text(user);
	hold->key = mem_text(identity.key);
	return is_account(hold, hold->key, user, err);
}

static int make_run_dir(struct hold *hold, char **ret_driver_dir, hst_error *err)
{
	AUTO_FREE char *all = files_join(hold->device.conf->run_dir, "sessions");
	AUTO_FREE char *run_dir = mem_printf("%s/%d", all, (int)getpid());
	AUTO_FREE char *remove = mem_printf("remove %s", run_dir);
	AUTO_FREE char *driver_dir = files_join(run_dir, "driver");
	int code = folder_own(all, 0711, err);

	if (!code)
		code = notes_add(&hold->notes, NOTES_HOST, remove, err);
	if (!code)
		code = files_remove_tree(run_dir, err);
	if (!code)
		code = files_make_directory(run_dir, 0711, err);
	if (!code)
		code = files_make_directory(driver_dir, 0700, err);
	if (code)
		return code;
	hold->run_dir = take(run_dir);
	*ret_driver_dir = take(driver_dir);
	return HST_OK;
}

static void remove_run_dir(struct hold *hold)
{
	hst_error err = {0};

	if (hold->run_dir && files_remove_tree(hold->run_dir, &err) != HST_OK)
		log_warning("%s", err.text);
	free(take(hold->run_dir));
}

/* The driver's session in *ret, which the caller frees. */
static int open_in_driver(struct hold *hold, const char *user, const hst_secret *password, const char *driver_dir, char **ret,
			  hst_error *err)
{
	hst_call call = session_device_call(&hold->device, OPEN_MS);
	const hst_open what = {.user = user, .password = password, .run_dir = driver_dir};
	const char *opened;
	int code = driver_open(hold->device.driver, &call, &what, &opened, err);

	if (!code)
		*ret = mem_text(opened);
	return code;
}

static void keep_children(struct hold *hold)
{
	hold->kept = mem_array(CHILDREN_MAX, sizeof *hold->kept);
	hold->kept_count = children_list(hold->kept, CHILDREN_MAX);
}

int hold_session_open(struct hold *hold, const char *user, const char *session, const hst_secret *password, hst_error *err)
{
	AUTO_FREE char *driver_dir = NULL;
	int code;

	if (hold->used)
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "this process has opened its session already");
	hold->used = true;
	code = check_user(hold, user, err);
	crash_point(CRASH_hold_before_notes);
	if (!code)
		code = notes_open(&hold->notes, hold->device.conf->state_dir, hold->device.device->name, err);
	if (code)
		return as_reason(code, "SessionCreationError", err);
	hold->device.notes = &hold->notes;
	crash_point(CRASH_hold_noted);
	code = make_run_dir(hold, &driver_dir, err);
	crash_point(CRASH_hold_before_open);
	if (!code && session[0])
		code = hold_attach(hold, session, &hold->session, err);
	else if (!code)
		code = open_in_driver(hold, user, password, driver_dir, &hold->session, err);
	if (code) {
		remove_run_dir(hold);
		notes_done(&hold->notes);
		hold->device.notes = NULL;
		return as_reason(code, "SessionCreationError", err);
	}
	keep_children(hold);
	crash_point(CRASH_hold_opened);
	return HST_OK;
}

int hold_session_lock(struct hold *hold, hst_error *err)
{
	hst_call call = session_device_call(&hold->device, LOCK_MS);

	if (!hold->session || hold->attended)
		return hst_fail_as(err, HST_INVALID, "SessionNotFound", "there is no session here that hostler opened");
	return driver_can_lock(hold->device.driver) ? driver_lock(hold->device.driver, &call, hold->session, err) : HST_OK;
}

int hold_session_close(struct hold *hold, hst_error *err)
{
	hst_call call;
	int code;

	if (!hold->session)
		return HST_OK;
	crash_point(CRASH_hold_before_close);
	hold_standing_lost(hold);
	if (hold->taken)
		taken_note(&hold->device, hold->session);
	call = session_device_call(&hold->device, CLOSE_MS);
	code = driver_close(hold->device.driver, &call, hold->session, err);
	if (code) {
		/* The next watch tries again from the notes. */
		notes_leave(&hold->notes);
		hold->device.notes = NULL;
		return as_reason(code, "SessionCloseFailed", err);
	}
	crash_point(CRASH_hold_closed);
	remove_run_dir(hold);
	notes_done(&hold->notes);
	crash_point(CRASH_hold_notes_done);
	hold->device.notes = NULL;
	free(take(hold->session));
	return HST_OK;
}
