#include "engine/files.h"

#include "base/auto.h"
#include "base/mem.h"
#include "os/failure.h"
#include "os/files.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { WRITING_MAX = 1000 }; /* files in many parts at the same time */

/* A file of which parts have come. */
struct writing {
	struct sum sum;
	int64_t total;
};

static bool name_fits(const char *name)
{
	const char *slash = strchr(name, '/');

	if (!slash)
		return file_name_fits(name, strlen(name));
	return file_name_fits(name, (size_t)(slash - name)) && file_name_fits(slash + 1, strlen(slash + 1));
}

int files_path(const char *directory, const char *run, const char *step, const char *name, char **ret, hst_error *err)
{
	if (!id_valid(run) || !file_name_fits(step, strlen(step)) || !name_fits(name))
		return hst_fail(err, HST_INVALID, "\"%s\" is no name for a file of a run: at most 100 bytes of UTF-8 without control characters, not beginning with a dot", name);
	*ret = mem_printf("%s/%s/%s/%s", directory, run, step, name);
	return HST_OK;
}

/* PATH/.NAME.what; the caller frees it. */
static char *beside(const char *path, const char *what)
{
	const char *slash = strrchr(path, '/');

	return mem_printf("%.*s/.%s.%s", (int)(slash - path), path, slash + 1, what);
}

/* Most likely nobody goes on with it; who does begins again. */
static void forget_oldest(struct table *all)
{
	size_t at = 0;
	struct table_entry *oldest = table_next(all, &at);

	if (oldest)
		free(table_remove(all, oldest->key));
}

/*
 * The sum of what is being written is added up part by part, since reading it all again would keep everybody waiting. The first part
 * says how large the file will be: by that it was let in.
 */
static int writing_of(struct table *all, const char *path, const struct files_part *part, struct writing **ret, hst_error *err)
{
	struct writing *writing = table_get(all, path);

	if (!writing && part->offset > 0)
		return hst_fail(err, HST_RETRY, "the parts before this one are not known any more: begin again");
	if (part->offset > 0 && part->total != writing->total)
		return hst_fail(err, HST_INVALID, "file %s: it began as one of %lld bytes and goes on as one of %lld", strrchr(path, '/') + 1,
		                (long long)writing->total, (long long)part->total);
	if (!writing && all->n >= WRITING_MAX)
		forget_oldest(all);
	if (!writing) {
		writing = mem_alloc(sizeof *writing);
		table_set(all, path, writing);
	}
	if (part->offset == 0)
		sum_begin(&writing->sum);
	writing->total = part->total;
	*ret = writing;
	return HST_OK;
}

static int check_sum(const struct sum *sum, const char *said, hst_error *err)
{
	char own[SUM_SIZE];

	sum_end((struct sum *)sum, own);
	return strcmp(own, said) == 0 ? HST_OK : hst_fail(err, HST_RETRY, "the file did not arrive as it was sent: send it again");
}

/* What values will name is on disk, with its sum, before it has its name. */
static int finish(const char *path, const char *partial, int fd, const struct files_part *part, hst_error *err)
{
	AUTO_FREE char *sum = beside(path, "sum");

	if (*part->sum) {
		int rc = files_replace_fleeting(sum, part->sum, strlen(part->sum), 0640, err);

		if (rc < 0)
			return rc;
		if (fdatasync(fd) < 0)
			return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", partial, strerror(errno));
	} else if (unlink(sum) < 0 && errno != ENOENT) {
		return failure_of(errno, err, "remove", sum);
	}
	if (rename(partial, path) != 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be renamed: %s", partial, strerror(errno));
	return HST_OK;
}

static int write_part(const char *path, const struct files_part *part, hst_error *err)
{
	AUTO_FREE char *partial = beside(path, "part");
	AUTO_CLOSE int fd = open(partial, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (part->offset == 0 ? O_TRUNC : 0), 0640);
	bool last = (int64_t)part->length == part->total - part->offset;
	struct stat status;

	if (fd < 0 || fstat(fd, &status) != 0)
		return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", partial, strerror(errno));
	if (status.st_size != part->offset)
		return hst_fail(err, HST_INVALID, "%s: a part is missing before %lld", path, (long long)part->offset);
	if (pwrite(fd, part->bytes ? part->bytes : "", part->length, part->offset) != (ssize_t)part->length)
		return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", partial, strerror(errno));
	/* On its way to the disk already, so that the last part does not wait for all of them. */
	if (!last)
		sync_file_range(fd, part->offset, (off_t)part->length, SYNC_FILE_RANGE_WRITE);
	return last ? finish(path, partial, fd, part, err) : HST_OK;
}

int files_put_part(struct table *writing, const char *path, const struct files_part *part, hst_error *err)
{
	AUTO_FREE char *folder = mem_copy(path, (size_t)(strrchr(path, '/') - path));
	bool last = (int64_t)part->length == part->total - part->offset;
	struct writing *being = NULL;
	int rc = HST_OK;

	if (part->total < 0 || part->total > FILE_BYTES_MAX || part->offset < 0 || part->offset > part->total ||
	    (int64_t)part->length > part->total - part->offset)
		return hst_fail(err, HST_INVALID, "file %s: a part at %lld of %lld bytes is out of range; a file has at most 256 MiB",
		                strrchr(path, '/') + 1, (long long)part->offset, (long long)part->total);
	/* A log in one part is sent without. */
	if (!last || *part->sum || part->offset > 0) {
		rc = writing_of(writing, path, part, &being, err);
		if (rc < 0)
			return rc;
		sum_add(&being->sum, part->bytes, part->length);
	}
	rc = files_make_directory(folder, 0750, err);
	if (rc >= 0 && last && *part->sum)
		rc = check_sum(&being->sum, part->sum, err);
	if (rc >= 0)
		rc = write_part(path, part, err);
	if (rc < 0 || last)
		free(table_remove(writing, path));
	return rc;
}

static bool is_below(const char *path, const char *folder)
{
	size_t n = strlen(folder);

	return strncmp(path, folder, n) == 0 && path[n] == '/';
}

void files_writing_forget(struct table *writing, const char *folder)
{
	TABLE_EACH(writing, entry)
		if (is_below(entry->key, folder))
			free(table_remove(writing, entry->key));
}

void files_writing_clear(struct table *writing)
{
	TABLE_EACH(writing, entry)
		free(entry->value);
	table_clear(writing);
}

/* Regular files below a folder, as far as folders of runs go. */
static void measure(const char *path, int depth, int64_t *files, int64_t *bytes)
{
	DIR *folder = opendir(path);
	struct dirent *entry;

	while (folder && (entry = readdir(folder))) {
		AUTO_FREE char *below = files_join(path, entry->d_name);
		struct stat status;

		if (entry->d_name[0] == '.' || lstat(below, &status) != 0)
			continue;
		if (S_ISDIR(status.st_mode) && depth > 0)
			measure(below, depth - 1, files, bytes);
		*files += S_ISREG(status.st_mode);
		*bytes += S_ISREG(status.st_mode) ? status.st_size : 0;
	}
	if (folder)
		closedir(folder);
}

/* What has begun to come has its place, too. */
int files_room(const struct table *writing, const char *directory, const char *run, const char *path, int64_t more, hst_error *err)
{
	AUTO_FREE char *folder = files_join(directory, run);
	int64_t files = 0, bytes = 0;

	measure(folder, 2, &files, &bytes);
	TABLE_EACH(writing, entry)
		if (is_below(entry->key, folder) && strcmp(entry->key, path) != 0)
			bytes += ((const struct writing *)entry->value)->total;
	if (more > FILES_OF_RUN_BYTES_MAX - bytes)
		return hst_fail_as(err, HST_INVALID, "OutputInvalid", "with %lld bytes more the files of the run are larger than 1 GiB together", (long long)more);
	if (files >= FILES_OF_STEPS_MAX)
		return hst_fail_as(err, HST_INVALID, "OutputInvalid", "the run has %d files already", FILES_OF_STEPS_MAX);
	return HST_OK;
}

/* For file systems that know no second names, and those that have no more of them for this file. */
static int copy_file(const char *from, const char *to, hst_error *err)
{
	AUTO_CLOSE int in = open(from, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	AUTO_CLOSE int out = in < 0 ? -1 : open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0640);
	ssize_t n;

	if (in < 0 || out < 0)
		return failure_of(errno, err, in < 0 ? "read" : "make", in < 0 ? from : to);
	while ((n = copy_file_range(in, NULL, out, NULL, PART_BYTES_MAX, 0)) > 0)
		;
	return n < 0 || fdatasync(out) < 0 ? failure_of(errno, err, "write", to) : HST_OK;
}

static int link_one(const char *from, const char *to, hst_error *err)
{
	if (link(from, to) == 0 || errno == EEXIST)
		return HST_OK;
	if (errno != EPERM && errno != EMLINK && errno != EOPNOTSUPP)
		return failure_of(errno, err, "put in its place", to);
	return copy_file(from, to, err);
}

int files_link(const char *from, const char *to, hst_error *err)
{
	AUTO_FREE char *sum = beside(from, "sum");
	AUTO_FREE char *to_sum = beside(to, "sum");
	int rc = access(sum, F_OK) == 0 ? link_one(sum, to_sum, err) : HST_OK;

	return rc < 0 ? rc : link_one(from, to, err);
}

static int link_folder(const char *from, const char *to, int depth, hst_error *err)
{
	DIR *folder = opendir(from);
	struct dirent *entry;
	int rc = folder ? files_make_directory(to, 0750, err) : HST_OK;

	while (folder && rc >= 0 && (entry = readdir(folder))) {
		AUTO_FREE char *one = files_join(from, entry->d_name);
		AUTO_FREE char *other = files_join(to, entry->d_name);
		struct stat status;

		if (entry->d_name[0] == '.' || strcmp(entry->d_name, "log") == 0 || strcmp(entry->d_name, "screenshots") == 0 ||
		    lstat(one, &status) != 0)
			continue;
		if (S_ISREG(status.st_mode))
			rc = files_link(one, other, err);
		else if (S_ISDIR(status.st_mode) && depth > 0)
			rc = link_folder(one, other, depth - 1, err);
	}
	if (folder)
		closedir(folder);
	return rc;
}

int files_link_step(const char *directory, const char *from_run, const char *to_run, const char *step, hst_error *err)
{
	AUTO_FREE char *from = mem_printf("%s/%s/%s", directory, from_run, step);
	AUTO_FREE char *to = mem_printf("%s/%s/%s", directory, to_run, step);

	if (access(from, F_OK) < 0)
		return HST_OK;
	return link_folder(from, to, 1, err);
}

static void read_sum(const char *path, char ret[SUM_SIZE])
{
	AUTO_FREE char *beside_it = beside(path, "sum");
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;

	ret[0] = '\0';
	if (files_read(beside_it, SUM_SIZE, &bytes, &length, NULL) == HST_OK && length == SUM_SIZE - 1)
		memcpy(ret, bytes, SUM_SIZE);
}

int files_get_part(const char *directory, const char *run, const char *step, const char *name, int64_t offset, size_t max,
                   struct files_got *ret, hst_error *err)
{
	AUTO_FREE char *path = NULL;
	AUTO_FREE char *bytes = NULL;
	AUTO_CLOSE int fd = -1;
	struct stat status;
	ssize_t n;
	int rc = files_path(directory, run, step, name, &path, err);

	if (rc < 0)
		return rc;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
		return hst_fail(err, HST_NOT_FOUND, "step %s has no file \"%s\"; `hostler files` lists them", step, name);
	bytes = mem_alloc(max + 1);
	n = offset < 0 ? -1 : pread(fd, bytes, max, offset);
	if (n < 0)
		return hst_fail(err, HST_INVALID, "%s: cannot be read at %lld", path, (long long)offset);
	read_sum(path, ret->sum);
	ret->bytes = take(bytes);
	ret->length = (size_t)n;
	ret->total = status.st_size;
	return HST_OK;
}
