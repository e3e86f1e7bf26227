/*
 * A plugin of any kind that does as it is told, opened the way a program opens one: for tests of the facades.
 * What it does next is in `next`; every op gives next.code, with next.text and next.reason where they are
 * set.
 */
#ifndef TESTS_UNIT_ODD_PLUGIN_H
#define TESTS_UNIT_ODD_PLUGIN_H

#include "plugin/instance.h"

#include <hostler/balancer.h>
#include <hostler/connector.h>
#include <hostler/driver.h>
#include <hostler/strategy.h>
#include <hostler/trigger.h>

struct odd_next {
	int code;
	const char *text, *reason;
	size_t index;
	hst_plan plan;
	hst_retirement retirement;
	int64_t max, free;
	hst_event event;
	hst_watch watch;
	hst_coming coming[3];
	size_t coming_count;
	hst_device device;
	hst_session sessions[2];
	size_t session_count;
	const char *id; /* of a user or a session */
	pid_t pid;
};

/* Its options and its event. */
struct odd_config {
	int64_t count; /* default 3 */
	const char *word;
};

extern struct odd_next next;
extern const struct odd_config *odd_seen; /* the options it was opened with */
extern int odd_opened, odd_closed;
extern hst_host odd_host; /* its instance is called "odd-one", the plugin "odd" */
extern hst_call odd_call;
extern struct plugin_instance *odd; /* NULL: not open */

extern const hst_balancer_ops odd_balancer;
extern const hst_strategy_ops odd_strategy;
extern const hst_trigger_ops odd_trigger, odd_old_trigger; /* the old one ends before `press` */
extern const hst_driver_ops odd_driver;			   /* mandatory ops alone */

/* Setup and teardown of one test. */
int odd_begin(void **unused);
int odd_end(void **unused);

int odd_open(hst_plugin_kind kind, const void *ops, hst_error *err);

#endif
