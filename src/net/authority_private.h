#ifndef MTASTS_NET_AUTHORITY_PRIVATE_H
#define MTASTS_NET_AUTHORITY_PRIVATE_H

/*
 * What the authority*.c files know of each other; everyone else includes
 * authority.h.  authority.c says how it works.
 */

#include "authority.h"

#include <netinet/in.h>

#define AT_ONCE       64 /* servers: each takes a socket or two */
#define HOST_MAX      16 /* NS records of a zone that are looked at */
#define ADDRESSES_MAX 4  /* of one host, of each family */

struct zone;

/* A name that is asked for. */
typedef struct lookup {
    mtasts_authorities *all;
    const char *asked;   /* the name, then what CNAMEs lead to */
    const char *up;      /* the end of `asked` whose NS records are asked for */
    const char *failure; /* the first one on the way up, or the last word */
    unsigned labels;     /* that were gone up */
    unsigned cnames;
    struct zone *zone;
    struct lookup *next; /* in zone->waiting */
    struct row *rows;
    unsigned nrows, open;
    mtasts_authority result;
} lookup;

/* One name at one server. */
typedef struct row {
    struct row *sibling; /* of the same lookup, as they are asked */
    struct row *next;    /* in the server's queue */
    lookup *of;
    struct server *at;
    const char *host;
    const mtasts_dns_answer *answer;
} row;

typedef struct server {
    mtasts_authorities *all;
    struct server *made_before;
    struct server *next; /* in all->waiting */
    mtasts_dns_address address;
    char text[INET6_ADDRSTRLEN];
    const char *never; /* why it is not asked, or NULL */
    row *first, *last; /* the queue: not asked yet */
    int queued;        /* in all->waiting */
    mtasts_dns_run *run;
} server;

typedef struct {
    struct zone *of;
    const char *name;
    const mtasts_dns_answer *a, *aaaa;
} host;

/* An address, and the first host that has it. */
typedef struct {
    server *at;
    const char *host;
} choice;

typedef struct zone {
    mtasts_authorities *all;
    struct zone *made_before;
    host hosts[HOST_MAX];
    unsigned nhosts, open; /* open: questions for addresses */
    choice asked[MTASTS_AUTHORITY_MAX];
    unsigned nasked;
    const char *failure; /* why none is asked */
    lookup *waiting;     /* until its addresses are known */
    char name[];
} zone;

struct mtasts_authorities {
    struct block *blocks; /* see mtasts_authority_alloc() */
    mtasts_dns_options options;
    mtasts_dns_run *resolver;
    int loopback; /* may be asked */
    lookup *lookups;
    size_t n;
    zone *zones; /* the last one made */
    void *zone_tree;
    server *servers; /* the last one made */
    void *server_tree;
    server *waiting, *last_waiting; /* to be asked */
    server *active[AT_ONCE];
    unsigned nactive;
};

/* --- authority.c --- */

/* The lookup's zone is known, and who is to be asked. */
void mtasts_authority_found(lookup *l, zone *z);

/* It can't be. */
void mtasts_authority_failed(lookup *l, const char *why);

/* What the server said; the answer is copied. */
void mtasts_authority_told(row *r, const mtasts_dns_answer *answer);

/* As the server said nothing. */
void mtasts_authority_untold(row *r, const char *why);

/* --- authority_zone.c --- */

/* Finds the zone of l->asked: then one of the above, now or later. */
void mtasts_authority_find(lookup *l);

void mtasts_authority_zones_free(mtasts_authorities *all);

/* --- authority_server.c --- */

/* The server with that address, the same for all zones; NULL without memory. */
server *mtasts_authority_server_get(mtasts_authorities *all,
                                    const mtasts_dns_address *address);

/* Has r->at asked, now or later. */
void mtasts_authority_ask(row *r);

/* Works until everything is told. */
void mtasts_authority_work(mtasts_authorities *all);

void mtasts_authority_servers_free(mtasts_authorities *all);

/* --- authority_memory.c --- */

/* Zeroed memory, and a copy of a text, that live as long as `all`; or NULL. */
void *mtasts_authority_alloc(mtasts_authorities *all, size_t size);
const char *mtasts_authority_text(mtasts_authorities *all, const char *text);

void mtasts_authority_memory_free(mtasts_authorities *all);

#endif
