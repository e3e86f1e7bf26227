/*
 * The one list of messages: word, who may send it, the right it needs, its reply, the members of its head, and what its
 * payload is. docs/protocol.md is the same list; a test compares them. Change both together, and raise PROTOCOL_MINOR
 * when a member or word is added.
 *
 * A payload "" is none; "bytes: up to 256 KiB" is limited to that; every other may have up to 1 MiB. "sealed items", alone or
 * behind a semicolon: besides, it may have a sealed part of up to 512 KiB (seal/items.h).
 *
 * Members of a head are "name:t" text, "name:i" integer, "name:b" boolean; a '?' behind the letter: may be left out.
 */
#ifndef HOST_WIRE_MESSAGES_H
#define HOST_WIRE_MESSAGES_H

#include "schema/rights.h"

#include <stdbool.h>
#include <stddef.h>

enum { PROTOCOL_MAJOR = 1, PROTOCOL_MINOR = 0 };

enum { HEAD_BYTES_MAX = 512, PAYLOAD_BYTES_MAX = 1 << 20, PART_BYTES_MAX = 256 << 10, SEALED_BYTES_MAX = 512 << 10 };

/* Who speaks. A set, so that a row can name several. */
enum speaker {
	SPEAKER_HOST = 1,
	SPEAKER_CLIENT = 2,
	SPEAKER_WORKER = 4,
	SPEAKER_GATEWAY = 8,
	SPEAKER_SESSION = 16,
	SPEAKER_PEERS = SPEAKER_CLIENT | SPEAKER_WORKER | SPEAKER_GATEWAY,
	SPEAKER_ANY = 31,
};

/* The right is an operator's. Workers and gateways need none: their words are theirs alone. */

/*  word          sender           right        reply          head                                    payload */
#define MESSAGES(M)                                                                                                  \
	M(hello,        SPEAKER_PEERS,   RIGHT_NONE,  "welcome",     "major:i minor:i name:t",                  "")        \
	M(welcome,      SPEAKER_HOST,    RIGHT_NONE,  "",            "major:i minor:i window:i",                "")        \
	M(alive,        SPEAKER_HOST,    RIGHT_NONE,  "done",        "",                                        "")        \
	M(enrol,        SPEAKER_GATEWAY, RIGHT_NONE,  "done",        "name:t key:t",                            "text: its line of the roster") \
	M(roster,       SPEAKER_HOST | SPEAKER_GATEWAY, RIGHT_NONE, "done", "",                              "text: the roster") \
	M(done,         SPEAKER_ANY,     RIGHT_NONE,  "",            "",                                        "")        \
	M(error,        SPEAKER_ANY,     RIGHT_NONE,  "",            "code:i reason:t",                         "text: one sentence") \
	M(press,        SPEAKER_CLIENT,  RIGHT_PRESS, "accepted",    "trigger:t key:t? files:i?",               "json: inputs; sealed items") \
	M(run,          SPEAKER_CLIENT,  RIGHT_PRESS, "accepted",    "flow:t files:i?",                         "json: the event; sealed items") \
	M(whom,         SPEAKER_CLIENT | SPEAKER_WORKER, RIGHT_PRESS, "directions", "",                             "json: of what") \
	M(directions,   SPEAKER_HOST,    RIGHT_NONE,  "",            "",                                        "json: the secret fields; sealed items") \
	M(accepted,     SPEAKER_HOST,    RIGHT_NONE,  "",            "",                                        "json: list of runs") \
	M(resubmit,     SPEAKER_CLIENT,  RIGHT_PRESS, "accepted",    "files:i?",                                "json: of what; sealed items") \
	M(steer,        SPEAKER_CLIENT,  RIGHT_CONTROL, "answer",    "what:t",                                  "json: of what") \
	M(ask,          SPEAKER_CLIENT,  RIGHT_LOOK,  "answer",      "what:t",                                  "json: filters") \
	M(manage,       SPEAKER_CLIENT,  RIGHT_ADMIN, "answer",      "what:t",                                  "json: arguments") \
	M(answer,       SPEAKER_HOST,    RIGHT_NONE,  "",            "",                                        "json: the answer") \
	M(trial,        SPEAKER_CLIENT | SPEAKER_HOST, RIGHT_CONTROL, "tried", "connection:t device:t user:t?",            "sealed items") \
	M(tried,        SPEAKER_HOST | SPEAKER_GATEWAY, RIGHT_NONE, "", "reason:t",                              "text: one sentence") \
	M(probe,        SPEAKER_CLIENT | SPEAKER_HOST | SPEAKER_GATEWAY, RIGHT_CONTROL, "probed", "secret:t? sink:t? member:t?", "sealed items") \
	M(probed,       SPEAKER_HOST | SPEAKER_WORKER | SPEAKER_GATEWAY | SPEAKER_SESSION, RIGHT_NONE, "", "reason:t", "text: one sentence") \
	M(follow,       SPEAKER_CLIENT,  RIGHT_LOOK,  "done",        "run:i ends:b?",                           "")        \
	M(happened,     SPEAKER_HOST,    RIGHT_NONE,  "",            "run:i what:t ended:b",                    "json: what happened") \
	M(file_get,     SPEAKER_CLIENT,  RIGHT_LOOK,  "part",        "run:i step:t name:t offset:i",            "")        \
	M(file_fetch,   SPEAKER_WORKER | SPEAKER_GATEWAY, RIGHT_NONE, "part", "step:i token:i name:t offset:i",         "")        \
	M(part,         SPEAKER_HOST,    RIGHT_NONE,  "",            "offset:i total:i sum:t?",                 "bytes: up to 256 KiB") \
	M(fire,         SPEAKER_HOST,    RIGHT_NONE,  "fired",       "who:t? files:b?",                         "json: inputs of the press; sealed items") \
	M(fired,        SPEAKER_WORKER,  RIGHT_NONE,  "",            "key:t? files:i?",                         "json: the event; sealed items") \
	M(next,         SPEAKER_HOST,    RIGHT_NONE,  "coming",      "n:i",                                     "")        \
	M(coming,       SPEAKER_WORKER,  RIGHT_NONE,  "",            "",                                        "json: list of times") \
	M(emit,         SPEAKER_WORKER,  RIGHT_NONE,  "done",        "files:i?",                                "json: events, what was passed over, and state; sealed items") \
	M(failing,      SPEAKER_WORKER,  RIGHT_NONE,  "",            "since_us:i",                              "text: one sentence") \
	M(state_get,    SPEAKER_WORKER,  RIGHT_NONE,  "state",       "name:t",                                  "")        \
	M(state,        SPEAKER_HOST,    RIGHT_NONE,  "",            "found:b",                                 "bytes: what was kept") \
	M(call,         SPEAKER_HOST,    RIGHT_NONE,  "returned",    "step:i token:i action:t timeout_ms:i once:t? run:t? name:t?", "json: inputs; sealed items") \
	M(returned,     SPEAKER_WORKER,  RIGHT_NONE,  "",            "step:i token:i",                          "json: outputs; sealed items") \
	M(cancel,       SPEAKER_HOST,    RIGHT_NONE,  "done",        "step:i token:i",                          "")        \
	M(device,       SPEAKER_GATEWAY, RIGHT_NONE,  "done",        "device:t online:b system:t slots:i revision:i load:i memory:i journal:i", "json: sessions") \
	M(offer,        SPEAKER_HOST,    RIGHT_NONE,  "taken",       "step:i token:i run:t number:i name:t device:t user:t mode:t package:t timeout_ms:i chain:t? files:b? title:t?", "json: inputs; sealed items") \
	M(taken,        SPEAKER_GATEWAY, RIGHT_NONE,  "",            "step:i token:i state:t",                  "")        \
	M(refused,      SPEAKER_GATEWAY, RIGHT_NONE,  "",            "step:i token:i reason:t class:t revision:i", "text: one sentence") \
	M(status,       SPEAKER_HOST,    RIGHT_NONE,  "standing",    "step:i token:i",                          "")        \
	M(standing,     SPEAKER_GATEWAY, RIGHT_NONE,  "done",        "step:i token:i state:t",                  "")        \
	M(stage,        SPEAKER_GATEWAY | SPEAKER_SESSION, RIGHT_NONE, "done",        "step:i token:i state:t",                  "")        \
	M(progress,     SPEAKER_GATEWAY | SPEAKER_SESSION, RIGHT_NONE, "", "step:i token:i",                    "json: subflow and action") \
	M(asked,        SPEAKER_GATEWAY | SPEAKER_SESSION, RIGHT_NONE, "", "step:i token:i how:t",              "")        \
	M(finished,     SPEAKER_GATEWAY | SPEAKER_SESSION, RIGHT_NONE, "done", "step:i token:i state:t reason:t? released:b? started_us:i ended_us:i", "json: outputs; when it went wrong, text and outputs; sealed items") \
	M(released,     SPEAKER_GATEWAY, RIGHT_NONE,  "done",        "step:i token:i",                          "")        \
	M(stop,         SPEAKER_HOST | SPEAKER_GATEWAY, RIGHT_NONE, "done", "step:i token:i how:t",             "")        \
	M(file_put,     SPEAKER_PEERS,   RIGHT_PRESS, "done",        "step:i token:i name:t offset:i total:i sum:t?", "bytes: up to 256 KiB") \
	M(package,      SPEAKER_GATEWAY, RIGHT_NONE,  "contents",    "digest:t",                                "")        \
	M(contents,     SPEAKER_HOST,    RIGHT_NONE,  "",            "digest:t",                                "json: list of files") \
	M(package_get,  SPEAKER_GATEWAY, RIGHT_NONE,  "part",        "digest:t file:i offset:i",                "")        \
	M(sessions,     SPEAKER_SESSION, RIGHT_NONE,  "",            "system:t processors:i load:i memory:i rehearses:b? rds:t? containment:t?", "json: sessions") \
	M(identify,     SPEAKER_GATEWAY, RIGHT_NONE,  "identity",    "user:t",                                  "")        \
	M(identity,     SPEAKER_SESSION, RIGHT_NONE,  "",            "key:t name:t uid:i gid:i",                "")        \
	M(open,         SPEAKER_GATEWAY, RIGHT_NONE,  "opened",      "user:t session:t? notify:t? login:t?",              "sealed items") \
	M(opened,       SPEAKER_SESSION, RIGHT_NONE,  "",            "session:t",                               "")        \
	M(held,         SPEAKER_SESSION, RIGHT_NONE,  "done",        "state:t minor:i? session:t? attended:b? user:t? key:t? login:t? step:i? token:i?", "")  \
	M(launch,       SPEAKER_GATEWAY, RIGHT_NONE,  "finished",    "step:i token:i run:t number:i name:t timeout_ms:i package:t results:t chain:t? title:t? wait:b?", "json: inputs; sealed items") \
	M(begin,        SPEAKER_GATEWAY, RIGHT_NONE,  "finished",    "step:i token:i",                          "")        \
	M(lock,         SPEAKER_GATEWAY, RIGHT_NONE,  "done",        "",                                        "")        \
	M(close,        SPEAKER_GATEWAY, RIGHT_NONE,  "closed",      "",                                        "")        \
	M(closed,       SPEAKER_SESSION, RIGHT_NONE,  "",            "",                                        "")

enum word {
	WORD_NONE = 0,
#define M(word, sender, right, reply, head, payload) WORD_##word,
	MESSAGES(M)
#undef M
	WORD_COUNT
};

struct message_member {
	char name[24];
	unsigned char length; /* of the name */
	char type; /* 't', 'i' or 'b' */
	bool optional;
};

enum { HEAD_MEMBERS_MAX = 14 };

/* A row of the list, its head taken apart. */
struct message_row {
	const char *word, *reply, *head, *payload;
	unsigned sender, right;
	size_t member_count;
	struct message_member members[HEAD_MEMBERS_MAX];
	size_t text_max;    /* bytes that all texts of a head may take together as JSON, whatever its integers are */
	size_t payload_max; /* 0: it has none */
	size_t sealed_max;  /* 0: no sealed part */
};

const struct message_row *message_row(enum word word); /* never NULL for a word of the list, NULL for WORD_NONE */
enum word message_word(const char *word, size_t length); /* WORD_NONE: unknown */

/* Who a peer speaks as, by the first part of its name: "operator/…", "worker/…", "gateway/…". 0: nobody. */
unsigned message_speaker(const char *peer);

#endif
