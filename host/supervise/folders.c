#include "supervise/folders.h"

#include "base/auto.h"
#include "config/conf.h"
#include "os/failure.h"
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Parents that are missing are everybody's to walk through; the folder itself is what is protected. */
static int make_folder(const char *path, hst_error *err)
{
	mode_t mask = umask(022);
	int code = files_make_directory(path, 0755, err);

	umask(mask);
	return code;
}

static int prepare(const char *path, uid_t owner, gid_t group, mode_t mode, hst_error *err)
{
	AUTO_CLOSE int fd = -1;
	struct stat found;
	int code = make_folder(path, err);

	if (code != HST_OK)
		return code;
	fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &found) < 0)
		return failure_of(errno, err, "open", path);
	/* Under /tmp somebody else may have been there first. */
	if (found.st_uid != owner && found.st_uid != geteuid())
		return hst_fail(err, HST_DENIED, "%s belongs to the user %u, not to this one: remove it or name another",
				path, (unsigned)found.st_uid);
	if ((found.st_uid != owner || found.st_gid != group) && fchown(fd, owner, group) < 0)
		return failure_of(errno, err, "give away", path);
	if (fchmod(fd, mode) < 0)
		return failure_of(errno, err, "protect", path);
	return HST_OK;
}

int folders_state(const struct conf *conf, const struct accounts *accounts, hst_error *err)
{
	return prepare(conf->state_dir, geteuid(), accounts->group, accounts->root ? 02751 : 0700, err);
}

/* The folder of the store: SQLite trusts what lies beside it, so nobody but the engine may put anything there. */
static int prepare_store(const struct conf *conf, const struct accounts *accounts, hst_error *err)
{
	AUTO_FREE char *folder = files_beside(conf->store_path, ".");

	if (strcmp(folder, conf->state_dir) == 0)
		return accounts->root ? hst_fail(err, HST_INVALID, "%s: the store needs a folder of its own; name one in [store] path, "
		                                                   "or leave the key out",
		                                 conf->store_path)
		                      : HST_OK;
	return prepare(folder, accounts->engine, accounts->group, 0700, err);
}

static uid_t adopter;
static gid_t adopting_group;

static int adopt(const char *path, const struct stat *status, int type, struct FTW *walk)
{
	(void)status;
	(void)type;
	(void)walk;
	return lchown(path, adopter, adopting_group);
}

/* What `hostler restore` has put there as root belongs to the engine. */
static int adopt_restored(const struct conf *conf, const struct accounts *accounts, hst_error *err)
{
	AUTO_FREE char *mark = files_join(conf->state_dir, "restored");
	AUTO_FREE char *roster = files_join(conf->state_dir, "roster");
	AUTO_FREE char *store = files_beside(conf->store_path, ".");
	AUTO_FREE char *admitted = files_join(conf->state_dir, "admitted");
	AUTO_FREE char *files = files_join(conf->state_dir, "files");
	const char *const trees[] = {store, admitted, files};

	if (access(mark, F_OK) < 0)
		return HST_OK;
	adopter = accounts->engine;
	adopting_group = accounts->group;
	for (size_t i = 0; accounts->root && i < sizeof trees / sizeof trees[0]; i++)
		if (nftw(trees[i], adopt, 16, FTW_PHYS | FTW_MOUNT) < 0)
			return failure_of(errno, err, "give to the engine", trees[i]);
	if (accounts->root && chown(roster, geteuid(), accounts->group) < 0 && errno != ENOENT)
		return failure_of(errno, err, "give to the group", roster);
	if (unlink(mark) < 0)
		return failure_of(errno, err, "remove", mark);
	return HST_OK;
}

int folders_parts(const struct conf *conf, const struct accounts *accounts, hst_error *err)
{
	const struct {
		const char *name;
		uid_t owner;
		mode_t mode;
	} parts[] = {{"files", accounts->engine, 0750}, {"admitted", accounts->engine, 0750}, {"workers", accounts->worker, 0700},
	             {"gateway", accounts->gateway, 0711}};
	int code = conf->has_host ? prepare_store(conf, accounts, err) : HST_OK;

	for (size_t i = 0; i < sizeof parts / sizeof parts[0] && code == HST_OK; i++) {
		AUTO_FREE char *path = files_join(conf->state_dir, parts[i].name);

		code = prepare(path, parts[i].owner, accounts->group, parts[i].mode, err);
	}
	return code == HST_OK && conf->has_host ? adopt_restored(conf, accounts, err) : code;
}

int folders_run(const struct conf *conf, const struct accounts *accounts, hst_error *err)
{
	return prepare(conf->run_dir, accounts->engine, accounts->group, accounts->root ? 02751 : 0700, err);
}
