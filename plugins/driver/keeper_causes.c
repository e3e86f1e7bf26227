#include "keeper_causes.h"

#define NOT_TAKEN "SessionCreationInvalidCredentials"

static const struct keeper_meaning meanings[KEEPER_CAUSES] = {
	[KEEPER_UNFIT] = {HST_BROKEN, KEEPER_LOST_OTHER, "SessionCreationError", "was not asked: hostler-rdp-keeper cannot work on this machine",
	                  "Install hostler again, or see what the machine forbids."},
	[KEEPER_NO_NAME] = {HST_RETRY, KEEPER_LOST_OTHER, "ConnectionTimeout", "cannot be found: its name has no address",
	                    "Look at the address, and at the name servers of this machine."},
	[KEEPER_NO_WAY] = {HST_RETRY, KEEPER_LOST_CUT, "ConnectionTimeout", "cannot be reached", "Look at the network and at the address."},
	[KEEPER_NO_LISTENER] = {HST_RETRY, KEEPER_LOST_CUT, "NoListenerConnected", "does not listen: the connection was refused",
	                        "Switch remote desktop on there, or look at the port."},
	[KEEPER_SILENT] = {HST_TIMEOUT, KEEPER_LOST_CUT, "ConnectionTimeout", "did not answer in time",
	                   "Look at the machine, its network and what listens on the port."},
	[KEEPER_NO_SERVER] = {HST_RETRY, KEEPER_LOST_CUT, "SessionCreationError", "does not answer as a remote desktop does",
	                      "Look at what listens on the port, and at the server's log."},
	[KEEPER_NOT_SECURE] = {HST_DENIED, KEEPER_LOST_OTHER, "SessionCreationError", "does not offer the security that is asked for",
	                       "Switch on network level authentication there; for a server that has none, as xrdp, allow TLS alone."},
	[KEEPER_CERTIFICATE_REJECTED] = {HST_DENIED, KEEPER_LOST_OTHER, "CertificateRejected", "shows a certificate that is not trusted",
	                                 "It was told no password."},
	[KEEPER_WRONG_PASSWORD] = {HST_DENIED, KEEPER_LOST_OTHER, NOT_TAKEN, "does not accept the user and password",
	                           "Correct the user, or seal the password again."},
	[KEEPER_NOT_TAKEN] = {HST_DENIED, KEEPER_LOST_OTHER, NOT_TAKEN, "closed the connection when it was told the user and password",
	                      "Correct the user, or seal the password again; if both are right, see its log."},
	[KEEPER_PASSWORD_EXPIRED] = {HST_DENIED, KEEPER_LOST_OTHER, NOT_TAKEN, "says that the password has expired or has to be changed",
	                             "Change it there, and seal the new one."},
	[KEEPER_ACCOUNT_LOCKED] = {HST_DENIED, KEEPER_LOST_OTHER, NOT_TAKEN, "says that the account is locked",
	                           "Unlock it there, then say `hostler connection unblock NAME`."},
	[KEEPER_ACCOUNT_DISABLED] = {HST_DENIED, KEEPER_LOST_OTHER, NOT_TAKEN, "says that the account is disabled or has expired",
	                             "Enable it there, then say `hostler connection unblock NAME`."},
	[KEEPER_ACCOUNT_RESTRICTED] = {HST_DENIED, KEEPER_LOST_OTHER, NOT_TAKEN,
	                               "says that the account may not sign in now: its hours, its machines or an empty password forbid it",
	                               "Change that there, then say `hostler connection unblock NAME`."},
	[KEEPER_NO_RIGHT] = {HST_DENIED, KEEPER_LOST_OTHER, "RdpPermissionNotGranted", "says that the user may not sign in by remote desktop",
	                     "Put the user into the remote desktop users."},
	[KEEPER_SWITCHED_OFF] = {HST_DENIED, KEEPER_LOST_OTHER, "RDPIsNotEnabled", "refuses connections", "Switch remote desktop on there."},
	[KEEPER_PROMPTED] = {HST_DENIED, KEEPER_LOST_OTHER, "SessionCreationUserPromptedForCredentialsAfterConnection",
	                     "asks for credentials again, after it was given them", "Sign in once by hand and see what it asks for."},
	[KEEPER_NO_LICENCE] = {HST_RETRY, KEEPER_LOST_OTHER, "SessionCreationError", "has no licence left for this client",
	                       "Look at its licence server."},
	[KEEPER_SENT_ELSEWHERE] = {HST_DENIED, KEEPER_LOST_OTHER, "SessionCreationError",
	                           "sends the client on to another machine, which is not followed", "Name the machine itself, not its broker."},
	[KEEPER_HANGS_UP] = {HST_RETRY, KEEPER_LOST_CUT, "SessionCreationError", "closed the connection before it was complete",
	                     "See its log for why."},
	[KEEPER_CLOSED] = {HST_RETRY, KEEPER_LOST_ASK, "ConnectionTimeout", "closed the connection; what became of the session is not known",
	                   "Look at its list of sessions, and at its log."},
	[KEEPER_TAKEN_OVER] = {HST_RETRY, KEEPER_LOST_TAKEN, "SessionTaken", "gave the session to another client",
	                       "Find out who connected as that user."},
	[KEEPER_LOGGED_OFF] = {HST_RETRY, KEEPER_LOST_ASK, "SessionEnded", "says that the user was signed out", "Find out who did it."},
	[KEEPER_BY_ADMINISTRATOR] = {HST_RETRY, KEEPER_LOST_ASK, "SessionEnded", "says that an administrator ended the connection",
	                             "Find out who did it."},
	[KEEPER_TIMED_OUT] = {HST_RETRY, KEEPER_LOST_ASK, "SessionEnded", "ended the connection because of a time limit of its own",
	                      "Raise its limits for idle and active sessions."},
	[KEEPER_SERVER_FAILED] = {HST_RETRY, KEEPER_LOST_CUT, "SessionEnded", "says that something in it has failed", "See its log for why."},
	[KEEPER_CUT] = {HST_RETRY, KEEPER_LOST_CUT, "ConnectionTimeout", "was lost: the connection was cut, or nothing was heard for half a minute",
	                "Look at the machine and its network."},
	[KEEPER_ENDED_ITSELF] = {HST_BROKEN, KEEPER_LOST_CUT, "SessionCreationError", "was lost: hostler-rdp-keeper itself has ended",
	                         "Try again; if it happens again, the server says something that it does not bear."},
};

const struct keeper_meaning *keeper_meaning_of(unsigned cause)
{
	return &meanings[cause < KEEPER_CAUSES && meanings[cause].reason ? cause : KEEPER_ENDED_ITSELF];
}

static const struct keeper_meaning losses[] = {
	[KEEPER_SEEN_GONE] = {HST_RETRY, KEEPER_LOST_ASK, "SessionEnded", "closed the connection, and the session is gone: the user was signed out",
	                      "Find out who did it."},
	[KEEPER_SEEN_DISCONNECTED] = {HST_RETRY, KEEPER_LOST_CUT, "ConnectionTimeout",
	                              "closed the connection; the session is there still, with no client", "See its log for why."},
	[KEEPER_SEEN_ACTIVE] = {HST_RETRY, KEEPER_LOST_TAKEN, "SessionTaken", "closed the connection, and another client has the session now",
	                        "Find out who connected as that user."},
};

const struct keeper_meaning *keeper_meaning_of_loss(unsigned cause, enum keeper_seen seen)
{
	return seen == KEEPER_SEEN_UNKNOWN || keeper_meaning_of(cause)->state != KEEPER_LOST_ASK ? keeper_meaning_of(cause) : &losses[seen];
}
