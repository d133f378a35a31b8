#ifndef MTASTS_NET_REPLY_H
#define MTASTS_NET_REPLY_H

/*
 * One DNS reply, as raw bytes, into an answer.  c-ares believes records of any
 * owner name, so question, owner, class and type are checked here: a record
 * counts only if its owner is the name asked for, or reached from it by the
 * reply's own CNAME chain.  Pure function but for malloc; any thread.
 */

#include "../core/dns_facts.h"

/* Reads the reply `packet` to the question `name` (no final dot, any case) and
 * `type`.  Returns a new answer in one block that free() frees, with at most
 * 64 CNAMEs, 1,000 MX or 64 NS records, 64 addresses and 100 TXT records of
 * 65,535 bytes together; what is beyond is counted in left_out.  A reply that is malformed or not to
 * this question is TEMPFAIL, with a reason; so is one that has records of
 * other names only, any RCODE but NOERROR and NXDOMAIN (RFC 1035 4.1.1), and a
 * CNAME loop.  NULL if there is no memory. */
mtasts_dns_answer *mtasts_reply_read(const unsigned char *packet, size_t len,
                                     const char *name, int type);

/* A copy of an answer to a TXT question, also in one block, that keeps TXT records
 * of at most `most` bytes together; the others count as left out.  NULL if there is
 * no memory. */
mtasts_dns_answer *mtasts_answer_copy(const mtasts_dns_answer *a, size_t most);

/* A new answer TEMPFAIL with the reason; NULL if there is no memory. */
mtasts_dns_answer *mtasts_answer_tempfail(const char *reason);

/* A new answer ABSENT. */
mtasts_dns_answer *mtasts_answer_absent(void);

#endif
