#include "signin.h"

#include <hostler/secret.h>

#include <dlfcn.h>
#include <errno.h>
#include <grp.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char service[] = "hostler";

/* What the conversation with PAM knows, and what it found out. */
struct answers {
	hst_call *call;
	const hst_secret *password; /* NULL: none */
	bool given;		    /* the password was asked for and given */
	bool more;		    /* something else was asked for */
};

static char *password_copy(struct answers *answers)
{
	size_t n = 0;
	const char *bytes = hst_secret_bytes(answers->call, answers->password, &n);
	char *copy;

	if (n >= PAM_MAX_RESP_SIZE || memchr(bytes, '\0', n))
		return NULL;
	copy = calloc(1, n + 1);
	if (copy)
		memcpy(copy, bytes, n);
	return copy;
}

/* PAM owns the answers, wipes and frees them. A second question for the password would only repeat a wrong
 * one. */
static int converse(int n, const struct pam_message **messages, struct pam_response **ret, void *data)
{
	struct answers *answers = data;
	struct pam_response *replies;

	if (n <= 0 || n > PAM_MAX_NUM_MSG)
		return PAM_CONV_ERR;
	for (int i = 0; i < n; i++) {
		bool hidden = messages[i]->msg_style == PAM_PROMPT_ECHO_OFF;

		if (!hidden && messages[i]->msg_style != PAM_PROMPT_ECHO_ON)
			continue;
		if (!hidden || !answers->password || answers->given) {
			answers->more = true;
			return PAM_CONV_ERR;
		}
	}
	replies = calloc((size_t)n, sizeof *replies);
	if (!replies)
		return PAM_BUF_ERR;
	for (int i = 0; i < n; i++) {
		if (messages[i]->msg_style != PAM_PROMPT_ECHO_OFF)
			continue;
		replies[i].resp = password_copy(answers);
		answers->given = true;
	}
	*ret = replies;
	return PAM_SUCCESS;
}

/* For a PAM session after its sign-in, and for one that is only closed: no question is answered. */
static struct answers no_answers;
static const struct pam_conv silence = {.conv = converse, .appdata_ptr = &no_answers};

/* What each answer of PAM means for the run. What is not listed is a fault of the PAM configuration. */
static const struct verdict {
	int pam;
	hst_code code;
	const char *reason, *remedy;
} verdicts[] = {
	{PAM_AUTH_ERR, HST_DENIED, "SessionCreationInvalidCredentials",
	 "the password is wrong: seal the right one again"},
	{PAM_USER_UNKNOWN, HST_DENIED, "SessionCreationInvalidCredentials", "PAM does not know the user"},
	{PAM_MAXTRIES, HST_DENIED, "SessionCreationInvalidCredentials",
	 "too many failed attempts: wait, or let an administrator unlock the account"},
	{PAM_CRED_INSUFFICIENT, HST_DENIED, "SessionCreationInvalidCredentials",
	 "PAM cannot see the credentials"},
	{PAM_NEW_AUTHTOK_REQD, HST_DENIED, "SessionCreationInvalidCredentials",
	 "the password has expired: set a new one with `passwd` and seal it again"},
	{PAM_AUTHTOK_EXPIRED, HST_DENIED, "SessionCreationInvalidCredentials",
	 "the password has expired: set a new one with `passwd` and seal it again"},
	{PAM_CRED_EXPIRED, HST_DENIED, "SessionCreationInvalidCredentials", "the credentials have expired"},
	{PAM_ACCT_EXPIRED, HST_DENIED, "SessionCreationInvalidCredentials",
	 "the account has expired: prolong it with `chage -E`"},
	{PAM_PERM_DENIED, HST_DENIED, "SessionCreationInvalidCredentials",
	 "this account may not sign in here: it is locked or expired, or the account rules of PAM say so"},
	{PAM_AUTHINFO_UNAVAIL, HST_RETRY, "SessionCreationError", "the directory of users does not answer"},
};

static int verdict_of(const struct answers *answers, const char *doing, int pam, pam_handle_t *handle,
		      const char *user, hst_error *err)
{
	if (answers->more)
		return hst_fail_as(
			err, HST_DENIED, "SessionCreationUserPromptedForCredentialsAfterConnection",
			"PAM asks for more than a password to sign '%s' in, or for one that the connection "
			"does not have: change the PAM service '%s' or the connection",
			user, service);
	if (pam == PAM_AUTH_ERR && !answers->given)
		pam = PAM_PERM_DENIED; /* no password was looked at: the account itself is refused */
	for (size_t i = 0; i < sizeof verdicts / sizeof *verdicts; i++)
		if (verdicts[i].pam == pam)
			return hst_fail_as(err, verdicts[i].code, verdicts[i].reason,
					   "'%s' was not signed in: %s", user, verdicts[i].remedy);
	return hst_fail_as(err, HST_INVALID, "SessionCreationError",
			   "PAM could not %s for '%s': %s: look at the modules named by the PAM service '%s'",
			   doing, user, handle ? pam_strerror(handle, pam) : "out of memory", service);
}

/* Modules such as pam_group change the groups of this process; they are meant for the session. */
static int establish(pam_handle_t *handle, struct account *account)
{
	gid_t before[ACCOUNT_GROUPS_MAX];
	int n = getgroups(ACCOUNT_GROUPS_MAX, before), after, pam;

	if (n < 0 || setgroups(account->group_count, account->groups) != 0)
		return PAM_CRED_ERR;
	pam = pam_setcred(handle, PAM_ESTABLISH_CRED);
	after = getgroups(ACCOUNT_GROUPS_MAX, account->groups);
	if (after >= 0)
		account->group_count = (size_t)after;
	if (setgroups((size_t)n, before) != 0)
		return PAM_CRED_ERR;
	return pam;
}

/* pam_umask sets the umask of this process, where it is meant for the session and would open our own files.
 */
static int open_session(pam_handle_t *handle, struct account *account)
{
	mode_t ours = umask(account->umask);
	int pam = pam_open_session(handle, 0);

	account->umask = umask(ours);
	return pam;
}

int signin_open(struct signin *signin, struct account *account, const char *pam_dir, hst_call *call,
		const hst_secret *password, hst_error *err)
{
	struct answers answers = {.call = call, .password = password};
	const struct pam_conv talk = {.conv = converse, .appdata_ptr = &answers};
	const char *doing = "start";
	pam_handle_t *handle = NULL;
	bool established = false;
	int pam, rc;

	if (geteuid() != 0)
		return HST_OK;
	pam = pam_start_confdir(service, account->name, &talk, pam_dir, &handle);
	if (pam == PAM_SUCCESS && password) {
		doing = "check the password";
		pam = pam_authenticate(handle, 0);
	}
	if (pam == PAM_SUCCESS) {
		doing = "check the account";
		pam = pam_acct_mgmt(handle, 0);
	}
	if (pam == PAM_SUCCESS) {
		doing = "establish the credentials";
		pam = establish(handle, account);
		established = pam == PAM_SUCCESS;
	}
	if (pam == PAM_SUCCESS) {
		doing = "open a session";
		pam = open_session(handle, account);
	}
	if (pam != PAM_SUCCESS) {
		rc = verdict_of(&answers, doing, pam, handle, account->name, err);
		if (established)
			pam_setcred(handle, PAM_DELETE_CRED | PAM_SILENT);
		if (handle)
			pam_end(handle, pam);
		return rc;
	}

	/* The call and its secret end long before the session does: nothing may point to them any more. */
	pam_set_item(handle, PAM_CONV, &silence);
	signin->handle = handle;
	return HST_OK;
}

char **signin_environment(const struct signin *signin)
{
	return signin->handle ? pam_getenvlist(signin->handle) : NULL;
}

void signin_close(struct signin *signin)
{
	int pam;

	if (!signin->handle)
		return;
	pam_setcred(signin->handle, PAM_DELETE_CRED | PAM_SILENT);
	pam = pam_close_session(signin->handle, PAM_SILENT);
	pam_end(signin->handle, pam);
	signin->handle = NULL;
}

void signin_reap(const char *user, const char *pam_dir)
{
	struct signin signin = {0};

	if (geteuid() == 0 &&
	    pam_start_confdir(service, user, &silence, pam_dir, &signin.handle) == PAM_SUCCESS)
		signin_close(&signin);
}

/* Looks upwards from the plugin's file, because the depth of the library directory differs between systems.
 */
static bool installed_directory(char to[PATH_MAX])
{
	static const char below[] = "share/hostler/pam.d";
	char here[PATH_MAX], *slash;
	Dl_info about;

	if (!dladdr(service, &about) || !about.dli_fname || !realpath(about.dli_fname, here))
		return false;
	while ((slash = strrchr(here, '/')) != NULL && slash > here) {
		*slash = '\0';
		if (snprintf(to, PATH_MAX, "%s/%s", here, below) < PATH_MAX && access(to, F_OK) == 0)
			return true;
	}
	return false;
}

static bool only_root_writes(const char *path)
{
	struct stat about;

	return stat(path, &about) == 0 && about.st_uid == 0 && !(about.st_mode & (S_IWGRP | S_IWOTH));
}

int signin_directory(hst_host *host, hst_arena *arena, const char *option, const char **ret, hst_error *err)
{
	char found[PATH_MAX] = "", file[PATH_MAX + sizeof service];
	char *kept;

	if (option && option[0] != '/')
		return hst_fail(err, HST_INVALID, "pam_dir = %s: name it by its full path", option);
	if (!option && !installed_directory(found))
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "there is no share/hostler/pam.d above this plugin: install hostler "
				   "again, or set pam_dir");
	if (option && snprintf(found, sizeof found, "%s", option) >= (int)sizeof found)
		return hst_fail(err, HST_INVALID, "pam_dir is too long");
	snprintf(file, sizeof file, "%s/%s", found, service);
	if (access(file, R_OK) != 0)
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "no PAM service file %s: %s: install it there, "
				   "or set pam_dir",
				   file, strerror(errno));
	if (!only_root_writes(found) || !only_root_writes(file))
		return hst_fail_as(err, HST_INVALID, "SessionCreationError",
				   "%s must belong to root and be writable by root alone, since it decides "
				   "who is let in",
				   file);
	kept = host->alloc(arena, strlen(found) + 1);
	*ret = memcpy(kept, found, strlen(found) + 1);
	return HST_OK;
}
