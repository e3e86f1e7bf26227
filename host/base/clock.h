/* The clocks, reached through one pointer each so that a test or the simulator can set them. Microseconds. */
#ifndef HOST_BASE_CLOCK_H
#define HOST_BASE_CLOCK_H

#include <stdint.h>

/* Wall clock since 1970, for what people read and what is stored. */
int64_t clock_wall_us(void);

/* Never goes back, runs on while the machine is suspended (CLOCK_BOOTTIME): for time-outs and leases. */
int64_t clock_steady_us(void);

struct clock_source {
	int64_t (*wall_us)(void);
	int64_t (*steady_us)(void);
};

/* `source` must live on; NULL puts the system's clocks back. */
void clock_replace(const struct clock_source *source);

/* "2026-11-21T23:31:52.123456Z"; `size` at least 28; years beyond 9999 are cut. */
void clock_iso(int64_t wall_us, char *to, unsigned long size);

#endif
