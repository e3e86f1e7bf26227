/* What the programs of the bench share: their clock, and lists of times whose percentiles are printed. */
#ifndef BENCH_SAMPLES_H
#define BENCH_SAMPLES_H

#include <stddef.h>
#include <stdint.h>

struct samples {
	int64_t *at;
	size_t n, size;
};

/* Microseconds of CLOCK_MONOTONIC, which all processes of a machine share. */
int64_t now_us(void);

void samples_add(struct samples *samples, int64_t value);

/* Appends `, "NAME": {"p50": …, "p99": …}` to stdout, and nothing when there are none. Sorts them. */
void samples_print(struct samples *samples, const char *name);

void samples_clear(struct samples *samples);

#endif
