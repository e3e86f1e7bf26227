/*
 * Secrets. The bytes live in memory that is locked, left out of core dumps and wiped when released. They are looked at for
 * as short a time as possible, and never copied into an argument, an environment variable, a log or a value.
 *
 * An option of type `hst_secret *` is opened by the instance's worker and lives as long as the instance; where options are only
 * looked at (the op `fields`), the member is NULL. An input or output of that type is opened for the call and sealed when it
 * returns. What a plugin logs, prints or says in errors is searched for the secrets its worker knows, and they are left out.
 */
#ifndef HOSTLER_SECRET_H
#define HOSTLER_SECRET_H

#include <hostler/host.h>

/* The host's half of this header. Members are only ever appended. */
struct hst_secret_table {
	size_t size;
	const void *(*bytes)(const hst_secret *secret, size_t *ret_length);
	hst_secret *(*make)(hst_arena *arena, const void *bytes, size_t length);
};

/* The bytes, followed by a NUL that is not counted in *ret_length. Valid until the call ends. `secret` is not NULL. */
static inline const void *hst_secret_bytes(hst_call *call, const hst_secret *secret, size_t *ret_length)
{
	return call->host->secrets->bytes(secret, ret_length);
}

/* A new secret that ends with the call. The caller wipes its own copy. NULL when memory cannot be locked. */
static inline hst_secret *hst_make_secret(hst_call *call, const void *bytes, size_t length)
{
	return call->host->secrets->make(call->arena, bytes, length);
}

#endif
