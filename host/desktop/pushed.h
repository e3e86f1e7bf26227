/*
 * What `hostler desktop push` and `pin` leave beside the configuration: for each desktop flow a folder packages.d/NAME with
 *
 *	DIGEST.signed   an operator's word for the files with this digest (seal/signed_package.h)
 *	DIGEST/         a copy of those files
 *	pinned          the digest of the copy that the house uses instead of what is in the flow's own folder
 *
 * All of it may be read by everybody; who may write there decides what runs, as with the rest of the configuration.
 */
#ifndef HOST_DESKTOP_PUSHED_H
#define HOST_DESKTOP_PUSHED_H

#include "config/conf.h"
#include "desktop/package.h"
#include "seal/signed_package.h"

enum { PUSHED_MAX = 1000 };

/* One that was pushed or pinned. */
struct pushed {
	char digest[65];
	bool copied, pinned;
	bool is_signed; /* the signature can be read; signed_package_verify says what it is worth */
	struct signed_package signature;
	int64_t at; /* seconds since 1970: when it was signed, else when it was copied */
};

/* Paths; the caller frees them. `conf` is the path of the configuration. */
char *pushed_folder(const char *conf, const char *name);
char *pushed_copy(const char *conf, const char *name, const char *digest);
char *pushed_signature(const char *conf, const char *name, const char *digest);
char *pushed_pin(const char *conf, const char *name);

/* All of this name, the newest first, in the arena. What is no digest is passed over. */
size_t pushed_list(hst_arena *arena, const char *conf, const char *name, const struct pushed **ret);

/* The bytes of the signature of these files; the caller frees them. HST_NOT_FOUND: there is none. */
int pushed_read(const char *conf, const char *name, const char *digest, char **ret_bytes, size_t *ret_length, hst_error *err);

/* False: it is not pinned. `digest` is "" where the file says none. */
bool pushed_is_pinned(const char *conf, const char *name, char digest[65]);

/* The roster that this machine believes; NULL: it has none yet, or this user may not read it. The caller frees it. */
struct roster *pushed_roster(const struct conf *conf);

/*
 * Whether a step may give secrets to these files. HST_DENIED, PackageUnsigned: they were never signed, were changed since, or not by
 * somebody whom the roster believes; the sentence ends with the remedy. Without a roster (NULL) only what is written is looked at.
 */
int pushed_check(const char *conf, const struct package *package, const struct roster *roster, hst_error *err);

#endif
