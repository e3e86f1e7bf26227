/*
 * Errors. A function returns HST_OK or a negative code; the code says what to do, the text is for people.
 *
 * Every function that can fail takes an `hst_error *` last. It may be NULL. On success the error is untouched.
 * Safe in any process and thread: nothing here keeps state.
 */
#ifndef HOSTLER_ERROR_H
#define HOSTLER_ERROR_H

#include <stdarg.h>
#include <stdio.h>

typedef enum hst_code {
	HST_OK = 0,
	HST_RETRY = -1,     /* transient: the same call may succeed later */
	HST_INVALID = -2,   /* the input or option is wrong: the same call fails again */
	HST_DENIED = -3,    /* not allowed: credentials or rights */
	HST_NOT_FOUND = -4, /* what was named is not there */
	HST_TIMEOUT = -5,   /* the deadline of the call passed */
	HST_CANCELLED = -6, /* somebody asked to stop */
	HST_BROKEN = -7,    /* this instance can do no further work; its process is replaced */
} hst_code;

enum { HST_REASON_MAX = 64, HST_TEXT_MAX = 448 };

/* Owned by the caller, usually on its stack; holds no pointers, so it needs no release. */
typedef struct hst_error {
	char reason[HST_REASON_MAX]; /* a reason code such as "SessionCreationError", or "" */
	char text[HST_TEXT_MAX];     /* one sentence for people, cut where it is too long */
} hst_error;

/* Fills `err` and returns `code`, so that a failure is one line. `reason` may be NULL. */
__attribute__((format(printf, 4, 0))) static inline int hst_vfail(hst_error *err, hst_code code,
                                                                  const char *reason, const char *format,
                                                                  va_list args)
{
	if (err) {
		snprintf(err->reason, sizeof err->reason, "%s", reason ? reason : "");
		vsnprintf(err->text, sizeof err->text, format, args);
	}
	return code;
}

/* return hst_fail(err, HST_INVALID, "port %d is out of range", port); */
__attribute__((format(printf, 3, 4))) static inline int hst_fail(hst_error *err, hst_code code,
                                                                 const char *format, ...)
{
	va_list args;

	va_start(args, format);
	hst_vfail(err, code, NULL, format, args);
	va_end(args);
	return code;
}

/* The same with a reason code of docs/reasons.md, for refusals that people look up by name. */
__attribute__((format(printf, 4, 5))) static inline int hst_fail_as(hst_error *err, hst_code code,
                                                                    const char *reason, const char *format,
                                                                    ...)
{
	va_list args;

	va_start(args, format);
	hst_vfail(err, code, reason, format, args);
	va_end(args);
	return code;
}

#endif
