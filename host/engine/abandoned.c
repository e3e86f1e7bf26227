#include "engine/abandoned.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/text.h"
#include "pure/core/states.h"
#include "schema/value.h"
#include "store/record.h"

#include <stdlib.h>
#include <string.h>

static const char reason[] = "DefinitionGone";

enum { DETAIL_MAX = 16 << 10 };

void abandon_run(struct abandoned *abandoned, const struct store_run *run, const char *why)
{
	struct store_run *kept;

	log_error("run #%lld of flow %s cannot go on: %s", (long long)run->number, run->flow, why);
	abandoned->runs = mem_grow(abandoned->runs, &abandoned->run_size, abandoned->run_count + 1, sizeof *abandoned->runs);
	kept = &abandoned->runs[abandoned->run_count++];
	record_copy(&record_run, kept, run);
	free((char *)kept->text);
	kept->text = mem_text(why);
}

void abandon_step(struct abandoned *abandoned, const struct store_step *step)
{
	if (step->ended_us)
		return;
	abandoned->steps = mem_grow(abandoned->steps, &abandoned->step_size, abandoned->step_count + 1, sizeof *abandoned->steps);
	record_copy(&record_step, &abandoned->steps[abandoned->step_count++], step);
}

static int put_ended(struct store *store, int64_t run, int64_t step, const char *why, int64_t now_us, hst_error *err)
{
	struct store_happening happening = {.at_us = now_us, .run = run, .step = step, .what = "ended"};
	struct text detail;
	int rc;

	text_init(&detail, DETAIL_MAX);
	text_addf(&detail, "{\"state\":\"%s\",\"reason\":\"%s\",\"text\":", state_name(STATE_FAILED), reason);
	json_quote(&detail, why, strlen(why));
	text_add(&detail, "}");
	happening.detail = detail.s;
	rc = store->ops->put_happening(store, &happening, err);
	text_clear(&detail);
	return rc;
}

static int put_steps(const struct abandoned *abandoned, const struct store_run *run, struct store *store, int64_t now_us,
                     hst_error *err)
{
	int rc = HST_OK;

	for (size_t i = 0; rc >= 0 && i < abandoned->step_count; i++) {
		struct store_step step = abandoned->steps[i];

		if (step.run != run->number)
			continue;
		step.state = state_name(STATE_FAILED);
		step.reason = reason;
		step.text = run->text;
		step.ended_us = now_us;
		step.lost_us = 0;
		rc = store_put_step(store, &step, err);
		if (rc >= 0)
			rc = put_ended(store, run->number, step.id, run->text, now_us, err);
	}
	return rc;
}

int abandoned_store(const struct abandoned *abandoned, struct store *store, int64_t now_us, hst_error *err)
{
	int rc = abandoned->run_count ? store->ops->begin(store, err) : HST_OK;

	for (size_t i = 0; rc >= 0 && i < abandoned->run_count; i++) {
		struct store_run run = abandoned->runs[i];

		run.state = state_name(STATE_FAILED);
		run.reason = reason;
		run.ended_us = now_us;
		rc = put_steps(abandoned, &run, store, now_us, err);
		if (rc >= 0)
			rc = store_put_run(store, &run, err);
		if (rc >= 0)
			rc = put_ended(store, run.number, 0, run.text, now_us, err);
	}
	return rc >= 0 && abandoned->run_count ? store->ops->commit(store, NULL, err) : rc;
}

void abandoned_clear(struct abandoned *abandoned)
{
	for (size_t i = 0; i < abandoned->run_count; i++)
		record_clear(&record_run, &abandoned->runs[i]);
	for (size_t i = 0; i < abandoned->step_count; i++)
		record_clear(&record_step, &abandoned->steps[i]);
	free(abandoned->runs);
	free(abandoned->steps);
	*abandoned = (struct abandoned){0};
}
