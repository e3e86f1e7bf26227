/*
 * The types of DESIGN's flow language: their names, how people write a value of each, and what is wrong with
 * one that does not fit. A checked value is normal: durations are numbers in ms, dates ISO 8601 text,
 * booleans booleans, choices the chosen word.
 */
#ifndef HOST_SCHEMA_TYPES_H
#define HOST_SCHEMA_TYPES_H

#include <hostler/fields.h>
#include <hostler/value.h>

const char *type_name(hst_type type);  /* "text" */
hst_type type_named(const char *name); /* HST_TYPE_NONE: no such type */
bool type_is_file(hst_type type);      /* its values name files of the run */

/* "90s 30m 3h 26h 2d", also "250ms"; at most 3650d. HST_INVALID with the rule. */
int type_read_duration(const char *text, hst_duration *ret, hst_error *err);
void type_write_duration(hst_duration duration, char *to, size_t size); /* "90s"; size at least 32 */

/* A length of time as people read it: "0.12 s", "3 min 20 s", "2 h 5 min", "3 d 4 h"; "-" for a negative one. */
const char *type_span(hst_arena *arena, int64_t ms);

/*
 * ISO 8601: "2026-11-21", "2026-11-21T23:31:52Z", "2026-11-21T23:31:52.25+01:00", "2026-11-21T23:31". Without
 * a zone it is UTC. Years 1 to 9999. HST_INVALID with the rule.
 */
int type_read_date(const char *text, hst_time *ret, hst_error *err);
void type_write_date(hst_time time, char *to, size_t size); /* "2026-11-21T23:31:52.25Z"; size at least 40 */

/* JSON's grammar of numbers, and nothing else ("1", "-0.50", "1e3"). */
bool type_is_number(const char *text, size_t length);

/* Decimal digits with an optional '-', within 64 bits. */
bool type_read_integer(const char *text, int64_t *ret);

/* yes no true false on off, in lower case. */
bool type_read_boolean(const char *text, bool *ret);

/*
 * Checks `given` against the field and returns its normal form. Text that people wrote (in an option, on the
 * command line, in a flow) is read as the field's type; for `json` only text that is a whole JSON list or
 * record is read, other text is a value of its own. The error names the field and the rule: "\"order\" must
 * be an integer, got \"x\"". A value whose kind does not fit is an error, never converted silently. What was
 * checked once passes again unchanged.
 */
int type_check(hst_arena *arena, const hst_field *field, const hst_value *given, const hst_value **ret,
	       hst_error *err);

#endif
