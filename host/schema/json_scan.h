/* The look at a JSON text that comes before json-c: what json-c 0.16 lets pass or loses is settled here. */
#ifndef HOST_SCHEMA_JSON_SCAN_H
#define HOST_SCHEMA_JSON_SCAN_H

#include "base/text.h"

#include <hostler/error.h>

struct json_scan {
	struct text rewritten; /* the text with each number replaced by its own offset in the original; wiped */
	size_t names;	       /* members written in all records together, repeated ones included */
};

/*
 * Refuses what is not UTF-8, control characters, bytes that no JSON has outside a string, numbers that are
 * none, names with \u0000, and more than VALUE_COUNT_MAX values. Brackets, commas and words are left to
 * json-c. The caller clears `rewritten` whatever is returned.
 */
int json_scan(const char *bytes, size_t length, struct json_scan *ret, hst_error *err);

/* HST_INVALID with the line and column of the byte at `at`, both from 1. */
int json_refuse(const char *bytes, size_t at, const char *what, hst_error *err);

/* Where in the original the byte `at` of the rewritten text comes from. */
size_t json_scan_original(const char *rewritten, size_t at, const char *bytes, size_t length);

/* Bytes of the number at the front, as far as its characters go. */
size_t json_number_length(const char *bytes, size_t n);

#endif
