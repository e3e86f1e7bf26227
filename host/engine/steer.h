/* Words of operators that change something: `steer` on the wire. on_steer.c has the table of them. */
#ifndef HOST_ENGINE_STEER_H
#define HOST_ENGINE_STEER_H

#include "engine/engine.h"
#include "pure/core/standing.h"

struct steer {
	struct engine *engine;
	const char *what, *who;
	const hst_value *said;
	hst_value *answer; /* a record, to be filled */
	hst_error *err;
};

const char *steer_text(const struct steer *steer, const char *name); /* NULL: it was not said */

/* Returns an hst_code; what it did is answered once it is on disk. */
typedef int steer_word(struct steer *steer);

steer_word steer_stand, steer_drain; /* stand.c: disable, enable; drain, undrain */

/* The event as the flow's trigger would have made it: checked, defaults filled in (on_client.c). */
int event_by_hand(struct engine *engine, const struct flow *flow, const hst_value *given, const struct flow_envelope *sealed,
		  size_t sealed_count, const hst_value **ret, hst_error *err);

/* Which flow a `resubmit` of these words would run, and what of the event is sealed already; in the scratch arena (on_resubmit.c). */
int resubmit_look(struct engine *engine, const hst_value *said, const struct flow **ret_flow, const struct flow_envelope **ret_sealed,
		  size_t *ret_count, hst_error *err);

/* HST_DENIED with the reason Disabled and who said so. */
int stand_check_flow(struct engine *engine, const char *flow, hst_error *err);
/* The same for a trigger that is to be pressed: when it is disabled, or everything that it starts. */
int stand_check_press(struct engine *engine, const char *trigger, hst_error *err);

/* "the flow hello is disabled since TIME, by NAME", in the scratch arena; NULL: it is not. */
const char *stand_sentence(struct engine *engine, const char *kind, const char *name);

/* Sets the member `name` to {"name","since","who"}, or to null. */
void stand_set(struct engine *engine, hst_value *to, const char *member, const char *name,
               const struct core_stand *stand);

#endif
