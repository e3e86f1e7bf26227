/*
 * A desktop flow that is given secrets: one that an operator of the believed roster has signed, run from a copy of this process's own.
 * The gateway may write to its copies, so what is verified is what is copied, while it is copied; and nothing is opened before.
 */
#include "session/hold_parts.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "os/files.h"
#include "seal/items.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool hold_gives_secrets(const struct message *launch)
{
	struct items items;
	struct item item;

	items_begin(&items, launch->sealed, launch->sealed_length);
	while (items_next(&items, &item, NULL) == HST_OK && item.name)
		if (item.kind == ITEM_ENVELOPE || item.kind == ITEM_COMPOSITION)
			return true;
	return false;
}

static int unsigned_for(hst_error *err, const char *why)
{
	return hst_fail_as(err, HST_DENIED, "PackageUnsigned", "the step gives its desktop flow secrets, and %s", why);
}

static bool is_proved(const struct hold *hold, const struct item *item)
{
	const struct hold_ground *ground = &hold->ground;
	const struct roster *roster = hold->pinned.roster;

	return roster && ground->proved && ground->proved_epoch == roster->epoch && ground->proved_length == item->length &&
	       memcmp(ground->proved, item->bytes, item->length) == 0;
}

/* The same signature comes with every run. Who may sign stands in the head of the roster, which has one epoch. */
static int prove(struct hold *hold, const struct item *item, hst_error *err)
{
	struct hold_ground *ground = &hold->ground;
	const struct roster *roster = hold->pinned.roster;
	int code;

	if (is_proved(hold, item))
		return HST_OK;
	free(take(ground->proved));
	code = signed_package_read(item->bytes, item->length, &ground->signature, err);
	if (code == HST_OK)
		code = signed_package_verify(&ground->signature, roster, err);
	if (code != HST_OK)
		return code;
	ground->proved = mem_copy(item->bytes, item->length);
	ground->proved_length = item->length;
	ground->proved_epoch = roster->epoch;
	return HST_OK;
}

static int find_signature(struct hold *hold, const struct message *launch, const struct signed_package **ret, hst_error *err)
{
	struct items items;
	struct item item = {0};
	hst_error why = {0};
	bool found = false;

	items_begin(&items, launch->sealed, launch->sealed_length);
	while (!found && items_next(&items, &item, NULL) == HST_OK && item.name)
		found = item.kind == ITEM_PACKAGE;
	if (!found)
		return unsigned_for(err, "nobody has signed it");
	if (prove(hold, &item, &why) != HST_OK)
		return unsigned_for(err, why.text);
	if (strcmp(hold->ground.signature.digest, message_text(launch, "package")) != 0)
		return unsigned_for(err, "what was signed is another one");
	*ret = &hold->ground.signature;
	return HST_OK;
}

/* Nobody but this user may look into it before it was found to be right: who could put a link there could have it show other files. */
static int copy(struct hold *hold, const struct signed_package *signature, const char *target, hst_error *err)
{
	AUTO_CLOSE int from = work_open_gateways(hold->device.conf->state_dir, WORK_PACKAGES, signature->digest, err);
	hst_arena *arena = arena_new();
	struct package_file *files = NULL;
	hst_error why = {0};
	char digest[65];
	size_t n = 0;
	int code = HST_INVALID;

	if (from >= 0)
		code = files_remove_tree(target, err);
	if (code == HST_OK)
		code = files_make_directory(target, 0700, err);
	if (code == HST_OK && package_copy(arena, take_fd(&from), "the desktop flow", target, &files, &n, &why) != HST_OK)
		code = hst_fail(err, HST_INVALID, "it cannot be copied: %s", why.text);
	if (code != HST_OK)
		snprintf(err->reason, sizeof err->reason, "FlowNotInstalled");
	else
		package_digest(files, n, digest);
	arena_free(arena);
	if (code == HST_OK && strcmp(digest, signature->digest) != 0)
		code = hst_fail_as(err, HST_DENIED, "PackageUnsigned",
				   "the files of \"%s\" on this device, in gateway/packages/%s of its state folder, are not those that were signed: remove them and restart hostler there, which fetches them again",
				   signature->name, signature->digest);
	if (code == HST_OK && chmod(target, 0755) != 0)
		code = hst_fail_as(err, HST_DENIED, "FlowNotInstalled", "%s cannot be shown to the session's user", target);
	return code;
}

static int read_copy(const char *target, struct package **ret, hst_error *err)
{
	AUTO_CLOSE int fd = open(target, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);

	return fd < 0 ? failure_of(errno, err, "open", target) : package_read_manifest_at(fd, ret, err);
}

/* Whether the copy is still what was signed. */
static bool is_unchanged(const char *folder, const char *digest)
{
	hst_arena *arena = arena_new();
	struct package_file *files = NULL;
	char now[65] = "";
	size_t n = 0;

	if (package_list_files(arena, folder, &files, &n, NULL) == HST_OK)
		package_digest(files, n, now);
	arena_free(arena);
	return strcmp(now, digest) == 0;
}

/* The copy of the run before will do. A flow of this process's own user could have changed it, so then it is looked at. */
static bool is_there(const struct hold *hold, const char *digest)
{
	const struct hold_ground *ground = &hold->ground;

	return ground->own_digest && strcmp(ground->own_digest, digest) == 0 &&
	       ((hold->uid >= 0 && hold->uid != (int64_t)geteuid()) || is_unchanged(ground->own->directory, digest));
}

int hold_signed_package(struct hold *hold, const struct message *launch, const struct package **ret, hst_error *err)
{
	struct hold_ground *ground = &hold->ground;
	const struct signed_package *signature = NULL;
	AUTO_FREE char *target = NULL;
	int code = find_signature(hold, launch, &signature, err);

	if (code == HST_OK)
		code = hold_ground_make(hold, err);
	if (code == HST_OK && !is_there(hold, signature->digest)) {
		hold_ground_disown(ground);
		target = files_join(ground->work.root, "package");
		code = copy(hold, signature, target, err);
		if (code == HST_OK)
			code = read_copy(target, &ground->own, err);
		if (code == HST_OK && strcmp(ground->own->name, signature->name) != 0)
			code = unsigned_for(err, "its manifest has another name than what was signed");
		if (code == HST_OK)
			code = work_check_reach(target, hold->uid, hold->gid, err);
		if (code == HST_OK)
			ground->own_digest = mem_text(signature->digest);
	}
	*ret = ground->own;
	return code;
}
