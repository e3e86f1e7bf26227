/*
 * A keeper: hostler-rdp-keeper, a process that is a client of a remote desktop without a screen and keeps a session connected for as long
 * as it lives. One process has one connection. It sends no keys and no pointer, has no clipboard, drives, printers or sound, and throws
 * away what the server draws.
 *
 * "Connected" is all that it says. Whether somebody is signed in there is for the target's own list to say: over TLS without NLA a server
 * may show its sign-in dialog with a wrong password and call that a connection. So after keeper_start a driver looks into its inventory, and
goes on looking: xrdp, while it looks for a session's channels, hears of its end a quarter of a minute late.
 *
 * The password goes through the socket to the process, and only after the process has accepted the server's certificate; it is never in an
 * argument, the environment or a file. A keeper does not connect anew: it outlives silence of the network of half a minute, as TCP does,
 * and else says that it was cut off. Whoever wants to try again starts another one, after keeper_stop of this one.
 *
 * One thread. A keeper ends with the process that has started it.
 */
#ifndef PLUGINS_DRIVER_KEEPER_H
#define PLUGINS_DRIVER_KEEPER_H

#include <hostler/secret.h>

#include <stdbool.h>

struct keeper;

enum keeper_security {
	KEEPER_NLA_REQUIRED,
	KEEPER_TLS_ALLOWED, /* for servers that have no NLA, as xrdp: they hear the password before they have shown that they know it */
};

/* Texts live until keeper_start returns. */
struct keeper_target {
	const char *program;     /* path of hostler-rdp-keeper; NULL: where it was installed, seen from the file this code lies in */
	const char *address;     /* HOST, HOST:PORT or [IPV6]:PORT; port 3389 when none is named */
	const char *name;        /* that the certificate has to bear; NULL: the host of `address` */
	const char *ca;          /* a PEM file of authorities; NULL: none */
	const char *fingerprint; /* SHA-256 of the certificate, 64 hexadecimal digits with or without colons; NULL: none */
	enum keeper_security security;
	const char *user, *domain; /* domain: NULL or "" for none */
	const char *shell; /* what a session runs that the server makes for this client, where there is none to connect to; NULL: a desktop */
	const hst_secret *password;
	int width, height; /* of the screen, in pixels; 0: 1280 by 800 */
};

/* How far it came, each step verified before the next is taken. What was not reached is false or "". */
struct keeper_facts {
	char reached[64];      /* address and port of whoever listens there */
	char certificate[100]; /* SHA-256 of the certificate that was accepted, with colons */
	char security[8];      /* "nla": the server has taken the password, and knew it; "tls": nothing is known of that */
	bool connected;
	bool confined;         /* the process has given up files and system calls; false in builds with sanitizers */
	int width, height;     /* as the server has it */
	int pid;
};

/* Whether address, fingerprint and screen are written as they have to be, which can be said before there is a session. HST_INVALID. */
int keeper_target_fit(const struct keeper_target *target, hst_error *err);

/*
 * Returns when it is connected. `ca` and `fingerprint`: each that is there has to hold; with neither nothing is connected to, and the text
 * names the fingerprint that was seen. What is wrong is said with a reason of docs/reasons.md: that of a password that was not taken is
 * SessionCreationInvalidCredentials, which blocks the connection. Ends no later than `within_ms` from now, or with the call. `facts` is
 * filled in either case. On failure nothing is left.
 */
int keeper_start(const struct keeper_target *target, hst_call *call, int within_ms, struct keeper **ret, struct keeper_facts *facts,
                 hst_error *err);

/* A descriptor that is readable when keeper_poll has something to say. It stays the keeper's. */
int keeper_fd(const struct keeper *keeper);

enum keeper_state {
	KEEPER_HOLDS,      /* connected */
	KEEPER_LOST_TAKEN, /* another client has taken the session */
	KEEPER_LOST_ASK,   /* taken, signed out or cut: the target's list knows, see keeper_lost */
	KEEPER_LOST_CUT,   /* the network was cut, or the server has died; the session may be there, disconnected */
	KEEPER_LOST_OTHER, /* the text says why */
};

/* Never waits. What it returns once it no longer holds stays. */
enum keeper_state keeper_poll(struct keeper *keeper);

/* What the target's own list says of the session after it was lost. */
enum keeper_seen { KEEPER_SEEN_UNKNOWN, KEEPER_SEEN_GONE, KEEPER_SEEN_DISCONNECTED, KEEPER_SEEN_ACTIVE };

/*
 * Once keeper_poll says that it is lost: why, with reason and sentence. With KEEPER_LOST_ASK `seen` decides, since some servers, xrdp among
 * them, say of a session that another client has taken that its user was signed out: gone is SessionEnded, active SessionTaken, and
 * disconnected ConnectionTimeout; where nothing is known the server's word stands.
 */
int keeper_lost(const struct keeper *keeper, enum keeper_seen seen, hst_error *err);

/* Disconnects and waits for the end of the process; at most a second. The session stays. NULL is fine. */
void keeper_stop(struct keeper *keeper);

#endif
