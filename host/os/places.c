/* Where files lie: beside each other, beside the program, in the directories that were installed with it. */
#include "os/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/installed.h"

#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <sys/stat.h>
#include <unistd.h>

char *files_join(const char *directory, const char *name)
{
	size_t length = strlen(directory);

	if (name[0] == '/' || !length)
		return mem_text(name);
	return mem_printf("%s%s%s", directory, directory[length - 1] == '/' ? "" : "/", name);
}

/*
 * Takes "." and ".." out of an absolute path, because people read these paths and a socket's path is short. A folder
 * that is a link is thereby left by the way it was entered, as a shell does it.
 */
static char *cleaned(char *path)
{
	char *from = path, *to = path;

	while (*from) {
		size_t slashes = strspn(from, "/"), length = strcspn(from + slashes, "/");

		if (length == 2 && strncmp(from + slashes, "..", 2) == 0) {
			while (to > path && *--to != '/')
				continue;
		} else if (length > 0 && !(length == 1 && from[slashes] == '.')) {
			*to++ = '/';
			memmove(to, from + slashes, length);
			to += length;
		} else if (length == 0 && slashes > 0 && to == path) {
			*to++ = '/';
		}
		from += slashes + length;
	}
	if (to == path)
		*to++ = '/';
	*to = '\0';
	return path;
}

char *files_beside(const char *file, const char *name)
{
	const char *slash = strrchr(file, '/');
	AUTO_FREE char *folder =
		slash ? mem_copy(file, slash == file ? 1 : (size_t)(slash - file)) : mem_text("");
	AUTO_FREE char *here = NULL;
	AUTO_FREE char *from = NULL;

	if (name[0] == '/' || folder[0] == '/')
		return cleaned(files_join(folder, name));
	here = getcwd(NULL, 0);
	from = files_join(here ? here : "/", folder);
	return cleaned(files_join(from, name));
}

const char *files_program_directory(void)
{
	static char directory[PATH_MAX];
	ssize_t length;
	char *slash;

	if (directory[0])
		return directory;
	/* A program replaced while it runs reads as "PATH (deleted)": the directory is still right. */
	length = readlink("/proc/self/exe", directory, sizeof directory - 1);
	directory[length > 0 ? length : 0] = '\0';
	slash = strrchr(directory, '/');
	if (slash)
		slash[slash == directory] = '\0';
	else
		snprintf(directory, sizeof directory, "/");
	return directory;
}

char *files_beside_programs(const char *name)
{
	return cleaned(files_join(files_program_directory(), name));
}

char *files_program_called(const char *name)
{
	const char *called = (const char *)getauxval(AT_EXECFN);
	char *path = called ? files_beside(called, name) : NULL;

	if (path && access(path, X_OK) == 0)
		return path;
	free(path);
	return files_join(files_program_directory(), name);
}

const char *files_plugin_directory(void)
{
	static char *directory;
	/* NULL in a program that runs with more rights than its caller, who could choose what it loads. */
	const char *wanted = secure_getenv("HOSTLER_PLUGINS");

	if (directory)
		return directory;
	if (wanted && wanted[0] == '/')
		directory = mem_text(wanted);
	else
		directory = files_beside_programs(installed_plugins);
	return directory;
}

const char *files_data_directory(void)
{
	static char *directory;

	if (!directory)
		directory = files_beside_programs(installed_data);
	return directory;
}

void files_stamp(const char *path, char to[FILES_STAMP])
{
	struct stat status;

	to[0] = '\0';
	if (stat(path, &status) == 0)
		snprintf(to, FILES_STAMP, "%ju.%ju.%jd.%jd.%09ld", (uintmax_t)status.st_dev, (uintmax_t)status.st_ino,
			 (intmax_t)status.st_size, (intmax_t)status.st_mtim.tv_sec, status.st_mtim.tv_nsec);
}
