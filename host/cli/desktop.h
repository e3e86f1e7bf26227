/* The words of `hostler desktop`, and what they share. */
#ifndef HOST_CLI_DESKTOP_H
#define HOST_CLI_DESKTOP_H

#include "cli/seal_desk.h"
#include "desktop/pushed.h"

#include <hostler/value.h>

struct desktop_desk {
	const struct cli *cli;
	struct seal_desk seal; /* its configuration is there; its key and its roster may not be, unless they were asked for */
	const char *conf;      /* path of the configuration */
	const hst_value *devices; /* as a host that runs says them; NULL: none does, or nobody has asked */
};

/* Closed by desktop_close whatever is returned. With `signs` there is a key, and a roster in which it may sign desktop flows. */
int desktop_open(struct desktop_desk *desk, const struct cli *cli, bool signs);
void desktop_close(struct desktop_desk *desk);

/* The one that the configuration has under this name; NULL: none, and *ret_status is the exit status of what was said. */
const struct package *desktop_find(const struct desktop_desk *desk, const char *name, int *ret_status);

/* The manifest in its own folder, which is not what runs while it is pinned. */
const char *desktop_own_manifest(const struct desktop_desk *desk, const struct package *package);

/* What `list` has of one. */
hst_value *desktop_describe(const struct desktop_desk *desk, const struct package *package);

/* "signed", or why its signature is worth nothing: "unsigned", "refused". */
const char *desktop_state(const struct desktop_desk *desk, const struct pushed *pushed);

/*
 * Copies the package with this manifest to its place below packages.d, if it is not there already. *ret is the copy, which nothing
 * but this user can change any more; *ret_new: it was not there.
 */
int desktop_copy(const struct desktop_desk *desk, const char *manifest, struct package **ret, bool *ret_new);

/* Removes copies that nobody needs: all but the last three, the pinned one, and `digest`. */
void desktop_prune(const struct desktop_desk *desk, const char *name, const char *digest);

/* NULL: it is pinned no more. */
int desktop_set_pin(const struct desktop_desk *desk, const char *name, const char *digest);

const char *desktop_signer(const struct signed_package *signature); /* "ada" */
void desktop_set_when(hst_value *record, const char *name, int64_t seconds);
const char *desktop_short(hst_arena *arena, const char *digest); /* as people see it */

/* desktop_show.c, desktop_push.c, desktop_pin.c */
int desktop_show(struct cli *cli);
int desktop_push(struct cli *cli);
int desktop_pin(struct cli *cli);

#endif
