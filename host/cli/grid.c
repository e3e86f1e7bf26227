#include "cli/grid.h"

#include "base/mem.h"
#include "cli/print.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* A row's further lines are set in, and the last column is not folded to less than this. */
enum { INDENT = 4, GAP = 2, FOLD_LEAST = 24 };

void grid_init(struct grid *grid, hst_arena *arena, const char *const *heads)
{
	*grid = (struct grid){.arena = arena, .heads = heads};
	while (heads[grid->columns])
		grid->columns++;
}

void grid_clear(struct grid *grid)
{
	free(grid->cells);
	grid->cells = NULL;
}

void grid_add(struct grid *grid, const char *cell)
{
	grid->cells = mem_grow(grid->cells, &grid->size, grid->n + 1, sizeof *grid->cells);
	grid->cells[grid->n++] = cell && *cell ? cell : "-";
}

static size_t column_width(const struct grid *grid, size_t column)
{
	size_t width = print_width(grid->heads[column]);

	for (size_t i = column; i < grid->n; i += grid->columns) {
		size_t wide = print_width(grid->cells[i]);

		width = wide > width ? wide : width;
	}
	return width;
}

/* How a row is laid out: where each column begins, and which begin a line of their own. */
struct layout {
	size_t *widths, *at;
	bool *breaks;
	size_t width; /* 0: any */
};

static void lay_out(const struct grid *grid, struct layout *layout)
{
	size_t at = 0;

	for (size_t i = 0; i < grid->columns; i++) {
		bool last = i + 1 == grid->columns;
		size_t wide = layout->widths[i] = column_width(grid, i);

		if (last && wide > FOLD_LEAST)
			wide = FOLD_LEAST;
		layout->breaks[i] = layout->width && i > 0 && at + wide > layout->width;
		if (layout->breaks[i])
			at = INDENT;
		layout->at[i] = at;
		at += layout->widths[i] + GAP;
	}
}

static void print_spaces(FILE *to, size_t n)
{
	while (n-- > 0)
		putc(' ', to);
}

/* How many bytes of the text stand on one line of so many columns: up to a space, where there is one. */
static size_t line_bytes(const char *text, size_t columns)
{
	size_t width = 0, fits = 0, at = 0;

	for (; text[at]; at++) {
		if (text[at] == ' ')
			fits = at;
		if (((unsigned char)text[at] & 0xc0) != 0x80 && ++width > columns)
			return fits ? fits : at;
	}
	return at;
}

static void print_folded(FILE *to, const char *text, size_t at, size_t width)
{
	while (width > at && print_width(text) > width - at) {
		size_t n = line_bytes(text, width - at);

		fprintf(to, "%.*s\n", (int)n, text);
		print_spaces(to, at);
		text += n;
		text += strspn(text, " ");
	}
	fputs(text, to);
}

/* Nothing is put behind the last cell of a line, so that lines can be copied and compared. */
static void print_row(FILE *to, const char *const *cells, const struct layout *layout, size_t columns)
{
	size_t at = 0;

	for (size_t i = 0; i < columns; i++) {
		if (layout->breaks[i])
			putc('\n', to);
		print_spaces(to, layout->breaks[i] ? layout->at[i] : layout->at[i] - at);
		if (i + 1 == columns)
			print_folded(to, cells[i], layout->at[i], layout->width);
		else
			fputs(cells[i], to);
		at = layout->at[i] + print_width(cells[i]);
	}
	putc('\n', to);
}

void grid_print_within(const struct grid *grid, FILE *to, size_t width)
{
	struct layout layout = {mem_array(grid->columns, sizeof *layout.widths), mem_array(grid->columns, sizeof *layout.at),
				mem_array(grid->columns, sizeof *layout.breaks), width};

	lay_out(grid, &layout);
	print_tone(to, TONE_FAINT);
	print_row(to, grid->heads, &layout, grid->columns);
	print_tone(to, TONE_PLAIN);
	for (size_t i = 0; i + grid->columns <= grid->n; i += grid->columns)
		print_row(to, grid->cells + i, &layout, grid->columns);
	free(layout.widths);
	free(layout.at);
	free(layout.breaks);
}

void grid_print(const struct grid *grid, FILE *to)
{
	struct winsize size = {0};

	if (isatty(fileno(to)) && ioctl(fileno(to), TIOCGWINSZ, &size) < 0)
		size.ws_col = 0;
	grid_print_within(grid, to, size.ws_col);
}
