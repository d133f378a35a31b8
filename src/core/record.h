#ifndef MTASTS_RECORD_H
#define MTASTS_RECORD_H

/*
 * The TXT records that belong to a policy: _mta-sts (RFC 8461 3.1) and
 * _smtp._tls (RFC 8460 3).  Pure functions: any thread, any process, no
 * allocation.
 */

#include "finding.h"
#include "policy.h"

#define MTASTS_TXT_SIZE (sizeof("v=STSv1; id=;") - 1 + MTASTS_ID_SIZE)

/* "v=STSv1; id=ID;", the form that every known sender reads. */
void mtasts_txt_render(const char *id, char out[MTASTS_TXT_SIZE]);

/* 1 if `uri` may stand in rua= : mailto: with an address or https: with a
 * host, in the characters of RFC 3986, and without the comma, "!" and ";"
 * that separate there; else 0 and *why. */
int mtasts_tlsrpt_uri_check(const char *uri, mtasts_finding *why);

/* "v=TLSRPTv1; rua=URI,URI".  As mtasts_policy_render(): the length without
 * a NUL, which is never written. */
size_t mtasts_tlsrpt_render(const char *const *uris, size_t n, char *buf,
                            size_t size);

/* The value as zone files write it (RFC 1035 5.1): in quoted strings of at
 * most 255 octets with quotes and backslashes escaped.  `len` octets of
 * `value`, which need not be NUL-terminated; result as above. */
size_t mtasts_zone_quote(const char *value, size_t len, char *buf, size_t size);

#endif
