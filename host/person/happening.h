/*
 * What the person who sits at a device is told of an attended run (rule R28), and what they may answer: between the hold
 * that runs the flow, the program `hostler-notice` in the person's session, and `hostler watch --here`. The program has no
 * right but the person's own, so whoever tells believes nothing of what is answered but one of a few words.
 *
 * One datagram (SOCK_SEQPACKET) each way is one thing said. Told: a JSON object with how the run stands, all of it each
 * time, so that the newest alone counts. Answered: a line "WORD NUMBER".
 */
#ifndef HOST_PERSON_HAPPENING_H
#define HOST_PERSON_HAPPENING_H

#include "base/text.h"

#include <hostler/error.h>

enum { HAPPENING_BYTES_MAX = 16 << 10, ANSWER_BYTES_MAX = 64 };

/* Never an input or an output: what a flow is called, labelled (no label is secure, as flows are checked) and says of itself. */
struct happening {
	int64_t number, token; /* of the run; of this attempt at its step, which an answer names */
	char run[32], device[65], step[65];
	char title[400]; /* "FLOW: LABEL", or "FLOW" */
	char state[16];  /* running pausing paused stopping, then one of succeeded failed cancelled timed_out, or gone: nobody knows */
	char subflow[256], action[256];
	char reason[64], text[512]; /* how it ended, when it went wrong */
	int64_t at_us;		    /* wall clock */
};

void happening_write(struct text *to, const struct happening *happening);

/* HST_INVALID: it is none. What is too long is cut. */
int happening_read(const char *bytes, size_t length, struct happening *ret, hst_error *err);

bool happening_is_end(const struct happening *happening);

/* Copies what fits, to the end of a character, in one line of characters that can be shown. */
void happening_text(char *to, size_t size, const char *from);

enum answer {
	ANSWER_NONE = 0,
	ANSWER_PAUSE,	/* NUMBER: the token of the happening that was answered */
	ANSWER_RESUME,
	ANSWER_STOP,	/* safe, at the next checkpoint */
	ANSWER_TROUBLE, /* NUMBER: an enum trouble; the person cannot be told as was asked for */
	ANSWER_COUNT,
};

enum trouble { TROUBLE_NO_BUS = 1, TROUBLE_NO_SERVER, TROUBLE_SILENT, TROUBLE_ROOT, TROUBLE_COUNT };

const char *answer_word(enum answer answer); /* NULL for ANSWER_NONE */
const char *trouble_sentence(enum trouble trouble);

/* Returns the length. */
size_t answer_write(char to[ANSWER_BYTES_MAX], enum answer answer, int64_t number);

/* ANSWER_NONE: it is nothing that could have been answered. */
enum answer answer_read(const char *bytes, size_t length, int64_t *ret_number);

#endif
