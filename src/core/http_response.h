#ifndef MTASTS_HTTP_RESPONSE_H
#define MTASTS_HTTP_RESPONSE_H

/*
 * One HTTP/1 response to a GET, in pieces as it comes from the network
 * (RFC 9112).  Pure functions: any thread, no allocation.
 */

#include <stddef.h>

#define MTASTS_HTTP_HEAD_MAX 32768 /* octets of status line and header */

typedef enum {
    MTASTS_HTTP_MORE,
    MTASTS_HTTP_DONE,
    MTASTS_HTTP_BAD /* no HTTP, or broken off: `why` */
} mtasts_http_state;

/* Values as they came (any bytes but NUL), without white space around them, cut
 * to the room there is; of several fields of one name the first; "" if there
 * is none. */
typedef struct {
    char location[256];
    char content_type[128];
    char content_encoding[64];
    char etag[128];
    char age[32];
    char via[128];
    char server[128];
    char cf_cache_status[32];
} mtasts_http_fields;

/* Set up with mtasts_http_begin(). */
typedef struct {
    mtasts_http_state state;
    const char *why; /* BAD: static, for people */
    int status;      /* of the final response: interim ones (1xx) are skipped */
    mtasts_http_fields fields;
    size_t body_len; /* octets in the body buffer */
    int body_cut;    /* there were more than fit: DONE at that point */
    /* private: */
    char *body;
    size_t body_size;
    int phase;
    int coded, chunked; /* Transfer-Encoding: there is one; its last is */
    int has_length;     /* Content-Length: `left` */
    unsigned seen;      /* the bits of `fields` that came */
    size_t head;        /* octets of all but body and chunk sizes */
    size_t left;        /* octets to come of the body or the chunk */
    int line_begins;    /* the next octet may go on with the field before */
    int line_cut;       /* more came than `line` holds */
    size_t line_len;
    char line[1024];
} mtasts_http_response;

/* `body` (the caller's, of `size` bytes) takes the body, decoded from chunks
 * (RFC 9112 7.1) but from no other coding. */
void mtasts_http_begin(mtasts_http_response *r, char *body, size_t size);

/* Reads on.  Not to be called again after DONE or BAD. */
void mtasts_http_read(mtasts_http_response *r, const char *bytes, size_t len);

/* The other side has closed: DONE or BAD from now on. */
void mtasts_http_end(mtasts_http_response *r);

#endif
