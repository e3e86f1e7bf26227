/* Who gets a session of driver x11, and what is said to the others. */
#include "x11_house.h"

#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static void assert_refused(const char *user, const char *password, const char *const *set, int code,
			   const char *reason, const char *words)
{
	static struct holder holder;
	hst_error err = {0};
	int rc;

	holder_init(&holder, set);
	rc = holder_try(&holder, user, password, &err);
	if (rc != code || strcmp(err.reason, reason) != 0 || !strstr(err.text, words))
		fail_msg("code %d, %s: %s", rc, err.reason, err.text);
	assert_nothing_left();
	holder_clear(&holder);
}

static void who_may_not_sign_in_is_refused_with_the_reason(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	assert_refused("hst-x11-nobody", NULL, NULL, HST_NOT_FOUND, "SessionCreationInvalidCredentials",
		       "no user");
	assert_refused("ELSEWHERE\\" USER, NULL, NULL, HST_NOT_FOUND, "SessionCreationInvalidCredentials",
		       "no user");
	assert_refused("root", NULL, NULL, HST_DENIED, "SessionCreationInvalidCredentials", "root never");
	assert_refused("daemon", NULL, NULL, HST_DENIED, "SessionCreationInvalidCredentials", "system user");
	assert_refused("nobody", NULL, NULL, HST_DENIED, "SessionCreationInvalidCredentials", "system user");
	assert_refused(USER, "wrong", NULL, HST_DENIED, "SessionCreationInvalidCredentials",
		       "password is wrong");
	assert_refused(USER_HOMELESS, NULL, NULL, HST_INVALID, "SessionCreationError", "no home directory");
}

static void an_expired_account_is_refused(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	assert_int_equal(RUN("chage", "-E", "1", USER), 0);
	assert_refused(USER, PASSWORD, NULL, HST_DENIED, "SessionCreationInvalidCredentials", "expired");
	assert_refused(USER, NULL, NULL, HST_DENIED, "SessionCreationInvalidCredentials", "expired");
	assert_int_equal(RUN("chage", "-E", "-1", "-d", "0", USER), 0);
	assert_refused(USER, PASSWORD, NULL, HST_DENIED, "SessionCreationInvalidCredentials",
		       "password has expired");
}

static int unexpire(void **unused)
{
	house_close_all(unused);
	if (!why_not)
		RUN("chage", "-E", "-1", "-d", "-1", USER);
	return 0;
}

static void a_missing_part_is_named_with_its_remedy(void **unused)
{
	(void)unused;
	NEEDS_ROOT();
	assert_refused(USER, NULL, (const char *const[]){"window_manager", "no-such-wm", NULL}, HST_INVALID,
		       "SessionCreationError", "apt-get install no-such-wm");
	assert_refused(USER, NULL, (const char *const[]){"window_manager", "true", NULL}, HST_BROKEN,
		       "SessionCreationError", "window manager true");
	assert_refused(USER, NULL, (const char *const[]){"xserver", "no-such-server", NULL}, HST_NOT_FOUND,
		       "SessionCreationError", "no-such-server");
	assert_refused(USER, NULL, (const char *const[]){"xserver", "false", NULL}, HST_BROKEN,
		       "SessionCreationError", "ended before");
	assert_refused(USER, NULL, (const char *const[]){"pam_dir", "/nowhere", NULL}, HST_INVALID,
		       "SessionCreationError", "/nowhere/hostler");
}

static void the_right_password_signs_in(void **unused)
{
	static struct holder holder;
	hst_error err = {0};

	(void)unused;
	NEEDS_ROOT();
	holder_init(&holder, NULL);
	if (holder_try(&holder, ".\\" USER, PASSWORD, &err) != HST_OK)
		fail_msg("%s", err.text);
	assert_non_null(strstr(shell(&holder, "id -un"), USER));
	holder_close_session(&holder);
	assert_nothing_left();
	holder_clear(&holder);
}

static void all_spellings_of_a_user_are_one_identity(void **unused)
{
	char host[256] = "", upper[256], at_host[400], backslash[400];
	static struct holder holder;
	hst_identity first, other;
	hst_error err = {0};

	(void)unused;
	NEEDS_ROOT();
	assert_int_equal(gethostname(host, sizeof host - 1), 0);
	for (size_t i = 0; i < sizeof host; i++)
		upper[i] = (char)(host[i] >= 'a' && host[i] <= 'z' ? host[i] - 32 : host[i]);
	snprintf(at_host, sizeof at_host, USER "@%s", host);
	snprintf(backslash, sizeof backslash, "%s\\" USER, upper);
	holder_init(&holder, NULL);
	assert_int_equal(ops->identify(holder.state, &holder.host.call, USER, &first, &err), HST_OK);
	assert_int_equal(first.uid, user_id);
	for (size_t i = 0; i < 3; i++) {
		const char *const forms[] = {".\\" USER, at_host, backslash};

		if (ops->identify(holder.state, &holder.host.call, forms[i], &other, &err) != HST_OK)
			fail_msg("%s: %s", forms[i], err.text);
		assert_string_equal(other.key, first.key);
		assert_string_equal(other.name, USER);
	}
	assert_int_equal(ops->identify(holder.state, &holder.host.call, "root", &other, &err), HST_DENIED);
	assert_int_equal(ops->identify(holder.state, &holder.host.call, "", &other, &err), HST_NOT_FOUND);
	assert_int_equal(ops->identify(holder.state, &holder.host.call, USER "@elsewhere", &other, &err),
			 HST_NOT_FOUND);
	holder_clear(&holder);
}

/* The exit status of a process that is that user from its first line on; 0: all was as it should be. */
static int as_ordinary_user(void)
{
	static struct holder own, other;
	hst_error err = {0};

	if (setgid(getpwnam(USER)->pw_gid) != 0 || setuid(user_id) != 0)
		return 1;
	snprintf(work, sizeof work, "/tmp");
	holder_init(&own, NULL);
	holder_init(&other, NULL);
	if (holder_try(&other, USER_HOMELESS, NULL, &err) != HST_DENIED)
		return 2;
	if (holder_try(&own, USER, NULL, &err) != HST_OK) {
		fprintf(stderr, "%s\n", err.text);
		return 3;
	}
	if (!strstr(shell(&own, "id -un; echo on $DISPLAY"), USER "\non :"))
		return 4;
	holder_close_session(&own);
	holder_clear(&own);
	holder_clear(&other);
	return 0;
}

static void without_root_there_are_sessions_of_the_own_user_alone(void **unused)
{
	int status = -1;
	pid_t pid;

	(void)unused;
	NEEDS_ROOT();
	pid = fork();
	if (pid == 0)
		_exit(as_ordinary_user());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_nothing_left();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_may_not_sign_in_is_refused_with_the_reason),
		cmocka_unit_test_teardown(an_expired_account_is_refused, unexpire),
		TEST(a_missing_part_is_named_with_its_remedy),
		TEST(the_right_password_signs_in),
		TEST(all_spellings_of_a_user_are_one_identity),
		TEST(without_root_there_are_sessions_of_the_own_user_alone),
	};

	return house_run(tests, sizeof tests / sizeof *tests);
}
