#include "engine/staging.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/files.h"
#include "os/files.h"
#include "schema/value.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* What a connection may have waiting, and all together: an event takes its set at once, so more than a few are a mistake. */
enum { SETS_OF_LINK_MAX = 16, SETS_MAX = 400, CLEAN_MS = 500 };

static const char front[] = "trigger/";

struct staged {
	struct staged *next;
	uint64_t link; /* 0: of nobody */
	int64_t number;
	char *path;
	size_t files;
	int64_t bytes; /* of whole ones, and of the one that is being sent */
	bool used;     /* it goes once what it was used for is committed, */
	bool settled;  /* which it is when it was looked at twice: a turn has ended in between */
};

static void drop(struct engine *engine, struct staged *staged)
{
	struct staged **at = &engine->staged;
	hst_error err = {{0}, {0}};

	while (*at != staged)
		at = &(*at)->next;
	*at = staged->next;
	engine->staged_count--;
	files_writing_forget(&engine->writing, staged->path);
	if (files_remove_tree(staged->path, &err) < 0)
		log_warning("%s", err.text);
	free(staged->path);
	free(staged);
}

struct staged *staging_find(const struct engine *engine, uint64_t link, int64_t number)
{
	for (struct staged *staged = engine->staged; staged; staged = staged->next)
		if (number && staged->link == link && staged->number == number && !staged->used)
			return staged;
	return NULL;
}

static struct staged *oldest_of(const struct engine *engine, uint64_t link, size_t *ret_n)
{
	struct staged *oldest = NULL;

	*ret_n = 0;
	for (struct staged *staged = engine->staged; staged; staged = staged->next) {
		if (staged->link != link || staged->used)
			continue;
		oldest = staged; /* the newest is the first */
		++*ret_n;
	}
	return oldest;
}

static struct staged *make(struct engine *engine, uint64_t link, int64_t number, hst_error *err)
{
	struct staged *staged, *oldest;
	size_t n;

	oldest = oldest_of(engine, link, &n);
	if (link && n >= SETS_OF_LINK_MAX)
		drop(engine, oldest);
	if (engine->staged_count >= SETS_MAX) {
		hst_fail(err, HST_RETRY, "files of %d events are on their way already: try again", SETS_MAX);
		return NULL;
	}
	staged = mem_alloc(sizeof *staged);
	staged->link = link;
	staged->number = number;
	staged->path = mem_printf("%s/.staged/%lld", engine->files_dir, (long long)++engine->staged_number);
	staged->next = engine->staged;
	engine->staged = staged;
	engine->staged_count++;
	if (files_make_directory(staged->path, 0700, err) == HST_OK)
		return staged;
	drop(engine, staged);
	return NULL;
}

static int count_in(struct staged *staged, const char *name, int64_t total, hst_error *err)
{
	if (staging_has(staged, name))
		return hst_fail(err, HST_INVALID, "the file \"%s\" was sent already", name);
	if (staged->files >= FILES_OF_VALUE_MAX)
		return hst_fail(err, HST_INVALID, "an event has at most %d files", FILES_OF_VALUE_MAX);
	if (total < 0 || total > FILES_OF_RUN_BYTES_MAX - staged->bytes)
		return hst_fail(err, HST_INVALID, "the files of an event are larger than 1 GiB together");
	staged->files++;
	staged->bytes += total;
	return HST_OK;
}

int staging_put(struct engine *engine, const struct hub_link *from, const struct message *message, hst_error *err)
{
	int64_t number = message_integer(message, "token");
	const char *name = message_text(message, "name");
	struct staged *staged = staging_find(engine, from->number, number);
	const struct files_part part = {.offset = message_integer(message, "offset"), .total = message_integer(message, "total"),
	                                .bytes = message->payload, .length = message->payload_length, .sum = message_text(message, "sum")};
	AUTO_FREE char *path = NULL;
	bool last = (int64_t)part.length == part.total - part.offset;
	int rc = HST_OK;

	if (number <= 0 || !file_name_fits(name, strlen(name)))
		return hst_fail(err, HST_INVALID, "\"%s\" is no name for a file of an event: at most 100 bytes of UTF-8 without slashes and control characters, not beginning with a dot", name);
	if (last && !*part.sum)
		return hst_fail(err, HST_INVALID, "the file \"%s\" comes without its sum", name);
	if (!staged)
		staged = make(engine, from->number, number, err);
	if (!staged)
		return HST_RETRY;
	if (part.offset == 0)
		rc = count_in(staged, name, part.total, err);
	path = files_join(staged->path, name);
	return rc < 0 ? rc : files_put_part(&engine->writing, path, &part, err);
}

bool staging_has(const struct staged *staged, const char *name)
{
	AUTO_FREE char *path = files_join(staged->path, name);

	return access(path, F_OK) == 0;
}

static const char *name_of(const char *value)
{
	return strncmp(value, front, sizeof front - 1) == 0 && file_value_fits(value) && !strchr(value + sizeof front - 1, '/')
		       ? value + sizeof front - 1
		       : NULL;
}

static bool has_before(const struct engine *engine, const char *run, const char *name)
{
	AUTO_FREE char *path = mem_printf("%s/%s/trigger/%s", engine->files_dir, run ? run : "", name);

	return run && access(path, F_OK) == 0;
}

int staging_check(const struct engine *engine, const struct staging_event *event, hst_error *err)
{
	for (size_t i = 0; i < value_count(event->values); i++) {
		const char *value = value_text(value_at(event->values, i)), *name = name_of(value);
		bool found = name && has_before(engine, event->before, name);

		for (size_t k = 0; name && !found && k < 2; k++)
			found = event->sets[k] && staging_has(event->sets[k], name);
		if (!found)
			return hst_fail_as(err, HST_INVALID, "InputInvalid", "the event names the file \"%.100s\", which did not come with it%s", value,
			                   event->before ? " and is not kept any more: give another with --input" : "");
	}
	return HST_OK;
}

static void must(int rc, const hst_error *err)
{
	if (rc >= 0)
		return;
	/* Nothing of the batch was said so far; whoever sent it says it again to the engine that is started next. */
	log_error("the files of an event cannot be put in their place: %s", err->text);
	abort();
}

/* Whoever finds the set later knows which run to look for. */
static int mark(const struct staged *staged, const char *run, hst_error *err)
{
	AUTO_FREE char *path = mem_printf("%s/.%s", staged->path, run);
	AUTO_CLOSE int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);

	return fd < 0 ? hst_fail(err, HST_RETRY, "%s: cannot be made: %s", path, strerror(errno)) : HST_OK;
}

static int place_one(const struct staged *staged, const char *folder, const char *name, hst_error *err)
{
	AUTO_FREE char *from = files_join(staged->path, name);
	AUTO_FREE char *to = files_join(folder, name);

	return access(from, F_OK) == 0 ? files_link(from, to, err) : HST_OK;
}

static int place_all(const struct staged *staged, const char *folder, hst_error *err)
{
	DIR *directory = opendir(staged->path);
	struct dirent *entry;
	int rc = HST_OK;

	while (directory && rc >= 0 && (entry = readdir(directory)))
		if (entry->d_name[0] != '.')
			rc = place_one(staged, folder, entry->d_name, err);
	if (directory)
		closedir(directory);
	return rc;
}

static int place_set(const struct staged *staged, const struct staging_event *event, const char *folder, hst_error *err)
{
	int rc = HST_OK;

	if (!event->values)
		return place_all(staged, folder, err);
	for (size_t i = 0; rc >= 0 && i < value_count(event->values); i++)
		rc = place_one(staged, folder, name_of(value_text(value_at(event->values, i))), err);
	return rc;
}

static void sync_folder(const char *path)
{
	AUTO_CLOSE int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		fsync(fd);
}

static int place_run(struct engine *engine, const struct staging_event *event, const char *run, hst_error *err)
{
	AUTO_FREE char *own = files_join(engine->files_dir, run);
	AUTO_FREE char *folder = files_join(own, "trigger");
	int rc = HST_OK;

	for (size_t i = 0; rc >= 0 && i < 2; i++)
		if (event->sets[i])
			rc = mark(event->sets[i], run, err);
	if (rc >= 0)
		rc = files_make_directory(folder, 0750, err);
	for (size_t i = 0; rc >= 0 && i < 2; i++)
		if (event->sets[i])
			rc = place_set(event->sets[i], event, folder, err);
	if (rc >= 0 && event->before)
		rc = files_link_step(engine->files_dir, event->before, run, "trigger", err);
	for (size_t i = 0; rc >= 0 && i < event->step_count; i++)
		rc = files_link_step(engine->files_dir, event->kept_of, run, event->steps[i], err);
	sync_folder(folder);
	sync_folder(own);
	return rc;
}

static void clean(void *arg)
{
	struct engine *engine = arg;

	engine->staged_clean = NULL;
	for (struct staged *staged = engine->staged, *next; staged; staged = next) {
		next = staged->next;
		if (staged->settled) {
			drop(engine, staged);
		} else if (staged->used) {
			staged->settled = true;
			if (!engine->staged_clean)
				engine->staged_clean = loop_in(engine->loop, CLEAN_MS, clean, engine);
		}
	}
}

void staging_done(struct engine *engine, struct staged *staged)
{
	if (!staged)
		return;
	staged->used = true;
	if (!engine->staged_clean)
		engine->staged_clean = loop_in(engine->loop, CLEAN_MS, clean, engine);
}

void staging_place(struct engine *engine, const struct staging_event *event)
{
	struct staging_event placing = *event;
	hst_error err = {{0}, {0}};
	bool any = false;

	/* What is only taken over from another run has a set to be marked, too. */
	if (!placing.sets[0] && !placing.sets[1]) {
		placing.sets[0] = make(engine, 0, 0, &err);
		must(placing.sets[0] ? HST_OK : HST_RETRY, &err);
	}
	for (int64_t number = event->last_run + 1; number <= core_counters(engine->core)->run; number++) {
		const struct run *run = core_run(engine->core, number);

		if (!run)
			continue;
		must(place_run(engine, &placing, run->facts.id, &err), &err);
		any = true;
	}
	if (any)
		sync_folder(engine->files_dir);
	staging_done(engine, placing.sets[0]);
	staging_done(engine, placing.sets[1]);
}

void staging_left(struct engine *engine, const struct hub_link *link)
{
	for (struct staged *staged = engine->staged, *next; staged; staged = next) {
		next = staged->next;
		if (staged->link == link->number && !staged->used)
			drop(engine, staged);
	}
}

/* A run of which the store knows nothing was never accepted. */
static void forget_unaccepted(struct engine *engine, const char *set)
{
	DIR *folder = opendir(set);
	struct dirent *entry;
	int64_t number;

	while (folder && (entry = readdir(folder))) {
		const char *run = entry->d_name + 1;
		AUTO_FREE char *path = files_join(engine->files_dir, run);
		hst_error err = {{0}, {0}};

		if (entry->d_name[0] != '.' || !id_valid(run) ||
		    engine->store->ops->find_run(engine->store, run, &number, &err) != HST_NOT_FOUND)
			continue;
		if (files_remove_tree(path, &err) < 0)
			log_warning("%s", err.text);
	}
	if (folder)
		closedir(folder);
}

void staging_open(struct engine *engine)
{
	AUTO_FREE char *path = files_join(engine->files_dir, ".staged");
	DIR *folder = opendir(path);
	struct dirent *entry;
	hst_error err = {{0}, {0}};

	while (folder && (entry = readdir(folder))) {
		AUTO_FREE char *set = files_join(path, entry->d_name);

		if (entry->d_name[0] != '.')
			forget_unaccepted(engine, set);
	}
	if (folder)
		closedir(folder);
	if (files_remove_tree(path, &err) < 0)
		log_warning("%s", err.text);
}

/* The next engine finds what is left, and whether it was used. */
void staging_close(struct engine *engine)
{
	while (engine->staged) {
		struct staged *staged = engine->staged;

		engine->staged = staged->next;
		free(staged->path);
		free(staged);
	}
	files_writing_clear(&engine->writing);
}
