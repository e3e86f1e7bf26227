/*
 * What tests of the admission share: one device, a strategy in C that keeps to a limit, and effects as lines
 * of text.
 *
 * Users are who their names say in lower case, without what stands before a '\'. The accounts are bot1 to
 * bot9.
 */
#ifndef TESTS_UNIT_ADMISSION_HOUSE_H
#define TESTS_UNIT_ADMISSION_HOUSE_H

#include "base/text.h"
#include "pure/admission/admission.h"

#include <hostler/error.h>

struct admission_house {
	struct admission *admission;
	struct admission_effects effects;
	struct admission_policy policy;
	int64_t limit;		   /* sessions at once, people's included */
	hst_retirement retirement; /* of every session whose run has ended */
	const hst_plan *plan;	   /* instead of the strategy's own, if set */
	int plan_fails;		   /* hst_code; 0: it does not */
	struct text said;	   /* effects of the last event, one a line */
	struct text all;	   /* of all events */
	struct text journal;	   /* every record, one a line */
	hst_session seen[32];	   /* what the watch reports */
	char seen_ids[32][16];	   /* theirs: whoever is seen may leave, and is still what was reported */
	size_t seen_count;
	uint32_t holds; /* the greatest number of a session process so far */
	hst_system system;
	bool rehearses; /* the device does */
	const char *login; /* what runs that are offered, and sessions that are handed over, were signed in with */
};

void admission_house_init(struct admission_house *house);
void admission_house_begin(struct admission_house *house); /* anew, with `policy` as it is now */
/* Anew, by the journal, which is written anew: as after the death of the gateway. Processes may be handed over. */
void admission_house_resume(struct admission_house *house);
void admission_house_rewrite(struct admission_house *house); /* the journal, with what is needed */
/* The same as at the first, and then: no sessions are there, a spare is warm, package "d1" is there, bot1 to bot9 are known.
 */
void admission_house_ready(struct admission_house *house);
void admission_house_clear(struct admission_house *house);
void admission_house_event(struct admission_house *house, struct admission_event *event);

void house_offer(struct admission_house *house, int64_t step, int64_t token, const char *user);
void house_offer_attended(struct admission_house *house, int64_t step, int64_t token, const char *user);
void house_identity(struct admission_house *house, const char *user, const char *key);
void house_sees(struct admission_house *house, const char *id, const char *user, hst_fact connected,
		hst_fact locked, bool ours);
void house_watch(struct admission_house *house);	  /* reports what is seen now */
void house_watch_one(struct admission_house *house, const char *user, hst_fact locked); /* now: one session of a person, or with
											   NULL none */
uint32_t house_hold_ready(struct admission_house *house); /* its number */
void house_hold(struct admission_house *house, enum admission_event_kind kind, uint32_t number);
void house_adopted(struct admission_house *house, uint32_t number, enum admission_adopted how, const char *session,
		   const char *user, int64_t step, int64_t token);
void house_offer_with_files(struct admission_house *house, int64_t step, int64_t token, const char *user);
void house_opened(struct admission_house *house, uint32_t number, const char *session);
void house_open_failed(struct admission_house *house, uint32_t number, int code, const char *reason);
void house_package(struct admission_house *house, const char *digest, const char *why_not);
void house_ended(struct admission_house *house, uint32_t number, const char *end);
void house_run(struct admission_house *house, enum admission_event_kind kind, int64_t step, int64_t token);

/* Offers, opens, launches, ends and closes a run with the spare that is warm; leaves another spare. */
void house_whole_run(struct admission_house *house, int64_t step, int64_t token, const char *user);

void house_said(struct admission_house *house, const char *expected);
/* Fails the test unless one of the lines is this. */
void house_said_line(struct admission_house *house, const char *line);
size_t house_runs(const struct admission_house *house);
size_t house_stuck(const struct admission_house *house); /* sessions shown as such */
size_t house_spares(const struct admission_house *house);

#endif
