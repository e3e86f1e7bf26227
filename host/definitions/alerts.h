/*
 * The alerts of a configuration, held against the house: conditions are read, the flows they name are there, and the
 * action they tell through takes what it is given. That is checked, and its inputs are made, by the rules for a step of
 * a flow; its step stands behind one called "alert", whose outputs are what the tokens of an alert stand for.
 */
#ifndef HOST_DEFINITIONS_ALERTS_H
#define HOST_DEFINITIONS_ALERTS_H

#include "definitions/definitions.h"
#include "pure/alerts/conditions.h"

struct alert_definition {
	const struct conf_alert *conf;
	struct alert_condition *conditions;
	size_t condition_count;
	struct flow *flow;	      /* made up */
	const struct flow_step *step; /* of it: the action */
};

/* What ${alert.NAME} may name. */
extern const hst_fields alert_fields;

/* `flows`: every name that the file of a flow gives itself, whether or not the rest of it is right. */
void definitions_add_alerts(struct definitions *definitions, const struct table *flows, struct problems *problems);
void definitions_free_alerts(struct definitions *definitions);

#endif
