#ifndef MTASTS_SMTP_REPLY_H
#define MTASTS_SMTP_REPLY_H

/*
 * One SMTP reply, in pieces as it comes from the network (RFC 5321 4.2,
 * 4.2.1; RFC 3207 2).  Pure functions: any thread, no allocation.
 */

#include <stddef.h>

#define MTASTS_SMTP_TEXT      160
#define MTASTS_SMTP_LINE_MAX  4096  /* octets; RFC 5321 4.5.3.1.5 has 512 */
#define MTASTS_SMTP_REPLY_MAX 65536 /* of all lines */

typedef enum {
    MTASTS_SMTP_MORE, /* needs more bytes */
    MTASTS_SMTP_DONE,
    MTASTS_SMTP_BAD /* no SMTP: `why` */
} mtasts_smtp_state;

/* Zero it before the first piece. */
typedef struct {
    mtasts_smtp_state state;
    int code;                    /* 220; of the first line */
    int starttls;                /* a line but the first says STARTTLS */
    char text[MTASTS_SMTP_TEXT]; /* what the first line says after the code, as
                                    it came (any bytes but NUL), cut */
    const char *why;             /* BAD: static, for people */
    /* private: */
    size_t total, line_len, text_len;
    char line[16];  /* how the present line begins */
    int first_done; /* the first line has ended */
    int cr;         /* a CR came, which is none of the line's if LF follows */
} mtasts_smtp_reply;

/* Reads on, at most to the end of the reply's last line.  Returns how many of
 * the `len` bytes it took; what is left behind belongs to a next reply. Lines
 * end in CRLF or LF.  Not to be called again after DONE or BAD. */
size_t mtasts_smtp_read(mtasts_smtp_reply *reply, const char *bytes,
                        size_t len);

#endif
