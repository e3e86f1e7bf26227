/*
 * `hostler-worker describe FILE [--options]`: what a plugin says of itself, as JSON on stdout, made in a process of its
 * own so that whoever asks need not load it.
 *
 *	without --options   the manifest (schema/manifest.h)
 *	with --options      stdin: a record of checked options; stdout: {"manifest":…,
 *	                    "shape":{"event":…,"inputs":…,"outputs":…,"deadline_ms":N}}
 *	on failure          {"error":{"code":N,"reason":…,"text":…}}, exit status 1
 */
#ifndef HOST_WORKER_DESCRIBE_H
#define HOST_WORKER_DESCRIBE_H

#include <stdbool.h>

int describe_run(const char *path, bool with_options);

#endif
