/* What an alert can be about, as `when` of [alert NAME] says it: "failed", "waiting > 15m", "disk < 1G". */
#ifndef HOST_PURE_ALERTS_CONDITIONS_H
#define HOST_PURE_ALERTS_CONDITIONS_H

#include <hostler/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum alert_kind {
	ALERT_FAILED,	/* runs of a flow */
	ALERT_LOST,	/* a step whose outcome nobody knows */
	ALERT_WAITING,	/* runs of a flow for a device, or for its concurrency */
	ALERT_QUIET,	/* a step that runs and says nothing */
	ALERT_OFFLINE,	/* a device */
	ALERT_DEGRADED, /* a process that hostlerd has given up */
	ALERT_TRIGGER,	/* one that cannot fire */
	ALERT_MISSED,	/* times of a schedule that made no run */
	ALERT_BLOCKED,	/* a connection */
	ALERT_DISK,	/* room where the house keeps its things */
	ALERT_KIND_COUNT
};

enum alert_unit { ALERT_NO_LIMIT, ALERT_LONGER, ALERT_LESS };

struct alert_kind_row {
	const char *word; /* "no progress" */
	enum alert_unit unit;
	int64_t limit; /* where `when` says none, and where no section names the kind; ms or bytes */
	const char *shown; /* the same as people write it */
};

struct alert_condition {
	enum alert_kind kind;
	int64_t limit; /* ms or bytes; 0 where the kind has none */
};

const struct alert_kind_row *alert_kind_row(enum alert_kind kind);
bool alert_kind_named(const char *word, size_t length, enum alert_kind *ret);

/* HST_INVALID: the error says what is wrong, with the nearest condition there is. */
int alert_condition_parse(const char *text, struct alert_condition *ret, hst_error *err);

#endif
