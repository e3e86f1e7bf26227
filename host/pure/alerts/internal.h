/* What the files of this room share among themselves. Nobody else includes this. */
#ifndef HOST_PURE_ALERTS_INTERNAL_H
#define HOST_PURE_ALERTS_INTERNAL_H

#include "pure/alerts/alerts.h"

#include "base/table.h"

/* A minute of one section, so that a storm does not pass through. */
struct alert_minute {
	int64_t began_us;
	int64_t sent;
};

struct alerts {
	const struct alert_section *sections;
	size_t section_count;
	char **names; /* of the sections, kept beyond the next configuration */
	struct alert_minute *minutes;
	struct table causes; /* "failed/enter-invoice" -> struct alert_cause */
	size_t standing[ALERT_KIND_COUNT];
	uint64_t notices;	  /* numbers given so far */
	struct alert_item *items; /* of the last notice */
	size_t item_size;
};

/* The cause of that kind and subject; made when it is not there. */
struct alert_cause *cause_of(struct alerts *alerts, enum alert_kind kind, const char *subject);
void cause_stand(struct alerts *alerts, struct alert_cause *cause, bool stands, int64_t now_us);
void cause_free(struct alerts *alerts, struct alert_cause *cause);
void telling_clear(struct alert_telling *telling);

/* notices.c: what is to be told of a cause now; true: something of it is, was, or is under way */
bool notices_settle(struct alerts *alerts, struct alert_cause *cause, int64_t now_us);

#endif
