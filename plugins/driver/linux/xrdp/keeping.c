#include "keeping.h"

#include "../../keeper.h"
#include "displays.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { CONNECT_MS = 20000, ATTACH_MS = 10000, LOOK_AGAIN_MS = 20, CUT_LOOKS = 3 };

int keeping_options(const struct options *options, int width, int height, hst_error *err)
{
	const struct keeper_target size = {.address = options->rdp, .width = width, .height = height};
	const struct keeper_target place = {.address = options->rdp}, trusted = {.address = options->rdp, .fingerprint = options->certificate};
	hst_error why = {0};

	if (!options->keep)
		return HST_OK;
	if (!options->certificate && !options->ca)
		return hst_fail(err, HST_INVALID,
				"keep = yes needs certificate or ca, to know xrdp by: the fingerprint is said by `openssl x509 -noout "
				"-fingerprint -sha256 -in /etc/xrdp/cert.pem`");
	if (keeper_target_fit(&place, &why) != HST_OK)
		return hst_fail(err, HST_INVALID, "rdp = %.80s: %s", options->rdp, why.text);
	if (keeper_target_fit(&trusted, &why) != HST_OK)
		return hst_fail(err, HST_INVALID, "certificate = %.100s: %s", options->certificate, why.text);
	if (keeper_target_fit(&size, &why) != HST_OK)
		return hst_fail(err, HST_INVALID, "screen = %.40s: with keep = yes %s", options->screen, why.text);
	return HST_OK;
}

int keeping_check(const struct options *options, hst_error *err)
{
	if (!options->keep || !options->ca || access(options->ca, R_OK) == 0)
		return HST_OK;
	return hst_fail(err, HST_INVALID, "the option ca: %s cannot be read: %s", options->ca, strerrordesc_np(errno));
}

static bool somebody_is_connected(const struct session *session)
{
	const struct xrdp *xrdp = session->driver;

	return displays_is_attached(xrdp->options->sockets, session->display.number, session->remains.xserver.pid);
}

/* Does sesman still know the session, so that a client which signs in now gets this one? */
static int look_whether_there(const struct session *session, hst_error *err)
{
	const struct remains *remains = &session->remains;
	struct proc_entry broker, sesman;

	if (proc_lives(&remains->leader) && proc_lives(&remains->xserver) && proc_lives(&remains->broker) &&
	    proc_read(remains->broker.pid, &broker) && proc_read(broker.parent, &sesman) && sesman.uid == 0 &&
	    strcmp(sesman.name, "xrdp-sesman") == 0)
		return HST_OK;
	return hst_fail_as(err, HST_RETRY, "SessionNotFound",
			   "the session of '%s' on display :%d has ended, or xrdp-sesman has, before a client could be connected to it",
			   session->account.name, session->display.number);
}

/* xrdp says that it is connected before it has signed anybody in. */
static int await_attached(struct opening *opening, hst_error *err)
{
	const struct timespec moment = {.tv_nsec = LOOK_AGAIN_MS * 1000000L};
	struct deadline deadline = deadline_in(opening->call, ATTACH_MS);
	int rc = HST_OK;

	while (rc == HST_OK && !somebody_is_connected(opening->session)) {
		if (deadline_passed(&deadline))
			return hst_fail_as(err, HST_TIMEOUT, "SessionCreationError",
					   "the client that holds the session is connected, but not to it: look at the option rdp, and at the "
					   "log of xrdp");
		nanosleep(&moment, NULL);
		rc = look_whether_there(opening->session, err);
	}
	return rc;
}

/*
 * Where the session ends while the client signs in, sesman makes another one, for the client. What that one runs is said here: it
 * bears the mark of the session and is over by itself, whoever of hostler still lives then. Not at once, since xrdp-chansrv misses
 * the word to end while it begins, and then sesman waits for it forever. What waits bears no mark, so that nobody ends it sooner.
 */
static const char nothing[] = " true; sleep 2; exit 0";

int keeping_begin(struct opening *opening, hst_error *err)
{
	char shell[sizeof DISPLAYS_LEADER + MARK_SIZE + sizeof nothing];
	struct session *session = opening->session;
	struct xrdp *xrdp = session->driver;
	const struct keeper_target target = {.address = xrdp->options->rdp,
					     .ca = xrdp->options->ca,
					     .fingerprint = xrdp->options->certificate,
					     .security = KEEPER_TLS_ALLOWED, /* xrdp has no NLA */
					     .user = session->account.name,
					     .shell = shell,
					     .password = opening->what->password,
					     .width = session->display.width,
					     .height = session->display.height};
	struct keeper_facts facts;
	int rc;

	if (!xrdp->options->keep)
		return HST_OK;
	snprintf(shell, sizeof shell, DISPLAYS_LEADER "%s%s", session->remains.mark, nothing);
	rc = look_whether_there(session, err);
	if (rc != HST_OK)
		return rc;
	rc = keeper_start(&target, opening->call, CONNECT_MS, &xrdp->keeper, &facts, err);
	if (rc == HST_OK)
		rc = await_attached(opening, err);
	xrdp->cut = 0;
	return rc;
}

int keeping_standing(struct session *session, hst_error *err)
{
	struct xrdp *xrdp = session->driver;
	hst_error why = {0};
	int rc;

	if (!xrdp->keeper || keeper_poll(xrdp->keeper) == KEEPER_HOLDS)
		return HST_OK;
	if (somebody_is_connected(session) || keeper_poll(xrdp->keeper) == KEEPER_LOST_TAKEN) {
		rc = keeper_lost(xrdp->keeper, KEEPER_SEEN_ACTIVE, &why);
		return hst_fail_as(err, rc < 0 ? rc : HST_CANCELLED, "SessionTaken", "another client is connected to the session of '%s': %s",
				   session->account.name, why.text);
	}

	/* Whoever takes it over is not there in the moment in which this client goes. */
	if (++xrdp->cut < CUT_LOOKS)
		return HST_OK;
	keeper_lost(xrdp->keeper, KEEPER_SEEN_DISCONNECTED, &why);
	hst_log(session->host, HST_WARNING, "session %s goes on disconnected: %s", session->id, why.text);
	keeping_end(session);
	return HST_OK;
}

void keeping_end(struct session *session)
{
	struct xrdp *xrdp = session->driver;

	keeper_stop(xrdp->keeper);
	xrdp->keeper = NULL;
}
