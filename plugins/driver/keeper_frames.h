/*
 * What a driver and hostler-rdp-keeper say to each other over a socket pair that keeps messages apart (SOCK_SEQPACKET). Both are of one
 * build, and the keeper says in its first word of which. The driver says KEEPER_ASK_CONNECT once, and KEEPER_ASK_PASSWORD when the keeper
 * has told it that the certificate is the right one, which is when it is first needed. Closing the socket ends the keeper.
 */
#ifndef PLUGINS_DRIVER_KEEPER_FRAMES_H
#define PLUGINS_DRIVER_KEEPER_FRAMES_H

enum {
	KEEPER_FRAMES_VERSION = 2,
	KEEPER_CA_MAX = 128 << 10,    /* bytes of certificates of authorities */
	KEEPER_ASK_MAX = 136 << 10,   /* of one message to it */
	KEEPER_WORD_MAX = 1024,       /* of one message from it */
	KEEPER_PASSWORD_MAX = 512,    /* bytes */
	KEEPER_CONFINED_BASE = '@',
	KEEPER_SIZE_MIN = 200, KEEPER_SIZE_MAX = 8192, /* of a side of the screen */
};

/* From the driver; the first byte. CONNECT goes on with KEEPER_TEXTS texts, a NUL behind each; PASSWORD with its bytes. */
enum keeper_asked { KEEPER_ASK_CONNECT = 'C', KEEPER_ASK_PASSWORD = 'P' };

enum keeper_text {
	KEEPER_HOST, KEEPER_PORT,
	KEEPER_NAME,     /* that the certificate has to bear */
	KEEPER_CA,       /* certificates of authorities as PEM; "": there is none */
	KEEPER_PIN,      /* 64 hexadecimal digits; "": there is none */
	KEEPER_SECURITY, /* "nla", or "tls" where the server may do without NLA */
	KEEPER_USER, KEEPER_DOMAIN,
	KEEPER_SHELL,    /* what a session that is made for this client runs; "": what it runs for everybody */
	KEEPER_WIDTH, KEEPER_HEIGHT,
	KEEPER_TEXTS
};

/* From the keeper: this byte, another one, then text without a NUL. */
enum keeper_word {
	KEEPER_READY = 1,   /* version; text: KEEPER_CONFINED_BASE and what of enum keeper_confined is in force, as one letter */
	KEEPER_REACHED,     /* something listens there; text: its address */
	KEEPER_CERTIFICATE, /* accepted; text: its SHA-256. The password is waited for */
	KEEPER_SECURED,     /* the server has chosen and, with NLA, taken the password; text: "nla" or "tls" */
	KEEPER_CONNECTED,   /* text: WIDTHxHEIGHT as the server has it */
	KEEPER_OVER,        /* the last one; the byte is one of enum keeper_cause; text: particulars, maybe "" */
	KEEPER_WORDS
};

/* What a keeper has given up: its user, system calls but a few, files once more by Landlock; or less, to have sanitizers work. */
enum keeper_confined { KEEPER_OTHER_USER = 1, KEEPER_NO_CALLS = 2, KEEPER_NO_FILES = 4, KEEPER_WITH_SANITIZERS = 8 };

/* Why there is no connection, or none any more. What each means is in keeper_causes.c. */
enum keeper_cause {
	KEEPER_UNFIT = 1,
	KEEPER_NO_NAME, KEEPER_NO_WAY, KEEPER_NO_LISTENER, KEEPER_SILENT, KEEPER_NO_SERVER, KEEPER_NOT_SECURE,
	KEEPER_CERTIFICATE_REJECTED,
	KEEPER_WRONG_PASSWORD, KEEPER_NOT_TAKEN, KEEPER_PASSWORD_EXPIRED, KEEPER_ACCOUNT_LOCKED, KEEPER_ACCOUNT_DISABLED,
	KEEPER_ACCOUNT_RESTRICTED,
	KEEPER_NO_RIGHT, KEEPER_SWITCHED_OFF, KEEPER_PROMPTED, KEEPER_NO_LICENCE, KEEPER_SENT_ELSEWHERE, KEEPER_HANGS_UP,
	KEEPER_CLOSED, KEEPER_TAKEN_OVER, KEEPER_LOGGED_OFF, KEEPER_BY_ADMINISTRATOR, KEEPER_TIMED_OUT, KEEPER_SERVER_FAILED, KEEPER_CUT,
	KEEPER_ENDED_ITSELF,
	KEEPER_CAUSES
};

#endif
