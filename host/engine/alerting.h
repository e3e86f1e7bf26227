/*
 * What is wrong in the house is found out here and given to pure/alerts, and the notifications that come out of it are
 * made: calls of a connector outside of any run. Whoever looks walks runs from the oldest on and stops at the first that
 * is too young to be told of, so it costs nothing for each run.
 */
#ifndef HOST_ENGINE_ALERTING_H
#define HOST_ENGINE_ALERTING_H

#include "engine/answers.h"
#include "pure/alerts/alerts.h"

struct alert_definition;

/* A trigger whose process says that it does not get anywhere. */
struct alerting_failing {
	int64_t since_us;
	char *text;
};

struct alerting {
	struct engine *engine;
	struct alerts *alerts;
	struct alert_section *sections; /* by position of the alerts in the definitions */
	size_t section_count;
	char **processes; /* of the sections */
	struct loop_timer *look;
	int64_t look_at_us;  /* steady: when it is due */
	int64_t cost_us;     /* of the last look */
	int64_t next_us;     /* wall: when something found by the look is over its limit; 0: nothing is on its way */
	int64_t began_us;    /* wall: when this engine began */
	struct table lost;   /* id of a step -> the same: whose outcome nobody knows, or knew */
	struct table failing; /* trigger -> struct alerting_failing */
	char host[65];
};

/* alerting.c */
void alerting_open(struct engine *engine); /* before the store is read */
void alerting_start(struct engine *engine);
void alerting_configured(struct engine *engine);
void alerting_close(struct engine *engine);
bool alerting_restore(struct engine *engine, const char *kind, const char *name, const char *value, size_t length);
void alerting_hear(struct engine *engine); /* what the batch has said */
void alerting_missed(struct engine *engine, const char *trigger, const char *text);
void alerting_failing(struct engine *engine, const char *trigger, int64_t since_us, const char *text, size_t length); /* 0: no more */
const struct alerting_failing *alerting_fails(const struct engine *engine, const char *trigger); /* NULL: it does not, or did not say so */
void alerting_fired(struct engine *engine, const char *trigger);
void alerting_keep(struct alerting *alerting); /* what has changed, in the store */
void alerting_soon(struct alerting *alerting); /* something has changed that is worth a look */

/* alerting_look.c: everything that can be seen to be wrong now */
void alerting_look(struct alerting *alerting, int64_t now_us);
const char *alerting_flows_on(struct engine *engine, const char *trigger); /* "a, b"; NULL: none; in scratch */

/* alerting_tell.c */
void alerting_tell(struct alerting *alerting, int64_t now_us);
void alerting_told(struct engine *engine, uint64_t notice, const char *error); /* NULL: well */

#endif
