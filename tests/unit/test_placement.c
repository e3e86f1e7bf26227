#include "pure/queue/placement.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* A balancer that takes the last candidate and remembers how many there were. */
static size_t candidates_seen;

static int choose_last(void *arg, const char *target, const hst_candidate *candidates, size_t n,
                       const hst_placement_demand *demand, uint64_t draw, size_t *ret)
{
	(void)arg;
	(void)target;
	(void)candidates;
	(void)demand;
	(void)draw;
	candidates_seen = n;
	*ret = n - 1;
	return HST_OK;
}

struct house {
	struct placement placement;
	struct placement_device *a, *b;
	struct placement_target *cluster;
};

static void house_init(struct house *house)
{
	char *members[] = {"a", "b"};
	struct placement_policy policy = {.choose = choose_last};

	placement_init(&house->placement, &policy);
	house->a = placement_add_device(&house->placement, "a", false);
	house->b = placement_add_device(&house->placement, "b", false);
	house->cluster = placement_add_cluster(&house->placement, "both", "last", members, 2, false);
	house->a->known = house->b->known = house->a->online = house->b->online = true;
	house->a->slots = house->b->slots = 2;
	house->a->revision = house->b->revision = 1;
}

static struct order_item *next_for_cluster(struct house *house, struct placement_device **device)
{
	return placement_next_for(&house->placement, house->cluster, 0, device);
}

static void only_devices_that_can_take_it_are_candidates(void **state)
{
	struct order_item item = {.seq = 1};
	struct placement_device *device = NULL;
	struct house house;

	(void)state;
	house_init(&house);
	order_add(&house.cluster->order, "bot", false, &item);
	assert_ptr_equal(next_for_cluster(&house, &device), &item);
	assert_int_equal(candidates_seen, 2);
	assert_ptr_equal(device, house.b);
	house.b->online = false;
	assert_ptr_equal(next_for_cluster(&house, &device), &item);
	assert_ptr_equal(device, house.a);
	house.a->slots = 0;
	assert_null(next_for_cluster(&house, &device));
	order_remove(&item);
	placement_clear(&house.placement);
}

static void a_user_runs_once_per_device(void **state)
{
	struct order_item first = {.seq = 1}, second = {.seq = 2};
	struct placement_device *device = NULL;
	struct house house;

	(void)state;
	house_init(&house);
	house.b->online = false;
	order_add(&house.cluster->order, "bot", false, &first);
	order_add(&house.cluster->order, "bot", false, &second);
	assert_ptr_equal(next_for_cluster(&house, &device), &first);
	placement_take(&first, device);
	assert_null(next_for_cluster(&house, &device));
	placement_release(house.a, "bot");
	assert_ptr_equal(next_for_cluster(&house, &device), &second);
	order_remove(&second);
	placement_clear(&house.placement);
}

static void a_free_slot_goes_to_the_first_among_all_targets_of_the_device(void **state)
{
	struct order_item direct = {.seq = 2}, by_cluster = {.seq = 1}, urgent = {.seq = 3, .high = true};
	struct placement_device *device = NULL;
	struct house house;

	(void)state;
	house_init(&house);
	order_add(&placement_target(&house.placement, "device:a")->order, "x", false, &direct);
	order_add(&house.cluster->order, "y", false, &by_cluster);
	assert_ptr_equal(placement_next_on(&house.placement, house.a, 0, &device), &by_cluster);
	order_add(&placement_target(&house.placement, "device:a")->order, "z", false, &urgent);
	assert_ptr_equal(placement_next_on(&house.placement, house.a, 0, &device), &urgent);
	assert_ptr_equal(device, house.a);
	order_remove(&direct);
	order_remove(&by_cluster);
	order_remove(&urgent);
	placement_clear(&house.placement);
}

static void a_refusal_stands_until_the_revision_moves(void **state)
{
	struct order_item item = {.seq = 1}, other = {.seq = 2};
	struct placement_device *device = NULL;
	const char *text;
	struct house house;

	(void)state;
	house_init(&house);
	house.b->online = false;
	order_add(&house.cluster->order, "bot", false, &item);
	order_add(&house.cluster->order, "free", false, &other);
	placement_refuse(house.a, "bot", false, 1, "UnattendedUserSessionLocked", "bot is locked");
	assert_string_equal(placement_obstacle(house.a, item.lane, &text), "UnattendedUserSessionLocked");
	assert_string_equal(text, "bot is locked");
	assert_ptr_equal(next_for_cluster(&house, &device), &other);
	house.a->revision = 2;
	assert_null(placement_obstacle(house.a, item.lane, &text));
	assert_ptr_equal(next_for_cluster(&house, &device), &item);
	order_remove(&item);
	order_remove(&other);
	placement_clear(&house.placement);
}

static void every_obstacle_has_its_own_reason(void **state)
{
	struct order_item item = {.seq = 1};
	const char *text;
	struct house house;

	(void)state;
	house_init(&house);
	order_add(&house.cluster->order, "bot", false, &item);
	assert_null(placement_obstacle(house.a, item.lane, &text));
	house.a->slots = 0;
	assert_string_equal(placement_obstacle(house.a, item.lane, &text), "AllSlotsTaken");
	table_set(&house.a->busy, "bot", &item);
	assert_string_equal(placement_obstacle(house.a, item.lane, &text), "UIFlowAlreadyRunning");
	house.a->drained = true;
	assert_string_equal(placement_obstacle(house.a, item.lane, &text), "DeviceDraining");
	house.a->online = false;
	assert_string_equal(placement_obstacle(house.a, item.lane, &text), "DeviceOffline");
	house.a->known = false;
	assert_string_equal(placement_obstacle(house.a, item.lane, &text), "DeviceNeverConnected");
	order_remove(&item);
	placement_clear(&house.placement);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(only_devices_that_can_take_it_are_candidates),
		cmocka_unit_test(a_user_runs_once_per_device),
		cmocka_unit_test(a_free_slot_goes_to_the_first_among_all_targets_of_the_device),
		cmocka_unit_test(a_refusal_stands_until_the_revision_moves),
		cmocka_unit_test(every_obstacle_has_its_own_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
