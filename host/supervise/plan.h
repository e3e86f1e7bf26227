/* Which children a configuration asks for: names, programs, arguments. The engine first, the gateway last. */
#ifndef HOST_SUPERVISE_PLAN_H
#define HOST_SUPERVISE_PLAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conf;

enum plan_part { PLAN_ENGINE, PLAN_WORKER, PLAN_GATEWAY };

enum { PLAN_ARGUMENTS_MAX = 10 };

struct plan_child {
	enum plan_part part;
	char *name;    /* "engine", "worker/connector/orders", "worker/connector/orders#2", "gateway/ts-01" */
	char *program; /* "hostler-worker" */
	char *argv[PLAN_ARGUMENTS_MAX + 1];
	char *made_of;   /* workers: of what (conf_made_of); another text means another process */
	int64_t stop_ms; /* between SIGTERM and SIGKILL: a gateway has sessions to close */
};

struct plan {
	struct plan_child *children;
	size_t n;
};

/* `file` is the configuration's absolute path; as root each child is told to become its role's user. */
void plan_make(struct plan *plan, const struct conf *conf, const char *file, bool root);
void plan_clear(struct plan *plan);
void plan_child_clear(struct plan_child *child);

#endif
