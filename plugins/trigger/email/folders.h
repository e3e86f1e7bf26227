/* Which folders a server has, for whoever named one that it has not. */
#ifndef PLUGINS_TRIGGER_EMAIL_FOLDERS_H
#define PLUGINS_TRIGGER_EMAIL_FOLDERS_H

#include <hostler/error.h>

#include <libetpan/libetpan.h>

/* HST_NOT_FOUND, with the folders there are. */
int email_folders_missing(mailimap *session, const char *server, const char *folder, hst_error *err);

#endif
