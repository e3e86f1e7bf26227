#include "pure/queue/reasons.h"

#include <string.h>

#define CANNOT_EXECUTE "Cannot execute Desktop flow; there is a locked or inactive Windows user session on the target device."

static const struct reason table[] = {
	{"ActionFailed", REASON_FATAL, "The connector's action reported a failure.",
	 "Correct the input or the service that the step's text names, then `hostler resubmit` the run.", NULL},
	{"ActionTimeout", REASON_FATAL, "The connector's action was not done when its time-out passed.",
	 "Give the step a longer timeout, or find out why the service is slow.", NULL},
	{"AllSlotsTaken", REASON_WAIT, "Every slot of the device is in use by other runs or sessions.",
	 "Wait, raise the strategy's max_sessions, or add a device to the cluster.", NULL},
	{"AttendedUserNotLoggedIn", REASON_WAIT, "An attended run needs its user to be signed in, and nobody of that name is.",
	 "Sign in as that user on the device, or use mode = unattended.", "The user is not logged in on the target device."},
	{"AttendedUserSessionNotActive", REASON_WAIT, "The user's session is locked or disconnected, so an attended run cannot use it.",
	 "Unlock or reconnect the session.", CANNOT_EXECUTE},
	{"BalancerUnusable", REASON_WAIT, "The balancer of the cluster cannot be loaded.",
	 "Mend the plugin that the text names, or choose another `balancer` for the cluster; then `hostler reload`.", NULL},
	{"Cancelled", REASON_FATAL, "Somebody cancelled the run.", "`hostler resubmit` the run if it is wanted after all.", NULL},
	{"CertificateRejected", REASON_FATAL, "The certificate of the other side could not be verified.",
	 "Install the right certificate authority or pin the certificate's fingerprint.", NULL},
	{"ConditionFalse", REASON_FATAL, "The step's `when` did not hold, so the step was skipped.", "Nothing needs to be done.", NULL},
	{"ConnectionBlocked", REASON_WAIT, "Signing in with this connection failed before, so it is not tried again.",
	 "Put the account and its password in order: sealing the password again is enough, else say `hostler connection unblock NAME`.", NULL},
	{"ConnectionTimeout", REASON_RETRY, "The device did not answer in time.", "Look at the device and its network.", NULL},
	{"DayOff", REASON_FATAL, "The schedule was due on a day off.", "Nothing needs to be done.", NULL},
	{"DefinitionGone", REASON_FATAL, "The run names something that the configuration no longer has.",
	 "Put the definition back, or `hostler resubmit` the run with the flow as it is now.", NULL},
	{"DesktopFlowsActionThrottled", REASON_RETRY, "More runs are asked for than hostler accepts at once.", "Wait; it is tried again by itself.", NULL},
	{"DesktopFlowsActionTimeout", REASON_FATAL, "The desktop flow was not done when its run time-out passed.",
	 "Give the step a longer timeout, or find out where the flow hangs: its last progress and screenshots say.",
	 "The desktop flow execution has timed out."},
	{"DeviceDraining", REASON_WAIT, "The device is in maintenance and takes no new runs.", "Say `hostler device resume NAME` when the maintenance is over.", NULL},
	{"DeviceNeverConnected", REASON_WAIT, "No gateway has ever connected for this device.",
	 "Start hostlerd on the device, with the host's address and key in its [gateway]; `hostler gateway invite NAME` prints what it needs.", NULL},
	{"DeviceOffline", REASON_WAIT, "The device's gateway has not been heard of for 15 seconds.",
	 "Look whether the device is on and hostlerd runs there; the run starts when it is back.", NULL},
	{"Disabled", REASON_WAIT, "The flow or trigger is disabled.", "Say `hostler enable NAME`.", NULL},
	{"EarlierRunUnfinished", REASON_WAIT, "A run of the same flow that the same trigger started before goes on.",
	 "Wait, cancel that run, or give the trigger another `overlap`.", NULL},
	{"EarlierStepFailed", REASON_FATAL, "A value that this step needs was left out of what started the run, or comes from a step that was skipped or failed.",
	 "Give the step a `when` that compares the value with absent, or correct the earlier step.", NULL},
	{"FlowConcurrency", REASON_WAIT, "As many runs of this flow as its `concurrency` allows are under way.",
	 "Wait, or raise the flow's concurrency.", NULL},
	{"FlowFailed", REASON_FATAL, "The desktop flow ended with an error or a non-zero exit status.",
	 "Read the step's log and screenshots, correct the flow, and `hostler resubmit` the run.", NULL},
	{"FlowNotInstalled", REASON_FATAL, "The device has no desktop flow of this name and could not fetch it.",
	 "Check `desktop_flows` of the host and the device's connection.", NULL},
	{"FlowVersionMismatch", REASON_RETRY, "The desktop flow's files changed while the device fetched them.", "It is tried again by itself.", NULL},
	{"GatewayCloned", REASON_WAIT, "Two gateways use the same key.", "Let each machine join with an invitation of its own: `hostler gateway invite NAME`.", NULL},
	{"GatewayRevoked", REASON_WAIT, "The gateway's key has been revoked.", "Invite it again if it may come back: `hostler gateway invite NAME`.", NULL},
	{"GroupIsEmpty", REASON_WAIT, "The cluster has no members.", "Add devices to the cluster's members.", "The machine group is empty."},
	{"InputInvalid", REASON_FATAL, "An input does not fit what is declared for it.", "Correct the value; the text names the input and the rule.", NULL},
	{"NoCandidateMachine", REASON_FATAL, "No device could take the run before its queue time-out passed.",
	 "The text says for each device why; mend that, or raise queue_timeout.", "There is no machine available to run the desktop flow."},
	{"NoListenerConnected", REASON_RETRY, "Nobody listens on the device who could open the session, or the gateway lost its connection to who does.", "Start the service that signs users in there (xrdp-sesman for driver/xrdp); it is tried again by itself.", NULL},
	{"OutcomeUnknown", REASON_FATAL, "Nobody knows how far the run came: whatever watched over it ended, or fell silent, without a word of its outcome.",
	 "Look at the application for what was done. While the run is lost, `hostler resolve RUN/STEP` says how it ended; once it has failed, `hostler resubmit` does it again.", NULL},
	{"OutputInvalid", REASON_FATAL, "The desktop flow or action gave an output that is not what it declares.",
	 "Correct the flow or its declaration; the text names the output and the rule.", NULL},
	{"PackageUnsigned", REASON_FATAL, "The step gives secrets to a desktop flow that no operator with the right admin has signed as it is now.",
	 "Look at what it does, say `hostler desktop push NAME`, `hostler reload` if its files have changed, then `hostler resubmit` the run.", NULL},
	{"PluginCrashed", REASON_FATAL, "The plugin's process ended during the call.", "Read the host's log, or what `hostler doctor` says of it; update or replace the plugin.", NULL},
	{"RDPIsNotEnabled", REASON_FATAL, "Remote desktop is switched off on the device.", "Switch it on.", "Remote Desktop is not enabled on the machine."},
	{"RdpPermissionNotGranted", REASON_WAIT, "The user may not sign in by remote desktop.",
	 "Put the user into the remote desktop users, then say `hostler connection unblock NAME`.", NULL},
	{"RestoreHeld", REASON_WAIT, "The host was restored from a backup and holds unfinished runs.", "Release them with `hostler restore --release`.", NULL},
	{"RetryDelay", REASON_RETRY, "The step failed and waits for its next try.", "Nothing needs to be done.", NULL},
	{"SecretUnusable", REASON_FATAL, "A secret could not be opened where it is needed.",
	 "The log of the process that is named, in `hostlerd.log` of its machine's state_dir or the journal, says why; mostly the secret has to be "
	 "sealed again: `hostler seal NAME`.", NULL},
	{"SessionCloseFailed", REASON_WAIT, "A session could not be closed within 60 seconds, so its slot stays taken.",
	 "End the processes of that user on the device; the slot is free as soon as they are gone.", NULL},
	{"SessionCreationError", REASON_RETRY, "The session could not be made.", "Read the text, which names what failed; `hostler doctor` on the device says what is missing.",
	 "Could not create unattended session."},
	{"SessionCreationInvalidCredentials", REASON_WAIT, "The user name or password was not accepted.",
	 "Correct the connection's user, or seal its password again, which is enough; else say `hostler connection unblock NAME`.", "Cannot create new session: invalid credentials."},
	{"SessionCreationUserPromptedForCredentialsAfterConnection", REASON_WAIT, "The device asked for credentials again after it had been given them.",
	 "Sign in once by hand and see what it asks for, then say `hostler connection unblock NAME`.", NULL},
	{"SessionEnded", REASON_FATAL, "The session ended while the flow ran in it.", "Find out who signed the user out, or stopped hostler on the device.", NULL},
	{"SessionExistsForTheUserWhenUnattended", REASON_WAIT, "The user has a session on the device, and an unattended run needs one of its own.",
	 "Sign that user out, or use another user for the connection.", "There is an active session for the user on the target machine."},
	{"SessionFactUnknown", REASON_WAIT, "A fact about a session could not be determined, and unknown means do not start.",
	 "The text names the fact; sign the session out, or install what is needed to determine it.", NULL},
	{"SessionLockedInRun", REASON_FATAL, "The session was locked or disconnected while the attended flow ran in it.", "Leave the session unlocked and connected during the run.", NULL},
	{"SessionNotFound", REASON_RETRY, "The session that was to be used is no longer there.", "It is tried again by itself.", NULL},
	{"SessionTaken", REASON_FATAL, "Somebody took the session over while the flow ran in it.", "Find out who connected as that user.", NULL},
	{"SlotMissed", REASON_FATAL, "The schedule was due while hostler or its machine was down.",
	 "Start the flow by hand if its run is wanted; `missed` of the trigger says what is made up for.", NULL},
	{"StrategyUnfit", REASON_FATAL, "The session strategy is not made for this kind of system.",
	 "Choose the strategy for the system: win10 for clients, server-rds for servers, or leave it out.", NULL},
	{"StrictOrder", REASON_WAIT, "The target keeps strict order and an earlier run cannot start yet.", "Wait, mend what holds up the first, or set strict_order = no.", NULL},
	{"TooManyActiveSessions", REASON_WAIT, "The device has as many sessions as it may have.",
	 "Sign somebody out, or raise the strategy's max_sessions.", "Cannot create new session: too many active sessions."},
	{"UIFlowAgentNotAvailable", REASON_RETRY, "The session process of the device could not be started.", "Read the gateway's log; `hostler doctor` on the device says what is missing.", NULL},
	{"UIFlowAlreadyRunning", REASON_WAIT, "A run of the same user is under way on the device.", "Wait, or use several users.",
	 "There is already a desktop flow running."},
	{"UnattendedUserSessionDisconnected", REASON_WAIT, "The user has a disconnected session on the device.", "Sign that session out.", CANNOT_EXECUTE},
	{"UnattendedUserSessionLocked", REASON_WAIT, "The user has a locked session on the device.", "Sign that session out.", CANNOT_EXECUTE},
	{"Win10AlreadyHasActiveSession", REASON_WAIT, "Somebody has a session on the device, and this kind of system holds only one.",
	 "Sign the session out; the text names its user.", "Cannot create new session: there is already an active session."},
	{"WindowsIdentityIncorrect", REASON_FATAL, "The device has no such user, or the user is not among its accounts.",
	 "Correct the connection's user, or add it to `accounts` of the device.", NULL},
};

const struct reason *reason_named(const char *code)
{
	size_t low = 0, high = sizeof table / sizeof table[0];

	while (code && low < high) {
		size_t middle = (low + high) / 2;
		int order = strcmp(code, table[middle].code);

		if (order == 0)
			return &table[middle];
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return NULL;
}

bool reason_is_of_sign_in(const char *code)
{
	static const char *const codes[] = {"RdpPermissionNotGranted", "SessionCreationInvalidCredentials",
	                                    "SessionCreationUserPromptedForCredentialsAfterConnection"};

	for (size_t i = 0; code && i < sizeof codes / sizeof codes[0]; i++)
		if (strcmp(code, codes[i]) == 0)
			return true;
	return false;
}

const struct reason *reasons(size_t *ret_n)
{
	*ret_n = sizeof table / sizeof table[0];
	return table;
}

static const char *const class_names[] = {[REASON_WAIT] = "wait", [REASON_RETRY] = "retry", [REASON_FATAL] = "fatal"};

const char *reason_class_name(enum reason_class class)
{
	return class_names[class];
}

enum reason_class reason_class_named(const char *name)
{
	if (strcmp(name, "wait") == 0)
		return REASON_WAIT;
	return strcmp(name, "retry") == 0 ? REASON_RETRY : REASON_FATAL;
}
