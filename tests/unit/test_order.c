#include "pure/queue/order.h"

#include "base/mem.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static bool any_lane(void *arg, const struct order_lane *lane)
{
	(void)arg;
	(void)lane;
	return true;
}

static bool not_user(void *arg, const struct order_lane *lane)
{
	return strcmp(lane->user, arg) != 0;
}

static struct order_item *first(struct order_target *target)
{
	return order_first(target, any_lane, NULL);
}

static void the_least_seq_is_first_across_users(void **state)
{
	struct order_item items[3] = {{.seq = 3}, {.seq = 1}, {.seq = 2}};
	struct order_target target;

	(void)state;
	order_target_init(&target, "device:d", false);
	order_add(&target, "a", false, &items[0]);
	order_add(&target, "b", false, &items[1]);
	order_add(&target, "a", false, &items[2]);
	for (int64_t seq = 1; seq <= 3; seq++) {
		struct order_item *item = first(&target);

		assert_int_equal(item->seq, seq);
		order_remove(item);
	}
	assert_null(first(&target));
	assert_int_equal(target.count, 0);
	order_target_clear(&target);
}

static void priority_goes_before_seq_and_top_before_both(void **state)
{
	struct order_item late_high = {.seq = 9, .high = true}, early = {.seq = 1}, topped = {.seq = 20};
	struct order_target target;

	(void)state;
	order_target_init(&target, "device:d", false);
	order_add(&target, "a", false, &early);
	order_add(&target, "a", false, &late_high);
	order_add(&target, "b", false, &topped);
	assert_ptr_equal(first(&target), &late_high);
	topped.top = 1;
	order_changed(&topped);
	assert_ptr_equal(first(&target), &topped);
	topped.top = 0;
	order_changed(&topped);
	assert_ptr_equal(first(&target), &late_high);
	order_remove(&early);
	order_remove(&late_high);
	order_remove(&topped);
	order_target_clear(&target);
}

static void a_busy_user_does_not_hold_up_others_unless_order_is_strict(void **state)
{
	struct order_item mine = {.seq = 1}, other = {.seq = 2};
	struct order_target target;

	(void)state;
	order_target_init(&target, "device:d", false);
	order_add(&target, "me", false, &mine);
	order_add(&target, "you", false, &other);
	assert_ptr_equal(order_first(&target, not_user, "me"), &other);
	target.strict = true;
	assert_null(order_first(&target, not_user, "me"));
	order_remove(&mine);
	assert_ptr_equal(order_first(&target, not_user, "me"), &other);
	order_remove(&other);
	order_target_clear(&target);
}

static void users_that_may_be_the_same_are_folded_to_one(void **state)
{
	static const char *const same[] = {"bot1", "BOT1", "CORP\\Bot1", ".\\bot1", "bot1@corp.example"};

	(void)state;
	for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
		char *folded = order_fold_user(same[i]);

		assert_string_equal(folded, "bot1");
		free(folded);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_least_seq_is_first_across_users),
		cmocka_unit_test(priority_goes_before_seq_and_top_before_both),
		cmocka_unit_test(a_busy_user_does_not_hold_up_others_unless_order_is_strict),
		cmocka_unit_test(users_that_may_be_the_same_are_folded_to_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
