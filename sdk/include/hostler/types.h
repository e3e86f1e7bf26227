/*
 * The types a plugin's options, inputs, outputs and events are made of.
 *
 * Durations, times and choices are structs of one member so that the type of a C member says what it means
 * (fields.h deduces the declared type from it).
 */
#ifndef HOSTLER_TYPES_H
#define HOSTLER_TYPES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A length of time in milliseconds; written "90s", "30m", "3h", "26h", "2d" by people. Never negative. */
typedef struct hst_duration {
	int64_t ms;
} hst_duration;

/* A point in time: microseconds since 1970-01-01T00:00:00Z. Written as ISO 8601 by people. */
typedef struct hst_time {
	int64_t us;
} hst_time;

/* The position of the chosen word in the `.choices` of its field, counted from 0. */
typedef struct hst_choice {
	int index;
} hst_choice;

/* A list of words. `at` has `n` entries; both belong to whoever made the struct that holds it. */
typedef struct hst_texts {
	size_t n;
	const char *const *at;
} hst_texts;

/* Opaque: only the host has their layout, and its calls make and read them. Each is valid as long as the arena it was made in. */
typedef struct hst_value hst_value;   /* a read-only tree of values, see value.h */
typedef struct hst_secret hst_secret; /* bytes that are never shown, see secret.h */
typedef struct hst_file hst_file;     /* a file of the run, see host.h */
typedef struct hst_arena hst_arena;   /* memory that is released as a whole, see host.h */

/* Several files of the run. `at` has `n` entries; both belong to whoever made the struct that holds it. */
typedef struct hst_files {
	size_t n;
	hst_file *const *at;
} hst_files;

/* The declared type of a field. The words people write are in the comment. */
typedef enum hst_type {
	HST_TYPE_NONE = 0,
	HST_TYPE_TEXT,     /* text */
	HST_TYPE_INTEGER,  /* integer: 64 bits, signed */
	HST_TYPE_NUMBER,   /* number: decimal text, never a double outside options */
	HST_TYPE_BOOLEAN,  /* boolean: yes or no */
	HST_TYPE_CHOICE,   /* choice: one of `.choices` */
	HST_TYPE_DATE,     /* date: ISO 8601 date, or date and time */
	HST_TYPE_DURATION, /* duration */
	HST_TYPE_LIST,     /* list of texts */
	HST_TYPE_TABLE,    /* table: a list of records */
	HST_TYPE_FILE,     /* file of the run */
	HST_TYPE_SECRET,   /* secret */
	HST_TYPE_JSON,     /* json: any tree, a record included */
	HST_TYPE_FILES,    /* files: a list of files of the run */
	HST_TYPE_COUNT
} hst_type;

#endif
