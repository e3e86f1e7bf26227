/*
 * The zones of the system's database, as libc reads them. It knows one zone at a time, the one of the variable
 * TZ, so a process has one zone; this file alone sets it.
 */
#ifndef PLUGINS_TRIGGER_SCHEDULE_ZONE_H
#define PLUGINS_TRIGGER_SCHEDULE_ZONE_H

#include <hostler/error.h>

#include <stddef.h>
#include <stdint.h>

/* Whether there is such a zone. libc itself takes any name, and for one it does not know it takes UTC. */
int zone_check(const char *name, hst_error *err);

/* From now on it is this process's zone; NULL: the one it began with, the system's own. */
void zone_use(const char *name);

/* Seconds that clocks on the wall are ahead of UTC; fits times.h. */
int64_t zone_ahead(void *unused, int64_t at_s);

/* "2026-03-29T03:00:00+02:00" */
void zone_write(int64_t at_s, char *to, size_t size);

#endif
