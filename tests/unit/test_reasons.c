#include "pure/queue/reasons.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_table_is_sorted_and_every_row_is_found(void **state)
{
	size_t n;
	const struct reason *table = reasons(&n);

	(void)state;
	for (size_t i = 0; i < n; i++) {
		if (i > 0)
			assert_true(strcmp(table[i - 1].code, table[i].code) < 0);
		assert_ptr_equal(reason_named(table[i].code), &table[i]);
		assert_true(strlen(table[i].cause) > 20);
		assert_true(strlen(table[i].remedy) >= 5);
	}
	assert_null(reason_named("NoSuchCode"));
	assert_null(reason_named(NULL));
}

/* Every code that DESIGN and the rules promise; scripts rely on them. */
static void every_promised_code_is_there(void **state)
{
	static const char promised[] =
		"NoCandidateMachine SessionExistsForTheUserWhenUnattended UnattendedUserSessionDisconnected "
		"UnattendedUserSessionLocked AttendedUserSessionNotActive AttendedUserNotLoggedIn Win10AlreadyHasActiveSession "
		"TooManyActiveSessions UIFlowAlreadyRunning SessionCreationError SessionCreationInvalidCredentials "
		"SessionCreationUserPromptedForCredentialsAfterConnection SessionNotFound RdpPermissionNotGranted RDPIsNotEnabled "
		"WindowsIdentityIncorrect UIFlowAgentNotAvailable NoListenerConnected ConnectionTimeout GroupIsEmpty "
		"DesktopFlowsActionTimeout DesktopFlowsActionThrottled DeviceOffline DeviceDraining DeviceNeverConnected "
		"GatewayRevoked GatewayCloned AllSlotsTaken ActionFailed ActionTimeout PluginCrashed RetryDelay EarlierStepFailed "
		"ConditionFalse Disabled RestoreHeld SessionLockedInRun SessionTaken SessionEnded CertificateRejected "
		"SessionCloseFailed ConnectionBlocked StrategyUnfit DefinitionGone FlowConcurrency FlowNotInstalled "
		"FlowVersionMismatch InputInvalid OutputInvalid FlowFailed SecretUnusable SessionFactUnknown StrictOrder "
		"OutcomeUnknown Cancelled BalancerUnusable PackageUnsigned DayOff EarlierRunUnfinished SlotMissed";
	char codes[sizeof promised];
	size_t n, found = 0;
	char *rest;

	(void)state;
	memcpy(codes, promised, sizeof promised);
	for (char *code = strtok_r(codes, " ", &rest); code; code = strtok_r(NULL, " ", &rest), found++)
		if (!reason_named(code))
			fail_msg("%s is not in the table", code);
	reasons(&n);
	assert_int_equal(found, n);
}

/* docs/reasons.md is this table, made by `tests/unit/test_reasons --print`. */
static void print_table(FILE *to)
{
	size_t n;
	const struct reason *table = reasons(&n);

	for (size_t i = 0; i < n; i++)
		fprintf(to, "| `%s` | %s | %s | %s | %s |\n", table[i].code, reason_class_name(table[i].class), table[i].cause,
		        table[i].remedy, table[i].known_as ? table[i].known_as : "");
}

static void the_document_equals_the_table(void **state)
{
	const char *source = getenv("SRCDIR");
	char path[4096], *made = NULL, *written;
	size_t made_length = 0, length;
	FILE *memory = open_memstream(&made, &made_length), *file;

	(void)state;
	print_table(memory);
	fclose(memory);
	snprintf(path, sizeof path, "%s/docs/reasons.md", source ? source : ".");
	file = fopen(path, "r");
	if (!file)
		fail_msg("%s is not there", path);
	written = calloc(1, 1 << 20);
	length = fread(written, 1, (1 << 20) - 1, file);
	fclose(file);
	assert_true(length > 0);
	if (!strstr(written, made))
		fail_msg("docs/reasons.md differs from the table; `tests/unit/test_reasons --print` prints it anew");
	free(written);
	free(made);
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_table_is_sorted_and_every_row_is_found),
		cmocka_unit_test(every_promised_code_is_there),
		cmocka_unit_test(the_document_equals_the_table),
	};

	if (argc == 2 && strcmp(argv[1], "--print") == 0)
		return print_table(stdout), 0;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
