#include "cli/watch_picture.h"

#include "base/arena.h"
#include "base/auto.h"
#include "cli/grid.h"
#include "cli/print.h"
#include "schema/types.h"
#include "schema/value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines that are taken before the lists get the rest: head, titles, empty lines, foot. */
enum { LINES_FIXED = 10, LIST_LEAST = 2 };

static const char *text_of(const hst_value *record, const char *name)
{
	return value_kind(value_get(record, name)) == HST_VALUE_TEXT ? value_text(value_get(record, name)) : "";
}

/* The first `width` characters of a cleaned line. */
static void add_line(const struct watch_picture *picture, struct text *to, const char *line)
{
	size_t width = 0;
	const char *at = line;

	for (; *at && (width < picture->width || ((unsigned char)*at & 0xc0) == 0x80); at++)
		width += ((unsigned char)*at & 0xc0) != 0x80;
	text_bytes(to, line, (size_t)(at - line));
	text_add(to, "\n");
}

static const char *span_since(const struct watch_picture *picture, const hst_value *record)
{
	hst_time since;

	if (type_read_date(text_of(record, "since"), &since, NULL) != HST_OK)
		return "-";
	return type_span(picture->arena, picture->now_us > since.us ? (picture->now_us - since.us) / 1000 : 0);
}

static const char *doing(const struct watch_picture *picture, const hst_value *step)
{
	const char *subflow = text_of(step, "subflow"), *action = text_of(step, "action");

	if (!*subflow && !*action)
		return "";
	return arena_printf(picture->arena, "%s%s%s", print_clean(picture->arena, subflow, strlen(subflow)),
			    *subflow && *action ? ": " : "", print_clean(picture->arena, action, strlen(action)));
}

static const char *step_name(const struct watch_picture *picture, const hst_value *step)
{
	return arena_printf(picture->arena, "%s/%s", print_member(picture->arena, step, "flow"),
			    print_member(picture->arena, step, "step"));
}

static void add_running(const struct watch_picture *picture, const hst_value *step, struct grid *grid)
{
	grid_add(grid, arena_printf(picture->arena, "#%s", print_member(picture->arena, step, "number")));
	grid_add(grid, step_name(picture, step));
	grid_add(grid, print_member(picture->arena, step, "state"));
	grid_add(grid, print_member(picture->arena, step, "device"));
	grid_add(grid, print_member(picture->arena, step, "user"));
	grid_add(grid, span_since(picture, step));
	grid_add(grid, doing(picture, step));
}

static void add_waiting(const struct watch_picture *picture, const hst_value *step, struct grid *grid)
{
	const hst_value *reason = value_get(step, "reason");

	grid_add(grid, arena_printf(picture->arena, "#%s", print_member(picture->arena, step, "number")));
	grid_add(grid, step_name(picture, step));
	grid_add(grid, print_member(picture->arena, step, "target"));
	grid_add(grid, print_member(picture->arena, step, "user"));
	grid_add(grid, span_since(picture, step));
	grid_add(grid, print_sentence(picture->arena, reason, "text"));
}

static void add_device(const struct watch_picture *picture, const hst_value *device, struct grid *grid)
{
	grid_add(grid, print_member(picture->arena, device, "name"));
	grid_add(grid, print_member(picture->arena, device, "state"));
	grid_add(grid, arena_printf(picture->arena, "%s of %s", print_member(picture->arena, device, "running"),
				    print_member(picture->arena, device, "slots")));
	grid_add(grid, arena_printf(picture->arena, "%zu sessions", value_count(value_get(device, "sessions"))));
}

static void add_wrong(const struct watch_picture *picture, const hst_value *wrong, struct grid *grid)
{
	const char *remedy = text_of(wrong, "remedy");

	grid_add(grid, print_member(picture->arena, wrong, "subject"));
	grid_add(grid, arena_printf(picture->arena, "%s%s%s", print_sentence(picture->arena, wrong, "sentence"),
				    *remedy ? "; " : "", print_clean(picture->arena, remedy, strlen(remedy))));
}

static const struct part {
	const char *title, *member;
	const char *heads[8];
	void (*add)(const struct watch_picture *picture, const hst_value *row, struct grid *grid);
	const char *none;
} parts[] = {
	{"WRONG", "wrong", {"WHAT", "WHY, AND WHAT TO DO"}, add_wrong, NULL},
	{"RUNNING", "running", {"RUN", "STEP", "STATE", "DEVICE", "USER", "FOR", "DOES"}, add_running, "nothing runs"},
	{"WAITING", "waiting", {"RUN", "STEP", "FOR DEVICE", "USER", "FOR", "WHY"}, add_waiting, "nothing waits"},
	{"DEVICES", "devices", {"DEVICE", "STATE", "RUNS", "SESSIONS"}, add_device, "no devices"},
};

enum { PARTS = sizeof parts / sizeof parts[0] };

/* The table as text, of which only the first lines are taken. */
static void add_part(const struct watch_picture *picture, const struct part *part, size_t most, struct text *to)
{
	const hst_value *rows = value_get(picture->answer, part->member);
	size_t n = value_count(rows), shown = n > most ? most : n;
	char *made = NULL;
	size_t length = 0;
	struct grid grid;
	FILE *memory;

	if (!n && !part->none)
		return;
	add_line(picture, to, "");
	if (!n) {
		add_line(picture, to, part->none);
		return;
	}
	add_line(picture, to, n > shown ? arena_printf(picture->arena, "%s: %zu, of which %zu are shown", part->title, n, shown)
					: part->title);
	grid_init(&grid, picture->arena, part->heads);
	for (size_t i = 0; i < shown; i++)
		part->add(picture, value_at(rows, i), &grid);
	memory = open_memstream(&made, &length);
	grid_print(&grid, memory);
	fclose(memory);
	for (char *at = made, *end; *at; at = end) {
		end = strchrnul(at, '\n');
		if (*end)
			*end++ = '\0';
		add_line(picture, to, at);
	}
	free(made);
	grid_clear(&grid);
}

/* What is left of the height after all lists have their least goes to the first that can use it. */
static void share_out(const struct watch_picture *picture, size_t most[PARTS])
{
	size_t fixed = LINES_FIXED + PARTS * LIST_LEAST, left = picture->height > fixed ? picture->height - fixed : 0;

	for (size_t i = 0; i < PARTS; i++) {
		size_t n = value_count(value_get(picture->answer, parts[i].member));
		size_t more = n > LIST_LEAST ? n - LIST_LEAST : 0;

		more = more < left ? more : left;
		most[i] = LIST_LEAST + more;
		left -= more;
	}
}

static const char *head_of(const struct watch_picture *picture)
{
	const hst_value *answer = picture->answer;
	int64_t runs_waiting = 0;

	value_integer(value_get(answer, "runs_waiting"), &runs_waiting);
	if (!answer)
		return arena_printf(picture->arena, "hostler  %s", picture->now);
	return arena_printf(picture->arena, "hostler  %s  %zu running, %s waiting, %lld over their flow's concurrency, %zu wrong",
			    picture->now, value_count(value_get(answer, "running")),
			    print_member(picture->arena, answer, "steps_waiting"), (long long)runs_waiting,
			    value_count(value_get(answer, "wrong")));
}

static const char foot[] = "q ends  |  hostler why|pause|resume|stop|cancel RUN/STEP";

void watch_draw(const struct watch_picture *picture, struct text *to)
{
	AUTO(text) struct text whole;
	size_t most[PARTS], lines = 0;

	text_init(&whole, 1 << 20);
	add_line(picture, &whole, head_of(picture));
	if (picture->away)
		add_line(picture, &whole, arena_printf(picture->arena, "the host does not answer: %s", picture->away));
	share_out(picture, most);
	for (size_t i = 0; picture->answer && i < PARTS; i++)
		add_part(picture, &parts[i], most[i], &whole);
	for (const char *at = whole.s; *at && lines + 2 < picture->height; lines++) {
		size_t length = strcspn(at, "\n") + 1;

		text_bytes(to, at, length);
		at += length;
	}
	text_add(to, "\n");
	add_line(picture, to, foot);
}
