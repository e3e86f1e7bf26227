/*
 * Keeps secret inputs out of what a run prints and says. A process that knows a secret filters it, in its
 * usual encodings (as it is, in JSON, in base64 of both alphabets, in hexadecimal, percent-encoded), from
 * everything it passes on. Secrets under 4 bytes are not looked for: they would be found in every other word.
 */
#ifndef HOST_DESKTOP_FLOWRUN_REDACT_H
#define HOST_DESKTOP_FLOWRUN_REDACT_H

#include <hostler/fields.h>

#include <stddef.h>

struct flow_redact {
	struct flow_needle *needles;
	size_t count, size;
	size_t longest;
	char *held; /* the end of a stream that may be the beginning of a secret */
	size_t held_length, held_size;
};

/* Collects the secrets among checked inputs. */
void flow_redact_init(struct flow_redact *redact, hst_fields fields, const hst_value *inputs);
void flow_redact_clear(struct flow_redact *redact); /* wipes */

/* A stream: what is certain goes on to `add`, what may be the beginning of a secret waits for the next call
 * or the flush. */
void flow_redact_feed(struct flow_redact *redact, const char *bytes, size_t n,
		      void (*add)(void *arg, const char *bytes, size_t n), void *arg);
void flow_redact_flush(struct flow_redact *redact, void (*add)(void *arg, const char *bytes, size_t n),
		       void *arg);

/* A whole text at once; caller frees. */
char *flow_redact_text(const struct flow_redact *redact, const char *text);

#endif
