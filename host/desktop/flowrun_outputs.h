/* The outputs a flow gave, and whether they are what its package declares. Together at most 1 MiB as JSON. */
#ifndef HOST_DESKTOP_FLOWRUN_OUTPUTS_H
#define HOST_DESKTOP_FLOWRUN_OUTPUTS_H

#include <hostler/error.h>
#include <hostler/fields.h>
#include <hostler/value.h>

#include <stdbool.h>
#include <stddef.h>

struct flow_outputs {
	hst_arena *arena; /* not owned; values are copied into it */
	hst_fields declared;
	hst_value *given;
	bool *seen; /* one per declared output: its first event counts, whatever came of it */
	size_t bytes;
	bool unshown; /* what is wrong is said without what was given, which may be a secret */
	char fault[HST_TEXT_MAX]; /* the first thing that is wrong, naming output and rule; "" so far none */
};

void flow_outputs_init(struct flow_outputs *outputs, hst_arena *arena, hst_fields declared);

/* The event of an output has come. False, with a fault: it is unknown, or its event came before; then there
 * is no more to do, however large what it brings. */
bool flow_outputs_expect(struct flow_outputs *outputs, const char *name);

/* What was expected. False, with a fault: it is no JSON, or too large. */
bool flow_outputs_give(struct flow_outputs *outputs, const char *name, const hst_value *value);
bool flow_outputs_give_json(struct flow_outputs *outputs, const char *name, const char *bytes, size_t length);
__attribute__((format(printf, 2, 3))) void flow_outputs_fault(struct flow_outputs *outputs,
							      const char *format, ...);

/* What was given is no more; the arena that it was in may go. */
void flow_outputs_forget(struct flow_outputs *outputs, hst_arena *arena);

/* The outputs in their normal form. HST_INVALID, as OutputInvalid: they do not fit; then *ret is left alone.
 */
int flow_outputs_check(const struct flow_outputs *outputs, const hst_value **ret, hst_error *err);

/* Those that are right, each looked at alone. */
const hst_value *flow_outputs_right(const struct flow_outputs *outputs);

#endif
