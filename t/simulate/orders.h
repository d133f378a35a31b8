#ifndef ORDERS_H
#define ORDERS_H

/*
 * What the administrators are asked for in a year, at random times: MX hosts
 * come and go, the domain moves to another provider, MTA-STS is to be enforced,
 * loosened, dropped and set up again, and the renewal of a certificate breaks.
 * Both kinds of administrators get the same orders at the same times.
 */

#include "world.h"

typedef enum {
    ORDER_ADD,
    ORDER_REMOVE,
    ORDER_MOVE,
    ORDER_RAISE,
    ORDER_LOWER,
    ORDER_MAX_AGE,
    ORDER_RETIRE,
    ORDER_SET_UP,
    ORDER_LAPSE,
    ORDERS
} order_kind;

/* "add an MX host", ... */
const char *order_name(order_kind kind);

/* How the domain is to be. */
typedef struct {
    mx_set mx;
    mtasts_mode mode;
    uint32_t max_age;
    int present;  /* with MTA-STS */
    int64_t next; /* when the next order comes */
    dice luck;
    int nnames; /* for names that never repeat */
} wanted;

/* How it is at first: some hosts, and MTA-STS in mode testing. */
void orders_begin(wanted *want, world *w, uint64_t seed);

/* The order of `now`, which is when want->next was; sets that anew. */
order_kind orders_take(wanted *want, world *w, int64_t now);

#endif
