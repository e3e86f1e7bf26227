/*
 * What becomes of a mail once its event is stored. Doing it twice is the same as doing it once, but for a server that cannot move: there
 * a copy is made first, and whoever dies between that and the removal makes a second one.
 */
#ifndef PLUGINS_TRIGGER_EMAIL_TOUCH_H
#define PLUGINS_TRIGGER_EMAIL_TOUCH_H

#include "box.h"

/*
 * `after` is an enum email_after. Mails that are gone already are nobody's fault. HST_DENIED: the server does not do it, and will not;
 * HST_RETRY: the connection is lost.
 */
int email_touch(struct email_box *box, hst_call *call, int after, const char *move_to, const uint32_t *uids, size_t n, hst_error *err);

#endif
