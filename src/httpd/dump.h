#ifndef MTASTS_DUMP_H
#define MTASTS_DUMP_H

#include "config.h"

/* ap_hook_test_config: with -D DUMP_MTASTS prints all policies and the DNS
 * records to publish for a person, with -D DUMP_MTASTS_JSON as one JSON
 * document, on standard output.  Without either it does nothing. */
void mtasts_dump(apr_pool_t *p, server_rec *main_server);

/* 1 with either of the two defines. */
int mtasts_dump_wanted(void);

#endif
