/*
 * The queue and the placement against a list that is sorted and walked from end to end, over 100,000 random
 * operations. The seed is printed; HOSTLER_TEST_SEED gives it.
 */
#include "pure/queue/placement.h"

#include "flow_house.h"
#include "naive_queue.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { OPERATIONS = 100000, EVERYTHING_EVERY = 50, SPELLINGS = 5 };

static const char *const device_names[NAIVE_DEVICES] = {"a", "b", "c", "d", "e", "f"};

/* They overlap, one has all, one has one, one has none; two are strict, and so is the device f. */
static const struct {
	const char *name, *members;
	bool strict;
} clusters[NAIVE_TARGETS - NAIVE_DEVICES] = {
	{"first", "abc", false}, {"second", "dcb", true}, {"all", "fedcba", false}, {"lone", "e", true}, {"empty", "", false},
};

struct house {
	struct house_chance chance;
	struct naive_queue naive;
	struct placement placement;
	struct order_item items[NAIVE_ITEMS]; /* item i here is item i there */
	struct placement_device *devices[NAIVE_DEVICES];
	struct placement_target *targets[NAIVE_TARGETS];
	int64_t seq, top;
	size_t placements;
	/* What the balancer was last shown, and what it answers. */
	hst_candidate shown[NAIVE_DEVICES];
	size_t shown_count, answer;
	int answer_code;
	uint64_t draw;
	char user[8];
	const char *target;
	bool attended;
};

static uint32_t below(struct house *house, uint32_t bound)
{
	return house_chance_below(&house->chance, bound);
}

static bool one_in(struct house *house, uint32_t n)
{
	return below(house, n) == 0;
}

/* Any of five spellings of a user, folded: all of one user must be the same to the queue. The caller frees. */
static char *some_spelling(struct house *house, size_t user)
{
	static const char *const forms[SPELLINGS][2] = {
		{"bot", ""}, {"BOT", ""}, {"CORP\\Bot", ""}, {".\\bot", ""}, {"bOt", "@corp.example"}};
	const char *const *form = forms[below(house, SPELLINGS)];
	char *spelling = mem_printf("%s%zu%s", form[0], user, form[1]);
	char *folded = order_fold_user(spelling);

	free(spelling);
	return folded;
}

static int balancer(void *arg, const char *target, const hst_candidate *candidates, size_t n,
		    const hst_placement_demand *demand, uint64_t draw, size_t *ret)
{
	struct house *house = arg;

	assert_in_range(n, 2, NAIVE_DEVICES);
	assert_string_equal(demand->target, target);
	memcpy(house->shown, candidates, n * sizeof *candidates);
	house->shown_count = n;
	house->target = target;
	house->attended = demand->attended;
	strncpy(house->user, demand->user, sizeof house->user - 1);
	house->draw = draw;
	*ret = house->answer;
	return house->answer_code;
}

static void house_init(struct house *house, struct house_chance chance)
{
	struct placement_policy policy = {.choose = balancer, .arg = house};

	*house = (struct house){.chance = chance};
	placement_init(&house->placement, &policy);
	for (size_t i = 0; i < NAIVE_DEVICES; i++) {
		struct naive_target *own = &house->naive.targets[i];

		*own = (struct naive_target){.strict = i == 5, .members = {i}, .member_count = 1};
		house->devices[i] = placement_add_device(&house->placement, device_names[i], own->strict);
		house->targets[i] = house->devices[i]->targets[0];
	}
	for (size_t i = NAIVE_DEVICES; i < NAIVE_TARGETS; i++) {
		const char *members = clusters[i - NAIVE_DEVICES].members;
		struct naive_target *cluster = &house->naive.targets[i];
		char *names[NAIVE_DEVICES];

		cluster->strict = clusters[i - NAIVE_DEVICES].strict;
		for (cluster->member_count = 0; members[cluster->member_count]; cluster->member_count++) {
			size_t device = (size_t)(members[cluster->member_count] - 'a');

			cluster->members[cluster->member_count] = device;
			names[cluster->member_count] = house->devices[device]->name;
		}
		house->targets[i] = placement_add_cluster(&house->placement, clusters[i - NAIVE_DEVICES].name, "random", names,
							  cluster->member_count, cluster->strict);
	}
}

static void house_clear(struct house *house)
{
	for (size_t i = 0; i < NAIVE_ITEMS; i++)
		order_remove(&house->items[i]);
	placement_clear(&house->placement);
}

/* A random item that is in this place; NULL: none is. */
static struct naive_item *some_item(struct house *house, enum naive_place where)
{
	size_t first = below(house, NAIVE_ITEMS);

	for (size_t i = 0; i < NAIVE_ITEMS; i++) {
		struct naive_item *item = &house->naive.items[(first + i) % NAIVE_ITEMS];

		if (item->where == where)
			return item;
	}
	return NULL;
}

static struct order_item *real(struct house *house, const struct naive_item *item)
{
	return item ? &house->items[item - house->naive.items] : NULL;
}

static void wait_in_order(struct house *house, struct naive_item *item)
{
	char *user = some_spelling(house, item->user);

	item->where = NAIVE_WAITS;
	order_add(&house->targets[item->target]->order, user, item->attended, real(house, item));
	free(user);
}

static void rank(struct house *house, const struct naive_item *item)
{
	struct order_item *its = real(house, item);

	its->top = item->top;
	its->high = item->high;
	its->seq = item->seq;
	order_changed(its);
}

static void release(struct house *house, struct naive_item *item)
{
	char *user = some_spelling(house, item->user);

	placement_release(house->devices[item->device], user);
	item->where = NAIVE_NOWHERE;
	free(user);
}

/* The devices that were found able are the naive ones, and the balancer was shown the truth about each. */
static void the_choice_is_right(struct house *house, const struct naive_item *item, const struct placement_device *chosen)
{
	struct naive_target *target = &house->naive.targets[item->target];
	size_t able[NAIVE_DEVICES], n = naive_able(&house->naive, item, able);
	bool usable = house->answer_code == HST_OK && house->answer < n;
	char *user = some_spelling(house, item->user);

	assert_int_equal(house->shown_count, n > 1 ? n : 0);
	for (size_t i = 0; i < house->shown_count; i++) {
		const struct naive_device *device = &house->naive.devices[able[i]];
		size_t place = 0;

		while (target->members[place] != able[i])
			place++;
		assert_string_equal(house->shown[i].device, device_names[able[i]]);
		assert_int_equal(house->shown[i].running, naive_running(&house->naive, able[i]));
		assert_int_equal(house->shown[i].slots, device->slots);
		assert_int_equal(house->shown[i].placed_by_this_target, naive_placed(target, place));
		assert_int_equal(house->shown[i].last_placed_seq, target->last_placed[place]);
	}
	if (house->shown_count > 0) {
		assert_string_equal(house->target, house->targets[item->target]->order.name);
		assert_string_equal(house->user, user);
		assert_int_equal(house->attended, item->attended);
	}
	assert_ptr_equal(chosen, house->devices[able[n > 1 && usable ? house->answer : 0]]);
	naive_could_take(target, able, n);
	free(user);
}

/* What starts next on the device (or for the target) is what the naive list says; it is returned with its device. */
static struct naive_item *next(struct house *house, bool on_device, size_t which, size_t *ret_device)
{
	const struct naive_item *expected =
		on_device ? naive_next_on(&house->naive, which) : naive_next_for(&house->naive, which);
	uint64_t draw = below(house, UINT32_MAX);
	struct placement_device *device = NULL;
	struct order_item *item;

	house->shown_count = 0;
	house->answer = below(house, NAIVE_DEVICES);
	house->answer_code = one_in(house, 10) ? HST_BROKEN : HST_OK;
	item = on_device ? placement_next_on(&house->placement, house->devices[which], draw, &device)
			 : placement_next_for(&house->placement, house->targets[which], draw, &device);
	assert_ptr_equal(item, real(house, expected));
	if (!expected)
		return NULL;
	the_choice_is_right(house, expected, device);
	if (house->shown_count > 0)
		assert_true(house->draw == draw);
	for (*ret_device = 0; house->devices[*ret_device] != device;)
		++*ret_device;
	return &house->naive.items[expected - house->naive.items];
}

static void place(struct house *house, bool on_device, size_t which)
{
	size_t device;
	struct naive_item *item = next(house, on_device, which, &device);

	if (!item)
		return;
	placement_take(real(house, item), house->devices[device]);
	naive_place(&house->naive, item, device);
	house->placements++;
}

/* As after a restart: it runs there already, and no order ever saw it. */
static void adopt(struct house *house, struct naive_item *item, size_t device)
{
	char *user = some_spelling(house, item->user);

	for (size_t i = 0; i < NAIVE_ITEMS; i++) {
		const struct naive_item *other = &house->naive.items[i];

		if (other->where == NAIVE_PLACED && other->device == device && other->user == item->user) {
			free(user);
			return;
		}
	}
	placement_occupy(house->devices[device], user, real(house, item));
	item->where = NAIVE_PLACED;
	item->device = device;
	free(user);
}

/* It goes back to its place with its old seq; the device is not asked again until its revision has moved. */
static void refuse(struct house *house, struct naive_item *item)
{
	struct naive_device *device = &house->naive.devices[item->device];
	int64_t revision = device->revision + below(house, 3) - 1;
	char *user = some_spelling(house, item->user);
	size_t at = item->device;

	release(house, item);
	placement_refuse(house->devices[at], user, item->attended, revision, "SessionFactUnknown", "not known");
	device->refusals[item->user][item->attended] = (struct naive_refusal){.given = true, .revision = revision};
	wait_in_order(house, item);
	free(user);
}

static void begin(struct house *house, struct naive_item *item)
{
	item->top = one_in(house, 20) ? ++house->top : 0;
	item->high = one_in(house, 4);
	item->attended = one_in(house, 3);
	item->user = below(house, NAIVE_USERS);
	item->target = below(house, NAIVE_TARGETS);
	item->seq = ++house->seq;
	rank(house, item);
	if (one_in(house, 25))
		adopt(house, item, below(house, NAIVE_DEVICES));
	else
		wait_in_order(house, item);
}

static void change_device(struct house *house, size_t which)
{
	struct naive_device *device = &house->naive.devices[which];
	struct placement_device *its = house->devices[which];

	switch (below(house, 5)) {
	case 0:
		device->online = device->known && !one_in(house, 4);
		break;
	case 1:
		device->drained = one_in(house, 4);
		break;
	case 2:
		device->slots = below(house, 5);
		break;
	case 3:
		device->known = true;
		break;
	default:
		device->revision += below(house, 2);
		break;
	}
	its->known = device->known;
	its->online = device->online;
	its->drained = device->drained;
	its->slots = device->slots;
	its->revision = device->revision;
}

static void change_strictness(struct house *house, size_t target)
{
	house->naive.targets[target].strict = !house->naive.targets[target].strict;
	house->targets[target]->order.strict = house->naive.targets[target].strict;
}

/* Operations on an item, each done to one that is in the place it needs. */
static void change_item(struct house *house, uint32_t what)
{
	static const enum naive_place needed[] = {NAIVE_NOWHERE, NAIVE_WAITS, NAIVE_WAITS, NAIVE_WAITS,
						  NAIVE_WAITS,	 NAIVE_PLACED, NAIVE_PLACED};
	struct naive_item *item = some_item(house, needed[what]);

	if (!item)
		return;
	switch (what) {
	case 0:
		begin(house, item);
		return;
	case 1:
		order_remove(real(house, item));
		item->where = NAIVE_NOWHERE;
		return;
	case 2:
		item->high = !item->high;
		break;
	case 3:
		item->top = ++house->top;
		break;
	case 4:
		item->top = 0;
		break;
	case 5:
		release(house, item);
		return;
	default:
		refuse(house, item);
		return;
	}
	rank(house, item);
}

static void operate(struct house *house)
{
	uint32_t what = below(house, 100);

	if (what < 30)
		change_item(house, 0);
	else if (what < 34)
		change_item(house, 1);
	else if (what < 50)
		change_item(house, 2 + what % 3);
	else if (what < 62)
		change_item(house, 5);
	else if (what < 66)
		change_item(house, 6);
	else if (what < 78)
		place(house, true, below(house, NAIVE_DEVICES));
	else if (what < 90)
		place(house, false, below(house, NAIVE_TARGETS));
	else if (what < 99)
		change_device(house, below(house, NAIVE_DEVICES));
	else
		change_strictness(house, below(house, NAIVE_TARGETS));
}

/* What people are told is in the way is what is in the way. */
static void obstacles_are_right(struct house *house, const struct naive_item *item)
{
	if (!item)
		return;
	for (size_t i = 0; i < NAIVE_DEVICES; i++) {
		const char *text, *expected = naive_obstacle(&house->naive, i, item);
		const char *reason = placement_obstacle(house->devices[i], real(house, item)->lane, &text);

		assert_string_equal(reason ? reason : "none", expected ? expected : "none");
	}
}

static void compare(struct house *house, bool everything)
{
	size_t device, some_device = below(house, NAIVE_DEVICES), some_target = below(house, NAIVE_TARGETS);

	for (size_t i = 0; i < NAIVE_DEVICES; i++) {
		if (everything || i == some_device)
			next(house, true, i, &device);
		assert_int_equal(house->devices[i]->running, naive_running(&house->naive, i));
	}
	for (size_t i = 0; i < NAIVE_TARGETS; i++) {
		if (everything || i == some_target)
			next(house, false, i, &device);
		assert_int_equal(house->targets[i]->order.count, naive_waiting(&house->naive, i));
	}
	obstacles_are_right(house, some_item(house, NAIVE_WAITS));
}

static void it_agrees_with_a_naive_list_over_random_operations(void **state)
{
	struct house_chance chance;
	struct house house;

	(void)state;
	house_chance_init(&chance, "queue and placement");
	house_init(&house, chance);
	for (int i = 0; i < OPERATIONS; i++) {
		operate(&house);
		compare(&house, i % EVERYTHING_EVERY == 0);
	}
	print_message("%zu placements\n", house.placements);
	assert_true(house.placements > OPERATIONS / 20);
	house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(it_agrees_with_a_naive_list_over_random_operations),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
