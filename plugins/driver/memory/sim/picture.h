/* What a session in memory shows: always the same small picture. */
#ifndef SIM_PICTURE_H
#define SIM_PICTURE_H

#include <hostler/driver.h>

/* A whole PNG in a new file, or nothing and HST_RETRY. */
int picture_write(const char *path, hst_error *err);

#endif
