/*
 * Files of the run that an offer's inputs name: fetched from the host part by part into a folder of the gateway, each under the
 * name that its value is, held against its sum, and put by the session process where the flow finds them. The folder goes
 * when the run is over.
 */
#include "gateway/gateway.h"

#include "base/auto.h"
#include "base/log.h"
#include "base/mem.h"
#include "desktop/package.h"
#include "os/files.h"
#include "schema/fields.h"
#include "schema/file_name.h"
#include "schema/value.h"
#include "wire/sum.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ASK_TIMEOUT_MS = 30 * 1000, AGAIN_MS = 1000, TRIES_MAX = 30 };

struct bringing {
	struct gateway_device *device;
	int64_t step, token;
	char *folder;
	hst_arena *arena;
	const hst_value *names;
	size_t at;
	int64_t offset, bytes;
	struct sum sum;
	int tries; /* without an answer, of what is asked now */
	struct loop_timer *again;
};

static char *folder_of(const struct gateway *gateway, int64_t step, int64_t token)
{
	AUTO_FREE char *name = results_name(step, token);

	return files_join(gateway->inputs_dir, name);
}

static void bringing_free(struct bringing *bringing)
{
	struct gateway *gateway = bringing->device->gateway;
	AUTO_FREE char *name = results_name(bringing->step, bringing->token);

	table_remove(&gateway->bringing, name);
	loop_cancel(gateway->loop, &bringing->again);
	arena_free(bringing->arena);
	free(bringing->folder);
	free(bringing);
}

/* `why` NULL: all are there. */
static void over(struct bringing *bringing, const char *why)
{
	struct admission_event event = {.kind = ADMISSION_FILES, .step = bringing->step, .token = bringing->token, .text = why};

	if (why) {
		log_warning("files of step %lld could not be fetched: %s", (long long)bringing->step, why);
		files_remove_tree(bringing->folder, NULL);
	}
	gateway_event(bringing->device, &event);
	bringing_free(bringing);
}

static void ask(struct bringing *bringing);

static void ask_again(void *arg)
{
	struct bringing *bringing = arg;

	bringing->again = NULL;
	ask(bringing);
}

/* The host is away, or was started anew: no reason to fail a run that has its session already. */
static void later(struct bringing *bringing, const char *why)
{
	if (++bringing->tries >= TRIES_MAX)
		over(bringing, why);
	else
		bringing->again = loop_in(bringing->device->gateway->loop, AGAIN_MS, ask_again, bringing);
}

static void refused(struct bringing *bringing, const struct message *reply)
{
	hst_error err = {{0}, {0}};

	if (!reply)
		later(bringing, "the host did not answer");
	else if (message_read_error(reply, &err) == HST_RETRY)
		later(bringing, err.text);
	else
		over(bringing, err.text);
}

static int write_part(const struct bringing *bringing, const char *value, const struct message *part, hst_error *err)
{
	AUTO_FREE char *path = files_join(bringing->folder, value);
	AUTO_FREE char *folder = mem_copy(path, (size_t)(strrchr(path, '/') - path));
	AUTO_CLOSE int fd = -1;

	if (bringing->offset == 0 && files_make_directory(folder, 0700, err) < 0)
		return HST_RETRY;
	fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | (bringing->offset == 0 ? O_TRUNC : 0), 0600);
	if (fd < 0 || pwrite(fd, part->payload_length ? part->payload : "", part->payload_length, bringing->offset) != (ssize_t)part->payload_length)
		return hst_fail(err, HST_RETRY, "%s: cannot be written: %s", path, strerror(errno));
	return HST_OK;
}

static bool fits(const struct bringing *bringing, const struct message *part)
{
	int64_t total = message_integer(part, "total"), left = total - bringing->offset;

	return message_integer(part, "offset") == bringing->offset && total >= 0 && total <= FILE_BYTES_MAX &&
	       (int64_t)part->payload_length <= left && (part->payload_length || !left) &&
	       bringing->bytes + total - bringing->offset <= FILES_OF_RUN_BYTES_MAX;
}

static void on_part(void *arg, const struct message *reply)
{
	struct bringing *bringing = arg;
	const char *value = value_text(value_at(bringing->names, bringing->at));
	char own[SUM_SIZE];
	hst_error err = {{0}, {0}};

	if (!reply || reply->word != WORD_part) {
		refused(bringing, reply);
		return;
	}
	if (!fits(bringing, reply)) {
		over(bringing, "a part does not fit the file, or the files are larger than a run may have");
		return;
	}
	if (write_part(bringing, value, reply, &err) < 0) {
		over(bringing, err.text);
		return;
	}
	sum_add(&bringing->sum, reply->payload, reply->payload_length);
	bringing->offset += (int64_t)reply->payload_length;
	bringing->bytes += (int64_t)reply->payload_length;
	bringing->tries = 0;
	if (bringing->offset == message_integer(reply, "total")) {
		sum_end(&bringing->sum, own);
		if (*message_text(reply, "sum") && strcmp(message_text(reply, "sum"), own) != 0) {
			over(bringing, "a file is not what was sent: its sum is another one");
			return;
		}
		bringing->at++;
		bringing->offset = 0;
	}
	ask(bringing);
}

static void ask(struct bringing *bringing)
{
	struct message message;
	hst_error err = {{0}, {0}};

	if (bringing->at == value_count(bringing->names)) {
		over(bringing, NULL);
		return;
	}
	if (bringing->offset == 0)
		sum_begin(&bringing->sum);
	message_init(&message, WORD_file_fetch, 0);
	message_set_integer(&message, "step", bringing->step);
	message_set_integer(&message, "token", bringing->token);
	message_set_text(&message, "name", value_text(value_at(bringing->names, bringing->at)));
	message_set_integer(&message, "offset", bringing->offset);
	if (link_request(bringing->device->gateway->link, &message, ASK_TIMEOUT_MS, on_part, bringing, &err) < 0)
		later(bringing, err.text);
}

/* What the inputs name, as the package declares them; NULL: it cannot be read. */
static const hst_value *names_of(const struct gateway *gateway, const struct admission_run *run, hst_arena *arena)
{
	AUTO_FREE char *path = packages_path(gateway, run->package);
	AUTO_FREE char *manifest = files_join(path, "desktop-flow.ini");
	const hst_value *inputs = NULL, *names = NULL;
	struct problems problems;
	struct package *package;

	problems_init(&problems);
	package = package_read_manifest(manifest, &problems);
	problems_clear(&problems);
	if (package && value_parse_json(arena, run->inputs, run->inputs_length, &inputs, NULL) >= 0)
		names = fields_files(arena, package->inputs, inputs);
	package_free(package);
	return names;
}

void inputs_fetch(struct gateway_device *device, const struct admission_run *run)
{
	struct bringing *bringing = mem_alloc(sizeof *bringing);
	AUTO_FREE char *name = results_name(run->step, run->token);

	/* Of runs that were refused or stopped before they began nobody else says that they are over. */
	results_sweep(device->gateway, device->gateway->inputs_dir);
	bringing->device = device;
	bringing->step = run->step;
	bringing->token = run->token;
	bringing->folder = folder_of(device->gateway, run->step, run->token);
	bringing->arena = arena_new();
	table_set(&device->gateway->bringing, name, bringing);
	bringing->names = names_of(device->gateway, run, bringing->arena);
	if (bringing->names)
		ask(bringing);
	else
		over(bringing, "its inputs or the manifest of its desktop flow cannot be read");
}

void inputs_discard(struct gateway *gateway, int64_t step, int64_t token)
{
	AUTO_FREE char *path = folder_of(gateway, step, token);

	if (access(path, F_OK) == 0)
		files_remove_tree(path, NULL);
}

void inputs_clear(struct gateway *gateway)
{
	TABLE_EACH(&gateway->bringing, entry)
		bringing_free(entry->value);
	table_clear(&gateway->bringing);
}
