/* The lines of a roster: one table that reads and writes them, and what of them is signed. */
#ifndef HOST_SEAL_ROSTER_LINES_H
#define HOST_SEAL_ROSTER_LINES_H

#include "base/text.h"
#include "seal/roster.h"

enum { ROSTER_LINE_MAX = 600, ROSTER_CLUSTER_TEXT = 23, ROSTER_SIGNATURE_TEXT = 87 };

/* A whole line without its end, in the one way it can be written. What was read belongs to the caller. */
int roster_line_read(const char *line, struct roster_member *ret, hst_error *err);
void roster_line_write(struct text *to, const struct roster_member *member);

/* What the line's own signature covers: which kind of line of which cluster it is, and the line up to the signature. */
void roster_line_signed(struct text *to, const uint8_t cluster[ROSTER_CLUSTER_BYTES], const struct roster_member *member);

/* Lines stand in this order: by kind, by name, by key. For qsort, too. */
int roster_line_compare(const void *a, const void *b);

/* The lines before those of members, and the one behind the head. */
void roster_top_write(struct text *to, const struct roster *roster);
void roster_cluster_text(const uint8_t cluster[ROSTER_CLUSTER_BYTES], char to[ROSTER_CLUSTER_TEXT]);
int roster_cluster_read(const char *text, uint8_t ret[ROSTER_CLUSTER_BYTES], hst_error *err);
void roster_signature_text(const uint8_t signature[SEAL_SIGNATURE_BYTES], char to[ROSTER_SIGNATURE_TEXT]);
int roster_signature_read(const char *text, uint8_t ret[SEAL_SIGNATURE_BYTES], hst_error *err);

/* Everything that is wrong between lines, without a look at any signature. */
int roster_check(const struct roster *roster, hst_error *err);

/* The signature of a line under the head, by what the head says. */
int roster_line_verify(const struct roster *roster, const struct roster_member *member, hst_error *err);

#endif
