/* A sealed secret as a file: its armour on one line. */
#ifndef HOST_SEAL_SEALED_FILE_H
#define HOST_SEAL_SEALED_FILE_H

#include "seal/envelope.h"

struct sealed_file {
	uint8_t *bytes;
	size_t length;
	struct envelope envelope; /* points into the bytes; read, and nothing of it proved */
};

/* The caller frees it. HST_NOT_FOUND: it is not there. HST_INVALID, reason EnvelopeForm: it is no sealed secret. */
int sealed_file_read(const char *path, struct sealed_file **ret, hst_error *err);
void sealed_file_free(struct sealed_file *file);

/* For everybody to read, since nobody but its recipients can open it; its folder is made. */
int sealed_file_write(const char *path, const void *bytes, size_t length, hst_error *err);

#endif
