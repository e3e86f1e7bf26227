/* Copies of desktop flows below packages.d, and which of them is pinned. */
#include "cli/desktop.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { COPIES_KEPT = 3 };

static struct package *read_copy(const char *folder, const char *digest)
{
	AUTO_FREE char *manifest = files_join(folder, "desktop-flow.ini");
	AUTO(problems) struct problems problems;
	struct package *package;

	problems_init(&problems);
	package = package_read(manifest, &problems);
	if (package && strcmp(package->digest, digest) == 0)
		return package;
	package_free(package);
	return NULL;
}

/* One that lies there and is not what its name says is replaced. */
static int place(const struct desktop_desk *desk, const char *fresh, const struct package *source, const char *digest, struct package **ret,
		 bool *ret_new)
{
	AUTO_FREE char *folder = pushed_copy(desk->conf, source->name, digest);
	hst_error err = {{0}, {0}};

	*ret = read_copy(folder, digest);
	*ret_new = !*ret;
	if (*ret)
		return CLI_DONE;
	if (files_remove_tree(folder, &err) != HST_OK)
		return cli_fail(desk->cli, CLI_FAILED, "Broken", "%s", err.text);
	if (rename(fresh, folder) != 0)
		return cli_fail(desk->cli, CLI_FAILED, "Broken", "%s cannot be made: %s", folder, strerror(errno));
	*ret = read_copy(folder, digest);
	if (!*ret || strcmp((*ret)->name, source->name) != 0)
		return cli_fail(desk->cli, CLI_FAILED, "Broken", "%s was changed while it was copied; say it again", source->directory);
	return CLI_DONE;
}

int desktop_copy(const struct desktop_desk *desk, const char *manifest, struct package **ret, bool *ret_new)
{
	AUTO(problems) struct problems problems;
	struct package_file *files = NULL;
	struct package *source;
	AUTO_FREE char *home = NULL;
	AUTO_FREE char *fresh = NULL;
	hst_error err = {{0}, {0}};
	char digest[65];
	size_t n = 0;
	int code, fd, status;

	*ret = NULL;
	problems_init(&problems);
	source = package_read_manifest(manifest, &problems);
	if (!source)
		return cli_fail_problems(desk->cli, manifest, &problems);
	home = pushed_folder(desk->conf, source->name);
	fresh = mem_printf("%s/.new-%d", home, (int)getpid());
	code = files_make_directory(home, 0755, &err);
	if (code == HST_OK)
		code = files_remove_tree(fresh, &err);
	if (code == HST_OK)
		code = files_make_directory(fresh, 0755, &err);
	fd = code == HST_OK ? open(source->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	if (code == HST_OK)
		code = fd < 0 ? hst_fail(&err, HST_DENIED, "%s cannot be opened: %s", source->directory, strerror(errno))
			      : package_copy(desk->cli->arena, fd, source->directory, fresh, &files, &n, &err);
	if (code == HST_OK)
		package_digest(files, n, digest);
	status = code == HST_OK ? place(desk, fresh, source, digest, ret, ret_new) : cli_fail_as(desk->cli, code, &err);
	files_remove_tree(fresh, NULL);
	package_free(source);
	if (status) {
		package_free(*ret);
		*ret = NULL;
	}
	return status;
}

void desktop_prune(const struct desktop_desk *desk, const char *name, const char *digest)
{
	const struct pushed *all;
	size_t n = pushed_list(desk->cli->arena, desk->conf, name, &all), kept = 0;

	for (size_t i = 0; i < n; i++) {
		AUTO_FREE char *copy = pushed_copy(desk->conf, name, all[i].digest);

		if (all[i].copied && !all[i].pinned && strcmp(all[i].digest, digest) != 0 && ++kept >= COPIES_KEPT)
			files_remove_tree(copy, NULL);
	}
}

int desktop_set_pin(const struct desktop_desk *desk, const char *name, const char *digest)
{
	AUTO_FREE char *path = pushed_pin(desk->conf, name);
	AUTO_FREE char *line = mem_printf("%s\n", digest ? digest : "");
	hst_error err = {{0}, {0}};

	if (digest)
		return files_replace(path, line, strlen(line), 0644, true, &err) == HST_OK ? CLI_DONE : cli_fail(desk->cli, CLI_FAILED, "Broken", "%s", err.text);
	if (unlink(path) != 0 && errno != ENOENT)
		return cli_fail(desk->cli, CLI_FAILED, "Broken", "%s cannot be removed: %s", path, strerror(errno));
	return CLI_DONE;
}
