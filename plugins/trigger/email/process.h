/* hostler-mail-parser as a child: started, written to, listened to, ended, with a deadline each. For parser.c. */
#ifndef PLUGINS_TRIGGER_EMAIL_PROCESS_H
#define PLUGINS_TRIGGER_EMAIL_PROCESS_H

#include <hostler/host.h>

#include <sys/types.h>

struct email_process {
	pid_t pid;         /* 0: none */
	int fd;            /* the socket to it; -1: none */
	unsigned confined; /* enum email_confined, as it has said */
};

/* Milliseconds of a clock that nobody sets. */
int64_t email_process_now_ms(void);

/* Returns when it is confined and ready. HST_BROKEN, HST_RETRY and HST_CANCELLED as parser.h has them; then there is none. */
int email_process_start(struct email_process *process, const char *program, hst_call *call, int64_t until_ms, hst_error *err);

/*
 * All of it, or some bytes of what it says. HST_CANCELLED; HST_TIMEOUT; HST_BROKEN when it has died, and the text says of what. It is not
 * ended by either.
 */
int email_process_send(struct email_process *process, hst_call *call, const void *bytes, size_t n, int64_t until_ms, hst_error *err);
int email_process_hear(struct email_process *process, hst_call *call, void *to, size_t size, size_t *ret_n, int64_t until_ms, hst_error *err);

/* Kills it and waits for its end. Fine when there is none. */
void email_process_end(struct email_process *process);

#endif
