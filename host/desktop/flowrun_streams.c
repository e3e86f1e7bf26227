/* What comes out of a run and goes into it: the FIFO, stdin, and stdout and stderr as its log. */
#include "desktop/flowrun_life.h"

#include "base/arena.h"
#include "base/auto.h"
#include "schema/value.h"
#include "seal/secret_arena.h"

#include <errno.h>
#include <poll.h>
#include <sodium.h>
#include <string.h>
#include <unistd.h>

enum {
	READS_AT_END = 64, /* a pipe holds 4 of these reads; more means that somebody goes on writing */
	OUTPUT_READ = 16 << 10,
	OUTPUT_FILES_MAX = 10000,
};

static void close_end(struct flowrun *run, int *fd)
{
	if (*fd < 0)
		return;
	loop_fd(run->loop, *fd, 0, NULL, NULL);
	close(*fd);
	*fd = -1;
}

static void on_progress(void *arg, const char *subflow, const char *action)
{
	struct flowrun *run = arg;
	char clean_subflow[FLOW_PROGRESS_TEXT + 1], clean_action[FLOW_PROGRESS_TEXT + 1];

	if (run->events.progress == FLOW_PROGRESS_MAX)
		flow_log_note(&run->log, "progress after %d events is not shown", FLOW_PROGRESS_MAX);
	flow_saying(run, clean_subflow, sizeof clean_subflow, subflow);
	flow_saying(run, clean_action, sizeof clean_action, action);
	flow_pictures_progress(&run->pictures, clean_action);
	run->role.progress(run->role.arg, clean_subflow, clean_action);
}

/* Whatever becomes of the output: its file is none of the run, however the path to it is written. */
static void leave_out(struct flowrun *run, const char *file)
{
	const char *slash = strrchr(file, '/');
	const char *path = arena_printf(run->arena, "out/%s", slash ? slash + 1 : file);

	if (value_count(run->output_files) < OUTPUT_FILES_MAX)
		value_append(run->output_files, value_make_text(run->arena, path, strlen(path)));
	else
		run->no_files = true;
}

/* They would lie in memory that is not locked. The run fails, and is told why. */
static void forget_outputs(struct flowrun *run)
{
	hst_arena *before = run->given;

	run->given = arena_new_wiping();
	flow_outputs_forget(&run->outputs, run->given);
	arena_free(before);
}

static void on_output(void *arg, const char *name, const hst_value *value, const char *file)
{
	struct flowrun *run = arg;
	AUTO_FREE char *json = NULL;
	hst_error err = {0};
	size_t length = 0;

	if (file && flow_is_secure(run, name))
		leave_out(run, file);
	if (run->unfit.text[0] || !flow_outputs_expect(&run->outputs, name))
		return;
	if (!file) {
		flow_outputs_give(&run->outputs, name, value);
	} else if (flow_place_read(run->spec.place, file, VALUE_BYTES_MAX, &json, &length, &err) != HST_OK) {
		flow_outputs_fault(&run->outputs, "output \"%.60s\": %.300s", name, err.text);
	} else if (flow_outputs_give_json(&run->outputs, name, json, length)) {
		value_append(run->output_files, value_make_text(run->arena, file, strlen(file)));
	}
	if (json)
		explicit_bzero(json, length);
	if (flow_is_secure(run, name) && value_get(run->outputs.given, name))
		flow_redact_know(&run->redact, value_get(run->outputs.given, name));
	if (run->secret && secret_arena_held(&run->unfit) != HST_OK)
		forget_outputs(run);
}

static void on_error(void *arg, const char *message)
{
	struct flowrun *run = arg;

	snprintf(run->said, FLOW_LINE_MAX, "%s", message);
	flow_pictures_error(&run->pictures);
}

static void on_checkpoint(void *arg)
{
	struct flowrun *run = arg;

	run->checkpoint_since = true;
	flow_checkpoint(run);
}

static void on_fault(void *arg, const char *text)
{
	struct flowrun *run = arg;
	char clean[HST_TEXT_MAX];

	/* Each would be a flood; the first says it. */
	if (run->events.faults > 1)
		return;
	flow_saying(run, clean, sizeof clean, text);
	flow_log_note(&run->log, "%s", clean);
}

static void events_ready(void *arg, int fd, short ready)
{
	struct flowrun *run = arg;

	(void)fd, (void)ready;
	/* The next event is read once the screen of the one before is in its picture. */
	if (!flow_pictures_due(&run->pictures))
		flow_events_read(&run->events);
}

static void add_to_log(void *arg, const char *bytes, size_t n)
{
	struct flowrun *run = arg;

	if (!run->redact.blind)
		flow_log_add(&run->log, bytes, n);
}

/* False: there is nothing more now, or ever. */
static bool read_output(struct flowrun *run)
{
	char bytes[OUTPUT_READ];
	ssize_t n = read(run->output_fd, bytes, sizeof bytes);

	if (n > 0 && flow_redact_by(&run->redact))
		redact_feed(&run->redact.log, bytes, (size_t)n, add_to_log, run);
	if (n > 0) {
		explicit_bzero(bytes, (size_t)n);
		return true;
	}
	if (n == 0 || (errno != EAGAIN && errno != EINTR))
		close_end(run, &run->output_fd);
	return false;
}

static void output_ready(void *arg, int fd, short ready)
{
	struct flowrun *run = arg;

	(void)fd, (void)ready;
	read_output(run);
	if (run->output_fd < 0)
		flow_output_closed(run);
}

static void wipe_input(struct flowrun *run)
{
	if (run->input)
		sodium_memzero(run->input, run->input_length);
	run->input = NULL;
}

static void input_ready(void *arg, int fd, short ready)
{
	struct flowrun *run = arg;
	ssize_t n = write(fd, run->input + run->input_sent, run->input_length - run->input_sent);

	(void)ready;
	if (n > 0)
		run->input_sent += (size_t)n;
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return;
	/* A flow that does not read its inputs is free not to. */
	if (n < 0 || run->input_sent == run->input_length) {
		close_end(run, &run->input_fd);
		wipe_input(run);
	}
}

void flow_streams_init(struct flowrun *run)
{
	const struct flow_events_role role = {on_progress, on_output, on_error, on_checkpoint, on_fault, run};

	flow_events_init(&run->events, run->spec.place->events_fd, &role, flow_memory(run), arena_alloc(run->arena, FLOW_LINE_MAX));
}

void flow_streams_input(struct flowrun *run)
{
	AUTO(text) struct text json;

	text_init_wiping(&json, 2 * VALUE_BYTES_MAX);
	value_write_json(&json, run->inputs);
	text_add(&json, "\n");
	run->input = arena_copy(run->arena, json.s, json.length);
	run->input_length = json.length;
}

void flow_streams_watch(struct flowrun *run, int input_fd_take, int output_fd_take)
{
	run->input_fd = input_fd_take;
	run->output_fd = output_fd_take;
	loop_fd(run->loop, run->input_fd, POLLOUT, input_ready, run);
	loop_fd(run->loop, run->output_fd, POLLIN, output_ready, run);
	loop_fd(run->loop, run->spec.place->events_fd, POLLIN, events_ready, run);
}

void flow_streams_events(struct flowrun *run)
{
	for (int i = 0; i < READS_AT_END && flow_events_read(&run->events); i++)
		;
}

void flow_streams_rest(struct flowrun *run)
{
	for (int i = 0; i < READS_AT_END && run->output_fd >= 0 && read_output(run); i++)
		;
	flow_streams_events(run);
	redact_flush(&run->redact.log, add_to_log, run);
}

void flow_streams_release(struct flowrun *run)
{
	close_end(run, &run->input_fd);
	close_end(run, &run->output_fd);
	if (run->spec.place->events_fd >= 0)
		loop_fd(run->loop, run->spec.place->events_fd, 0, NULL, NULL);
	wipe_input(run);
}
