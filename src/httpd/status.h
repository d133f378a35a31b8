#ifndef MTASTS_STATUS_H
#define MTASTS_STATUS_H

/*
 * SetHandler mtasts-status: what is known of all domains, as pages, as JSON and as
 * metrics; and a section in mod_status's page.  Read-only; it waits for no check.
 */

#include "config.h"

/* ap_hook_handler. */
int mtasts_status_handler(request_rec *r);

/* Registers the section with mod_status, if that is there. */
void mtasts_status_register(void);

#endif
