/* Whether the host was restored, and waits to be released. */
#include "engine/answers.h"

#include "pure/core/held.h"
#include "schema/value.h"

int answer_keeping(struct engine *engine, const hst_value *filters, const hst_value **ret, hst_error *err)
{
	const struct core_hold *hold = core_hold(engine->core);
	hst_value *answer = value_make_record(engine->scratch), *restored = value_make_record(engine->scratch);
	int64_t held = 0;

	(void)filters;
	(void)err;
	*ret = answer;
	if (!hold) {
		value_set(answer, "restored", value_make_null(engine->scratch));
		return HST_OK;
	}
	TABLE_EACH(core_runs(engine->core), entry)
		held += core_holds_run(engine->core, entry->value) ? 1 : 0;
	value_set_integer(restored, "generation", hold->generation);
	answer_set_time(engine->scratch, restored, "at", hold->at_us);
	answer_set_time(engine->scratch, restored, "made", hold->made_us);
	answer_set_time(engine->scratch, restored, "released", hold->released_us);
	value_set_integer(restored, "held", held);
	value_set(answer, "restored", restored);
	return HST_OK;
}
