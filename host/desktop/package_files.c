/* The files of a package: found, hashed, written as JSON and read back. */
#include "desktop/package.h"

#include "base/arena.h"
#include "base/auto.h"
#include "base/mem.h"
#include "schema/sentence.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>

struct listing {
	hst_arena *arena;
	const char *directory;
	int copy; /* the folder that all of it is copied into on the way; -1: none */
	struct package_file *files;
	size_t n, size, folders;
	int64_t bytes;
	hst_error *err;
};

static void hexadecimal(const unsigned char hash[32], char to[65])
{
	sodium_bin2hex(to, 65, hash, 32);
}

static int listing_fail(const struct listing *listing, const char *path, const char *why)
{
	return hst_fail(listing->err, HST_INVALID, "%s/%s: %s", listing->directory, path, why);
}

/* Names end up in JSON, in lists for people and on other machines. */
static bool path_fits(const char *path)
{
	const char *part = path;

	if (!path[0] || strlen(path) > PACKAGE_PATH_MAX || !sentence_fits(path, strlen(path)) ||
	    strchr(path, '\\'))
		return false;
	while (*part) {
		size_t length = strcspn(part, "/");

		if (!length || (length == 1 && part[0] == '.') ||
		    (length == 2 && part[0] == '.' && part[1] == '.'))
			return false;
		part += length;
		if (*part == '/' && !*++part)
			return false;
	}
	return true;
}

static int write_all(struct listing *listing, const struct package_file *file, int to, const unsigned char *bytes, size_t n)
{
	while (to >= 0 && n) {
		ssize_t written = write(to, bytes, n);

		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return listing_fail(listing, file->path, strerrordesc_np(errno));
		bytes += written;
		n -= (size_t)written;
	}
	return HST_OK;
}

/* `to` -1: it is only hashed. What is hashed is what was written, whatever becomes of the file meanwhile. */
static int hash_file(struct listing *listing, int fd, int to, struct package_file *file)
{
	crypto_generichash_state state;
	unsigned char bytes[64 << 10], hash[32];
	ssize_t n;

	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	while ((n = read(fd, bytes, sizeof bytes)) != 0) {
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return listing_fail(listing, file->path, strerrordesc_np(errno));
		crypto_generichash_update(&state, bytes, (unsigned long long)n);
		file->size += n;
		if (listing->bytes + file->size > PACKAGE_BYTES_MAX)
			return listing_fail(listing, file->path, "with it the package is larger than 64 MiB");
		if (write_all(listing, file, to, bytes, (size_t)n) != HST_OK)
			return HST_INVALID;
	}
	crypto_generichash_final(&state, hash, sizeof hash);
	hexadecimal(hash, file->hash);
	listing->bytes += file->size;
	return HST_OK;
}

static int add_file(struct listing *listing, int fd, const struct stat *status, char *path)
{
	struct package_file file = {.path = path, .executable = (status->st_mode & 0100) != 0};
	AUTO_CLOSE int to = -1;
	int code;

	if (listing->copy >= 0) {
		to = openat(listing->copy, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
		if (to < 0 || fchmod(to, file.executable ? 0755 : 0644) < 0)
			return listing_fail(listing, path, strerrordesc_np(errno));
	}
	code = hash_file(listing, fd, to, &file);
	if (code)
		return code;
	listing->files = mem_grow(listing->files, &listing->size, listing->n + 1, sizeof *listing->files);
	listing->files[listing->n++] = file;
	return HST_OK;
}

static int walk(struct listing *listing, int fd_take, const char *prefix, int depth);

static int add_name(struct listing *listing, int directory, const char *prefix, const char *name, int depth)
{
	char *path = arena_printf(listing->arena, "%s%s", prefix, name);
	AUTO_CLOSE int fd = -1;
	struct stat status;

	if (!path_fits(path))
		return listing_fail(listing, path,
				    "a name must be UTF-8 without control characters and \"\\\", and the "
				    "whole path at most 1024 bytes");
	/* Without blocking, because it may be a FIFO. */
	fd = openat(directory, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	if (fd < 0)
		return listing_fail(
			listing, path,
			errno == ELOOP
				? "symbolic links are not allowed in a package; put the file there itself"
				: strerrordesc_np(errno));
	if (fstat(fd, &status) < 0)
		return listing_fail(listing, path, strerrordesc_np(errno));
	if (listing->n + listing->folders == PACKAGE_FILES_MAX)
		return listing_fail(listing, path, "with it the package has more than 4096 files and folders");
	if (S_ISREG(status.st_mode))
		return add_file(listing, fd, &status, path);
	if (!S_ISDIR(status.st_mode))
		return listing_fail(listing, path, "special files are not allowed in a package");
	if (depth == PACKAGE_DEPTH_MAX)
		return listing_fail(listing, path, "folders are nested deeper than 32");
	listing->folders++;
	if (listing->copy >= 0 && (mkdirat(listing->copy, path, 0700) < 0 || fchmodat(listing->copy, path, 0755, 0) < 0))
		return listing_fail(listing, path, strerrordesc_np(errno));
	return walk(listing, take_fd(&fd), arena_printf(listing->arena, "%s/", path), depth + 1);
}

static int walk(struct listing *listing, int fd_take, const char *prefix, int depth)
{
	DIR *directory = fdopendir(fd_take);
	struct dirent *entry;
	int code = HST_OK;

	if (!directory) {
		close(fd_take);
		return listing_fail(listing, prefix, strerrordesc_np(errno));
	}
	for (errno = 0; !code && (entry = readdir(directory)) != NULL; errno = 0)
		if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
			code = add_name(listing, dirfd(directory), prefix, entry->d_name, depth);
	if (!code && errno)
		code = listing_fail(listing, prefix, strerrordesc_np(errno));
	closedir(directory);
	return code;
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct package_file *)a)->path, ((const struct package_file *)b)->path);
}

static int list(struct listing *listing, int fd_take, struct package_file **ret, size_t *ret_n)
{
	int code = walk(listing, fd_take, "", 0);

	if (!code) {
		if (listing->n)
			qsort(listing->files, listing->n, sizeof *listing->files, by_path);
		*ret = arena_array(listing->arena, listing->n + 1, sizeof **ret);
		if (listing->n)
			memcpy(*ret, listing->files, listing->n * sizeof **ret);
		*ret_n = listing->n;
	}
	free(listing->files);
	return code;
}

int package_list_files(hst_arena *arena, const char *directory, struct package_file **ret, size_t *ret_n,
		       hst_error *err)
{
	struct listing listing = {.arena = arena, .directory = directory, .copy = -1, .err = err};
	int fd = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return hst_fail(err, HST_NOT_FOUND, "cannot open the package %s: %s", directory,
				strerrordesc_np(errno));
	return list(&listing, fd, ret, ret_n);
}

int package_copy(hst_arena *arena, int from_take, const char *directory, const char *to, struct package_file **ret,
		 size_t *ret_n, hst_error *err)
{
	AUTO_CLOSE int copy = open(to, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	struct listing listing = {.arena = arena, .directory = directory, .copy = copy, .err = err};

	if (copy < 0) {
		close(from_take);
		return hst_fail(err, HST_NOT_FOUND, "cannot open the folder %s: %s", to, strerrordesc_np(errno));
	}
	return list(&listing, from_take, ret, ret_n);
}

const hst_value *package_files_value(hst_arena *arena, const struct package *package)
{
	hst_value *list = value_make_list(arena);

	for (size_t i = 0; i < package->file_count; i++) {
		const struct package_file *file = &package->files[i];
		hst_value *record = value_make_record(arena);

		value_set_text(record, "path", file->path);
		value_set_integer(record, "size", file->size);
		value_set_boolean(record, "executable", file->executable);
		value_set_text(record, "hash", file->hash);
		value_append(list, record);
	}
	return list;
}

static int file_from_value(hst_arena *arena, const hst_value *value, struct package_file *ret, hst_error *err)
{
	const hst_value *path = value_get(value, "path"), *hash = value_get(value, "hash");
	const hst_value *executable = value_get(value, "executable");

	if (value_count(value) != 4 || value_kind(path) != HST_VALUE_TEXT ||
	    value_kind(hash) != HST_VALUE_TEXT || value_kind(executable) != HST_VALUE_BOOLEAN ||
	    !value_integer(value_get(value, "size"), &ret->size))
		return hst_fail(err, HST_INVALID,
				"a file of a package is a record of path, size, executable and hash");
	if (strlen(value_text(path)) != value_length(path) || !path_fits(value_text(path)))
		return hst_fail(err, HST_INVALID,
				"the list of files has a path that does not stay in the package");
	if (value_length(hash) != 64 || strspn(value_text(hash), "0123456789abcdef") != 64)
		return hst_fail(err, HST_INVALID, "%s: its hash is not 64 hexadecimal digits",
				value_text(path));
	if (ret->size < 0 || ret->size > PACKAGE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "%s: its size is out of range", value_text(path));
	ret->path = arena_text(arena, value_text(path));
	ret->executable = value_boolean(executable);
	memcpy(ret->hash, value_text(hash), sizeof ret->hash);
	return HST_OK;
}

int package_files_from_value(hst_arena *arena, const hst_value *value, struct package_file **ret,
			     size_t *ret_n, hst_error *err)
{
	size_t n = value_count(value);
	struct package_file *files;
	int64_t bytes = 0;

	if (value_kind(value) != HST_VALUE_LIST || n > PACKAGE_FILES_MAX)
		return hst_fail(err, HST_INVALID, "the files of a package are a list of at most %d records",
				PACKAGE_FILES_MAX);
	files = arena_array(arena, n + 1, sizeof *files);
	for (size_t i = 0; i < n; i++) {
		int code = file_from_value(arena, value_at(value, i), &files[i], err);

		if (code)
			return code;
		if (i && strcmp(files[i - 1].path, files[i].path) >= 0)
			return hst_fail(err, HST_INVALID, "the list of files is not sorted, or has %s twice",
					files[i].path);
		bytes += files[i].size;
	}
	if (bytes > PACKAGE_BYTES_MAX)
		return hst_fail(err, HST_INVALID, "the package is larger than 64 MiB");
	*ret = files;
	*ret_n = n;
	return HST_OK;
}

void package_digest(const struct package_file *files, size_t n, char to[65])
{
	crypto_generichash_state state;
	unsigned char hash[32];

	crypto_generichash_init(&state, NULL, 0, sizeof hash);
	for (size_t i = 0; i < n; i++) {
		char size[24];
		const char *executable = files[i].executable ? "x" : "-";

		snprintf(size, sizeof size, "%" PRId64, files[i].size);
		crypto_generichash_update(&state, (const unsigned char *)files[i].path,
					  strlen(files[i].path) + 1);
		crypto_generichash_update(&state, (const unsigned char *)size, strlen(size) + 1);
		crypto_generichash_update(&state, (const unsigned char *)executable, strlen(executable) + 1);
		crypto_generichash_update(&state, (const unsigned char *)files[i].hash, 64);
		crypto_generichash_update(&state, (const unsigned char *)"\n", 1);
	}
	crypto_generichash_final(&state, hash, sizeof hash);
	hexadecimal(hash, to);
}
