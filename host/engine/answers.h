/* The questions of answers.c, by family. Each makes a value in the engine's scratch arena. */
#ifndef HOST_ENGINE_ANSWERS_H
#define HOST_ENGINE_ANSWERS_H

#include "engine/engine.h"

/* answer_runs.c: what the store knows of runs */
int answer_runs(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);
int answer_show(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);
int answer_find(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);
int answer_files(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* answer_house.c: what is configured, and how it stands now */
int answer_queue(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);
int answer_flows(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* answer_plugins.c: triggers and plugins, with how their processes stand */
int answer_triggers(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);
int answer_plugins(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* Member `disabled` of a flow or trigger. */
void answer_set_disabled(struct engine *engine, hst_value *record, const char *kind, const char *name);

/* answer_events.c: what happened in all runs */
int answer_events(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* answer_alerts.c: what is wrong, and who was told of it */
int answer_alerts(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* answer_watch.c: everything at a glance */
int answer_watch(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* why.c: why something does not start, or what became of it */
int answer_why(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* answer_connections.c */
int answer_connections(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* answer_keeping.c */
int answer_keeping(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* roster.c */
int answer_roster(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* answer_devices.c */
int answer_devices(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err);

/* {"code","text","remedy","class"}, or null. */
void answer_set_reason(hst_arena *arena, hst_value *to, const char *code, const char *text);
/* The same of what signs in with `connection`, which the remedy names. */
void answer_set_sign_in(hst_arena *arena, hst_value *to, const char *code, const char *text, const char *connection);
void answer_set_time(hst_arena *arena, hst_value *to, const char *name, int64_t us); /* ISO text, or null */

#endif
