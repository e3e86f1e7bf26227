/*
 * Named secrets in a configuration. Where `secret:NAME` stands, the secret itself is in the file secrets.d/NAME.seal beside the file
 * that says so, sealed to whoever needs it; the configuration never has more of it than the name.
 */
#ifndef HOST_CONFIG_SECRET_FILES_H
#define HOST_CONFIG_SECRET_FILES_H

#include <stdbool.h>

/* Whether the value begins with "secret:", and so can be nothing else. */
bool secret_is_meant(const char *value);

/* A small letter, then up to 47 small letters, digits, "_" and "-". */
bool secret_name_fits(const char *name);

/* The NAME of "secret:NAME". NULL: it is another value. */
const char *secret_named(const char *value);

/* Where it lies when `file` names it; the caller frees. */
char *secret_file(const char *file, const char *name);

#endif
