#ifndef MTASTS_MX_MATCH_H
#define MTASTS_MX_MATCH_H

/* RFC 8461 4.1.  Pure function: any thread, any process. */

/* 1 if the MX host `host` matches the mx pattern: the same name, or one whole
 * label more than what follows "*."; letter case and a final dot of either do
 * not matter. */
int mtasts_mx_match(const char *pattern, const char *host);

#endif
