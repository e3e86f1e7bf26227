/* The contract of balancers and strategies: pure, and never what no rule allows. */
#include "worker/prove.h"

#include "base/arena.h"
#include "plugin/balancer.h"
#include "plugin/strategy.h"

#include <string.h>

enum { CANDIDATES_MAX = 40, ROUNDS = 50 };

/* The same numbers at every run, so that what failed once fails again. */
static uint64_t number_next(uint64_t *state)
{
	uint64_t z = *state += 0x9e3779b97f4a7c15u;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void make_candidates(hst_candidate *candidates, size_t n, uint64_t *state)
{
	static const char *const names[] = {"ts-01", "ts-02", "ts-03", "ts-04", "ts-05", "ts-06", "ts-07", "ts-08"};

	memset(candidates, 0, n * sizeof *candidates);
	for (size_t i = 0; i < n; i++) {
		candidates[i].device = names[i % 8];
		candidates[i].running = (int64_t)(number_next(state) % 5);
		candidates[i].slots = 5 + (int64_t)(number_next(state) % 5);
		candidates[i].placed_by_this_target = (int64_t)(number_next(state) % 1000);
		candidates[i].last_placed_seq = (int64_t)(number_next(state) % 100000);
		candidates[i].load_milli = (int64_t)(number_next(state) % 3000) - 1;
		candidates[i].memory_milli = (int64_t)(number_next(state) % 1001) - 1;
	}
}

/* The facade says so when the index is none of the candidates'. */
static int chooses_purely(struct attempt *attempt, hst_error *err)
{
	static const hst_placement_demand demand = {.target = "cluster:tried", .user = "bot1"};
	hst_candidate candidates[CANDIDATES_MAX], before[CANDIDATES_MAX];
	size_t first = 0, again = 0;
	uint64_t state = 1;
	int code = HST_OK;

	for (size_t n = 1; n <= CANDIDATES_MAX && code == HST_OK; n++) {
		for (int round = 0; round < ROUNDS && code == HST_OK; round++) {
			uint64_t draw = round == 0 ? 0 : round == 1 ? UINT64_MAX : number_next(&state);

			make_candidates(candidates, n, &state);
			memcpy(before, candidates, n * sizeof *before);
			code = balancer_choose(attempt->instance, candidates, n, &demand, draw, &first, err);
			if (code == HST_OK)
				code = balancer_choose(attempt->instance, candidates, n, &demand, draw, &again, err);
			if (code == HST_OK && first != again)
				code = hst_fail(err, HST_INVALID, "asked twice about %zu devices it chose %zu and then %zu", n, first, again);
			if (memcmp(before, candidates, n * sizeof *before) != 0)
				code = hst_fail(err, HST_INVALID, "it changed what it was asked about");
		}
	}
	return code;
}

/* Every session there can be, by its facts. */
enum { STATES = 5, ALL_SESSIONS = 3 * 3 * 3 * STATES };

static hst_session session_number(size_t number)
{
	static const char *const keys[] = {"1001", "1002", ""};
	static const struct {
		bool ours, running, kept;
	} states[STATES] = {
		{false, false, false}, {false, true, false}, {true, true, false}, {true, false, true}, {true, false, false}};

	return (hst_session){
		.id = "s",
		.user = "somebody",
		.key = keys[number % 3],
		.connected = (hst_fact)(number / 3 % 3),
		.locked = (hst_fact)(number / 9 % 3),
		.ours = states[number / 27].ours,
		.running = states[number / 27].running,
		.kept = states[number / 27].kept,
	};
}

static bool is_mine(const hst_session *session)
{
	return strcmp(session->key, "1001") == 0;
}

/* NULL, or the rule of docs/sessions.md that this plan breaks. */
static const char *broken_rule(const hst_plan *plan, const hst_session *sessions, size_t n, bool attended)
{
	const hst_session *used = plan->session < n ? &sessions[plan->session] : NULL;
	bool runs = false;

	for (size_t i = 0; i < n; i++)
		runs = runs || (is_mine(&sessions[i]) && sessions[i].running);
	if (runs && (plan->verdict != HST_PLAN_REFUSE || strcmp(plan->reason, "UIFlowAlreadyRunning") != 0))
		return "R9: while a flow of the user runs there, the answer is UIFlowAlreadyRunning";
	if (attended && plan->verdict != HST_PLAN_USE && plan->verdict != HST_PLAN_REFUSE)
		return "R5: attended uses a session that is there and makes none";
	if (plan->verdict == HST_PLAN_USE && (!attended || !used || !is_mine(used) || used->ours))
		return "R4, R5: only attended uses a session of a person, and only the user's own";
	if (plan->verdict == HST_PLAN_USE && (used->connected != HST_YES || used->locked != HST_NO))
		return "R5, R11: a session that is used is known to be connected and unlocked";
	if (plan->verdict == HST_PLAN_REUSE && (!used || !is_mine(used) || !used->ours || !used->kept || used->running))
		return "R10: only a kept session of the user is used again";
	if (plan->verdict == HST_PLAN_CLOSE_FIRST && (!used || !used->ours || !used->kept || used->running || is_mine(used)))
		return "R10: only an idle kept session of another user is closed first";
	return NULL;
}

static int check_plan(struct attempt *attempt, const hst_device *device, const hst_session *sessions, size_t n, bool attended,
		      hst_error *err)
{
	const hst_demand demand = {.user = "bot1", .key = "1001", .attended = attended};
	hst_session turned[2] = {sessions[n - 1], sessions[0]};
	hst_plan plan = {0}, again = {0};
	const char *broken;
	int code = strategy_plan(attempt->instance, device, sessions, n, &demand, &plan, err);

	if (code == HST_OK)
		code = strategy_plan(attempt->instance, device, turned, n, &demand, &again, err);
	if (code != HST_OK)
		return code;
	broken = broken_rule(&plan, sessions, n, attended);
	if (broken)
		return hst_fail(err, HST_INVALID,
				"%s; it was not so %s with %zu sessions, the first of %s, connected %d, locked %d, ours %d, running %d, kept %d",
				broken, attended ? "attended" : "unattended", n, is_mine(sessions) ? "the user" : "another user",
				sessions->connected, sessions->locked, sessions->ours, sessions->running, sessions->kept);
	if (again.verdict != plan.verdict || (plan.verdict == HST_PLAN_REFUSE && strcmp(again.reason, plan.reason) != 0))
		return hst_fail(err, HST_INVALID, "the order in which sessions are listed changes its answer");
	return HST_OK;
}

static hst_device tried_device(const struct attempt *attempt)
{
	unsigned systems = strategy_systems(attempt->instance);

	return (hst_device){.name = "tried",
			    .system = systems & HST_LINUX ? HST_LINUX : systems & HST_SERVER ? HST_SERVER : HST_CLIENT,
			    .processors = 2,
			    .load_milli = -1};
}

static int keeps_the_rules(struct attempt *attempt, hst_error *err)
{
	const hst_device device = tried_device(attempt);
	int code = HST_OK;

	for (size_t a = 0; a < ALL_SESSIONS && code == HST_OK; a++)
		for (size_t b = 0; b <= ALL_SESSIONS && code == HST_OK; b++) {
			const hst_session two[2] = {session_number(a), session_number(b % ALL_SESSIONS)};
			size_t n = b == ALL_SESSIONS ? 1 : 2;

			code = check_plan(attempt, &device, two, n, false, err);
			if (code == HST_OK)
				code = check_plan(attempt, &device, two, n, true, err);
		}
	return code;
}

static int counts_slots(struct attempt *attempt, hst_error *err)
{
	const hst_device device = tried_device(attempt);
	hst_session sessions[8];
	int64_t most = 0, room = 0;
	int code = HST_OK;

	for (size_t n = 0; n <= 8 && code == HST_OK; n++) {
		for (size_t i = 0; i < n; i++)
			sessions[i] = session_number(1 + i % 2);
		code = strategy_slots(attempt->instance, &device, sessions, n, &most, &room, err);
		if (code == HST_OK && (most < 1 || room < 0 || room > most))
			code = hst_fail(err, HST_INVALID, "with %zu sessions of people it says %lld slots and %lld free", n,
					(long long)most, (long long)room);
	}
	return code;
}

static int retires(struct attempt *attempt, hst_error *err)
{
	int code = HST_OK;

	for (size_t i = 0; i < ALL_SESSIONS && code == HST_OK; i++) {
		const hst_session session = session_number(i);
		hst_retirement what = HST_KEEP;

		/* People's sessions are never asked about. */
		if (session.ours)
			code = strategy_retire(attempt->instance, &session, &what, err);
	}
	return code;
}

const struct prove_case prove_deciders[] = {
	{HST_BALANCER, false, "it chooses one of the devices, and the same one for the same question", chooses_purely},
	{HST_STRATEGY, false, "it keeps the rules of sessions, whatever is there", keeps_the_rules},
	{HST_STRATEGY, false, "it counts slots", counts_slots},
	{HST_STRATEGY, false, "it says what becomes of every session", retires},
	{0, false, NULL, NULL},
};
