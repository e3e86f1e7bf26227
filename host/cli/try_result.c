#include "cli/try_result.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/print.h"
#include "cli/run_files.h"
#include "os/files.h"
#include "pure/core/states.h"
#include "pure/queue/reasons.h"
#include "schema/fields.h"
#include "schema/types.h"
#include "schema/value.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { LOG_MAX = 4 << 20, LOG_LINES = 20, FILES_MAX = 2000, NAME_COLUMN = 12 };

struct telling {
	const struct cli *cli;
	const struct flowrun_result *result;
	hst_value *outputs; /* the secret ones as everywhere, {"sealed":NAME} */
	const char *state;
	const char *log;	/* its last lines */
	const hst_value *files; /* paths of all but the log */
	bool log_cut;
};

static enum state state_of(enum flowrun_end end)
{
	switch (end) {
	case FLOWRUN_SUCCEEDED:
		return STATE_SUCCEEDED;
	case FLOWRUN_TIMED_OUT:
		return STATE_TIMED_OUT;
	case FLOWRUN_STOPPED:
		return STATE_CANCELLED;
	case FLOWRUN_FAILED:
		break;
	}
	return STATE_FAILED;
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
	return strcmp((*a)->d_name, (*b)->d_name);
}

static int is_shown(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* The results have folders, and these have files: `depth` more levels below `folder`. */
static void list_files(hst_arena *arena, const char *folder, int depth, hst_value *to)
{
	struct dirent **entries = NULL;
	int n = scandir(folder, &entries, is_shown, by_name);

	for (int i = 0; i < n; i++) {
		AUTO_FREE char *path = files_join(folder, entries[i]->d_name);
		struct stat status;

		if (lstat(path, &status) == 0 && S_ISDIR(status.st_mode) && depth > 0)
			list_files(arena, path, depth - 1, to);
		else if (S_ISREG(status.st_mode) && value_count(to) < FILES_MAX &&
			 (depth == 0 || strcmp(entries[i]->d_name, "log") != 0))
			value_append(to, value_make_text(arena, path, strlen(path)));
		free(entries[i]);
	}
	free(entries);
}

static void read_log(struct telling *telling, const char *results)
{
	AUTO_FREE char *path = files_join(results, "log");
	AUTO_FREE char *bytes = NULL;
	size_t length = 0;
	const char *tail;

	telling->log = "";
	if (files_read(path, LOG_MAX, &bytes, &length, NULL) != HST_OK)
		return;
	tail = last_lines(bytes, length, LOG_LINES);
	telling->log_cut = tail > bytes;
	telling->log = arena_copy(telling->cli->arena, tail, length - (size_t)(tail - bytes));
}

static void print_json(const struct telling *telling, const char *results)
{
	hst_arena *arena = telling->cli->arena;
	hst_value *record = value_make_record(arena), *reason = NULL;
	const struct reason *known = reason_named(telling->result->reason);

	if (telling->result->reason) {
		reason = value_make_record(arena);
		value_set_text(reason, "code", telling->result->reason);
		value_set_text(reason, "text", telling->result->text);
		value_set_text(reason, "remedy", known ? known->remedy : NULL);
		value_set_text(reason, "class", known ? reason_class_name(known->class) : NULL);
	}
	value_set_text(record, "state", telling->state);
	value_set(record, "reason", reason);
	value_set(record, "outputs", telling->outputs);
	value_set_integer(record, "executing_ms",
			  (telling->result->ended_us - telling->result->started_us) / 1000);
	value_set_text(record, "log", telling->log);
	value_set_text(record, "folder", value_count(telling->files) || telling->log_cut ? results : NULL);
	value_set(record, "files", telling->files);
	cli_print_json(record);
}

/* What a flow makes is as secret here as in a house: the terminal has a history, too. */
static hst_value *outputs_to_show(hst_arena *arena, const struct package *package, const hst_value *inputs, const hst_value *outputs)
{
	hst_value *shown = value_make_record(arena);
	bool given = false;

	for (size_t i = 0; i < package->inputs.n; i++)
		given = given || (field_type(&package->inputs.at[i]) == HST_TYPE_SECRET && value_get(inputs, field_name(&package->inputs.at[i])));

	for (size_t i = 0; i < value_count(outputs); i++) {
		const char *name = value_name_at(outputs, i);
		const hst_field *field = fields_find(package->outputs, name);
		hst_value *sealed;

		if (field && field_type(field) != HST_TYPE_SECRET && !(field->derived && given)) {
			value_add(shown, name, value_at(outputs, i));
			continue;
		}
		sealed = value_make_record(arena);
		value_set_text(sealed, "sealed", name);
		value_set(shown, name, sealed);
	}
	return shown;
}

static void print_line(const char *name, const char *value)
{
	print_tone(stdout, TONE_FAINT);
	printf("  %-*s", NAME_COLUMN, name);
	print_tone(stdout, TONE_PLAIN);
	puts(value);
}

static void print_log(hst_arena *arena, const char *at)
{
	for (const char *name = "log"; *at; name = "") {
		size_t length = strcspn(at, "\n");

		print_line(name, arena_printf(arena, "| %s", print_clean(arena, at, length)));
		at += length + (at[length] == '\n');
	}
}

static void print_plain(const struct telling *telling, const char *results)
{
	const struct flowrun_result *result = telling->result;
	const struct reason *known = reason_named(result->reason);
	hst_arena *arena = telling->cli->arena;

	print_tone(stdout, print_state_tone(telling->state));
	fputs(telling->state, stdout);
	print_tone(stdout, TONE_PLAIN);
	printf(" after %s\n", type_span(arena, (result->ended_us - result->started_us) / 1000));
	for (size_t i = 0; i < value_count(telling->outputs); i++) {
		const hst_value *value = value_at(telling->outputs, i);

		print_line(i ? "" : "outputs", arena_printf(arena, "%s = %s", value_name_at(telling->outputs, i),
							    value_get(value, "sealed") ? "(secret)" : print_value(arena, value)));
	}
	if (result->reason)
		print_line("reason", arena_printf(arena, "%s: %s", result->reason,
						  print_clean(arena, result->text, strlen(result->text))));
	if (known)
		print_line("remedy", known->remedy);
	print_log(arena, telling->log);
	for (size_t i = 0; i < value_count(telling->files); i++)
		print_line(i ? "" : "files", print_value(arena, value_at(telling->files, i)));
	if (telling->log_cut)
		print_line("whole log", arena_printf(arena, "%s/log", results));
}

int try_result_print(const struct cli *cli, const struct package *package, const hst_value *inputs, const struct flowrun_result *result, const char *results,
		     bool *ret_keep)
{
	struct telling telling = {.cli = cli, .result = result, .outputs = outputs_to_show(cli->arena, package, inputs, result->outputs), .state = state_name(state_of(result->end))};
	hst_value *files = value_make_list(cli->arena);

	read_log(&telling, results);
	list_files(cli->arena, results, 1, files);
	telling.files = files;
	if (cli->json)
		print_json(&telling, results);
	else
		print_plain(&telling, results);
	*ret_keep = value_count(files) > 0 || telling.log_cut;
	return result->end == FLOWRUN_SUCCEEDED ? CLI_DONE : CLI_FAILED;
}
