/*
 * What a hostlerd hands on to the program that takes its place by exec: which processes it has and by which descriptors,
 * which sessions and children these are, and how each of them stands. What follows from the configuration is not in it:
 * the new program makes its own plan.
 *
 * Written as text: "hostlerd VERSION", one line each record, "end". A line is the record's word and its members in the
 * order of the table in carried.c. A program reads its own version and the one before; of an older text the members that
 * came later are 0 or NULL.
 */
#ifndef HOST_SUPERVISE_CARRIED_H
#define HOST_SUPERVISE_CARRIED_H

#include "base/text.h"

#include <hostler/error.h>

#include <stdbool.h>
#include <stdint.h>

enum { CARRIED_VERSION = 1, CARRIED_OLDEST = 1, CARRIED_BYTES_MAX = 64 << 20, CARRIED_DEATHS = 5 };

/* A descriptor is -1 where there is none. */
struct carried_house {
	int64_t lock_fd, life_reading_fd, life_writing_fd, channel_fd;
	int64_t gateway, handed_over; /* sessions.c */
	int64_t serial, again, again_upgrade; /* reload.c */
	int64_t announced;
	char *said;
};

struct carried_process {
	int64_t pid, ready_fd, output_fd, keeps_orphans;
	char *name, *said, *line, *tail; /* said and line: what is not a whole line yet */
};

struct carried_session {
	int64_t pid, number, gateway, handover_fd;
	char *device;
};

struct carried_child {
	int64_t pid; /* 0: it has no process */
	int64_t part, state, stop_ms, ready_us, failures, deaths_us[CARRIED_DEATHS], death_count, launches;
	int64_t since_us, allowed_ms, leaving;
	int64_t after; /* which of the children, counted from 0; -1: none */
	char *name, *bad, *last_words, *hung;
};

struct carried_orphan {
	int64_t pid, ended;
};

struct carried {
	struct carried_house house;
	struct carried_process *processes;
	struct carried_session *sessions;
	struct carried_child *children;
	struct carried_orphan *orphans;
	size_t process_count, session_count, child_count, orphan_count;
};

/* A new record at the end of its list, zeroed. Texts in it are owned by the list. */
struct carried_process *carried_add_process(struct carried *carried);
struct carried_session *carried_add_session(struct carried *carried);
struct carried_child *carried_add_child(struct carried *carried);
struct carried_orphan *carried_add_orphan(struct carried *carried);
void carried_clear(struct carried *carried); /* no descriptor is closed */

void carried_write(const struct carried *carried, struct text *to);

/* HST_INVALID: the text is none of a version that this program reads, or not whole; *ret is then empty. */
int carried_read(const char *text, size_t length, struct carried *ret, hst_error *err);

const struct carried_process *carried_process_of(const struct carried *carried, int64_t pid); /* NULL: there is none */

/* Whether the descriptors that stand in it go along with an exec. HST_INVALID: one of them is not there. */
int carried_pass(const struct carried *carried, bool along, hst_error *err);

#endif
