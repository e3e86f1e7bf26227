/*
 * How answers look to people: text that cannot steer a terminal, times and colours. What comes from outside is only ever printed through here.
 */
#ifndef HOST_CLI_PRINT_H
#define HOST_CLI_PRINT_H

#include <hostler/value.h>

#include <stdbool.h>
#include <stdio.h>

/* The text with control characters written as \n, \x1b and the like, and bytes that are no UTF-8 as \xff. */
char *print_clean(hst_arena *arena, const char *text, size_t length);

/* The same, keeping newlines and tabs: for logs. */
void print_clean_lines(FILE *to, const char *text, size_t length);

/* Columns a cleaned text takes on a terminal: one for each character. */
size_t print_width(const char *clean);

/* A value as people read it, cleaned. "-" for what is absent or null, "(sealed)" for what is. */
const char *print_value(hst_arena *arena, const hst_value *value);

/* The member of a record as print_value gives it. */
const char *print_member(hst_arena *arena, const hst_value *record, const char *name);

/*
 * A time of an answer (ISO text, UTC) as the wall clock here shows it, with its zone: "2026-11-22 00:31:52 CET"; "-" for
 * none. The host says all times in UTC, also within sentences; people see one zone everywhere.
 */
const char *print_time(hst_arena *arena, const hst_value *iso);
const char *print_moment(hst_arena *arena, int64_t wall_us);

/* A sentence of the host as print_member gives it, its times as print_time gives them. */
const char *print_sentence(hst_arena *arena, const hst_value *record, const char *name);

/* The same of a text that is cleaned already. */
const char *print_times_within(hst_arena *arena, const char *clean);

/* Words of a list: "a, b"; "-" for none. */
const char *print_list(hst_arena *arena, const hst_value *list);

enum print_tone { TONE_PLAIN, TONE_GOOD, TONE_BAD, TONE_FAINT, TONE_STRONG };

/* Colour, on a terminal alone, and not where NO_COLOR is set. TONE_PLAIN ends it. */
void print_tone(FILE *to, enum print_tone tone);
enum print_tone print_state_tone(const char *state);

#endif
