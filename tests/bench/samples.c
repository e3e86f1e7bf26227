#include "samples.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

int64_t now_us(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void samples_add(struct samples *samples, int64_t value)
{
	if (samples->n == samples->size) {
		samples->size = samples->size ? 2 * samples->size : 4096;
		samples->at = realloc(samples->at, samples->size * sizeof *samples->at);
		if (!samples->at)
			abort();
	}
	samples->at[samples->n++] = value;
}

static int by_size(const void *a, const void *b)
{
	int64_t left = *(const int64_t *)a, right = *(const int64_t *)b;

	return left < right ? -1 : left > right;
}

void samples_print(struct samples *samples, const char *name)
{
	if (!samples->n)
		return;
	qsort(samples->at, samples->n, sizeof *samples->at, by_size);
	printf(", \"%s\": {\"p50\": %lld, \"p99\": %lld}", name, (long long)samples->at[samples->n / 2],
	       (long long)samples->at[samples->n * 99 / 100]);
}

void samples_clear(struct samples *samples)
{
	free(samples->at);
	*samples = (struct samples){0};
}
