/*
 * `hostler-worker describe FILE [--options]`: what a plugin says of itself, as JSON on stdout, made in a process of its
 * own so that whoever asks need not load it.
 *
 *	at once             the manifest (schema/manifest.h), one line
 *	with --options      for every line of stdin, a record of checked options, the shape of an instance that has
 *	                    them: {"shape":{"event":…,"inputs":…,"outputs":…,"deadline_ms":N}}, one line
 *	on failure          instead of such a line {"error":{"code":N,"reason":…,"text":…}}; without a manifest
 *	                    exit status 1
 */
#ifndef HOST_WORKER_DESCRIBE_H
#define HOST_WORKER_DESCRIBE_H

#include <stdbool.h>

int describe_run(const char *path, bool with_options);

#endif
