/* Runs whose inputs name files: those are fetched once the session is there, and only then the flow is launched. */
#include "admission_house.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void begin(struct admission_house *house)
{
	admission_house_init(house);
	house_watch(house);
	house_hold_ready(house);
	house_identity(house, "bot1", "bot1");
	house_offer_with_files(house, 1, 1, "bot1");
}

static void files(struct admission_house *house, const char *why_not)
{
	admission_house_event(house, &(struct admission_event){.kind = ADMISSION_FILES, .step = 1, .token = 1, .text = why_not});
}

static void fetched_before_it_is_launched(void **state)
{
	struct admission_house house;

	(void)state;
	begin(&house);
	house_package(&house, "d1", NULL);
	house_opened(&house, 1, "s");
	house_said(&house, "fetch files 1/1\n");
	files(&house, NULL);
	house_said(&house, "journal launched 1 1\nlaunch 1 1/1\nstage 1/1 running\n");
	admission_house_clear(&house);
}

/* What a file is, its desktop flow says. */
static void after_the_package_is_there(void **state)
{
	struct admission_house house;

	(void)state;
	begin(&house);
	house_opened(&house, 1, "s");
	house_said(&house, "");
	house_package(&house, "d1", NULL);
	house_said(&house, "fetch files 1/1\n");
	house_package(&house, "d1", NULL);
	house_said(&house, "");
	files(&house, NULL);
	house_said(&house, "journal launched 1 1\nlaunch 1 1/1\nstage 1/1 running\n");
	admission_house_clear(&house);
}

static void one_that_cannot_be_had_fails_the_run(void **state)
{
	struct admission_house house;

	(void)state;
	begin(&house);
	house_package(&house, "d1", NULL);
	house_opened(&house, 1, "s");
	files(&house, "its sum is another one");
	house_said(&house, "journal ended 1 1\nupload 1/1\nclose 1\n");
	assert_string_equal(admission_run_of(house.admission, 1, 1)->reason, "InputInvalid");
	assert_string_equal(admission_run_of(house.admission, 1, 1)->result, "{\"text\":\"its sum is another one\"}");
	admission_house_clear(&house);
}

static void of_a_run_that_was_stopped_nobody_waits_for_them(void **state)
{
	struct admission_house house;

	(void)state;
	begin(&house);
	house_package(&house, "d1", NULL);
	house_opened(&house, 1, "s");
	admission_house_event(&house, &(struct admission_event){.kind = ADMISSION_STOP, .step = 1, .token = 1, .how = "cancel"});
	assert_string_equal(admission_run_of(house.admission, 1, 1)->end, "cancelled");
	files(&house, NULL);
	house_said(&house, "");
	admission_house_clear(&house);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fetched_before_it_is_launched),
		cmocka_unit_test(after_the_package_is_there),
		cmocka_unit_test(one_that_cannot_be_had_fails_the_run),
		cmocka_unit_test(of_a_run_that_was_stopped_nobody_waits_for_them),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
