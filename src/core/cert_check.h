#ifndef MTASTS_CERT_CHECK_H
#define MTASTS_CERT_CHECK_H

/*
 * What the checks of tls_check.h share: the faults of one certificate, whoever
 * presents it.  Codes, severities and consequences are the caller's.  Only for
 * cert_check.c, mx_check.c and fetch_check.c.
 */

#include "moment.h"
#include "tls_check.h"

#define MTASTS_VALUE_SIZE 256 /* what a finding shows of one value, and a NUL */

typedef enum {
    MTASTS_FAULT_NAME,
    MTASTS_FAULT_SELF_SIGNED,
    MTASTS_FAULT_CHAIN,
    MTASTS_FAULT_EXPIRED,
    MTASTS_FAULT_NOT_YET,
    MTASTS_FAULT_EXPIRING,
    MTASTS_FAULT_WEAK,
    MTASTS_FAULTS
} mtasts_fault_kind;

typedef struct {
    mtasts_fault_kind kind;
    char seen[MTASTS_VALUE_SIZE];   /* what the row's text has to show */
    char advice[MTASTS_VALUE_SIZE]; /* what to do; "" if the row knows it */
} mtasts_fault;

/* One of names, one of chains, one of dates, one of strength. */
#define MTASTS_CERT_FAULTS 4

/* Fills in the faults, each kind at most once, and returns how many there are.
 * `file` is where the certificates are set up, for the advice. */
size_t mtasts_cert_faults(const mtasts_cert_facts *cert, const char *file,
                          int64_t now, mtasts_fault out[MTASTS_CERT_FAULTS]);

/* "HOST [ADDRESS]" */
void mtasts_probe_subject(const mtasts_probe *probe,
                          char out[MTASTS_NAME_SIZE + MTASTS_ADDRESS_SIZE + 4]);

/* The port that was tried; `usual` if the facts don't tell. */
unsigned mtasts_probe_port(const mtasts_probe *probe, unsigned usual);

/* "192.0.2.1:25" or "[2001:db8::1]:25", for a command line */
void mtasts_probe_target(const mtasts_probe *probe, unsigned usual,
                         char out[MTASTS_ADDRESS_SIZE + 10]);

#endif
