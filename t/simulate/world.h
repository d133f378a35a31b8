#ifndef WORLD_H
#define WORLD_H

/*
 * One policy domain as the world sees it: its MX records and the hosts behind
 * them, its TXT record, the policy that its policy host serves.  Each is kept
 * as a timeline over the year, so that a sender can be led through the year on
 * its own, and see some of it late, as caches do.
 *
 * Numbers stand for hosts, MX sets, ids and policies: where they are in the
 * lists of the world.
 */

#include "dice.h"

#include "../../src/core/domain.h"
#include "../../src/core/policy.h"

#define MINUTE       60
#define HOUR         3600
#define DAY          86400
#define WEEK         (7 * DAY)

#define BEGIN        ((int64_t)1767225600) /* 2026-01-01 */
#define END          (BEGIN + 365 * DAY)

#define NONE         (-1)

#define HOSTS_MAX    250
#define POLICIES_MAX 1000
#define SETS_MAX     500
#define SET_MAX      8
#define PATTERNS_MAX 24
#define NAME_SIZE    64

typedef struct {
    int64_t from;
    int value;
} step;

typedef struct {
    step *steps;
    size_t n, room;
} timeline;

/* A host that can take mail. */
typedef struct {
    char name[NAME_SIZE];
    char pattern[NAME_SIZE]; /* as its operator asks to write it in policies */
    timeline up;             /* 1: it answers */
    timeline member;         /* 1: it takes mail for the domain */
    timeline proper;         /* 1: its certificate is valid */
    int64_t cert_until;      /* that of now */
    int renews;              /* its certificate is renewed by itself */
    int64_t leaves;          /* when it stops taking the domain's mail, or 0 */
} host;

/* MX records: hosts by preference. */
typedef struct {
    int n;
    int host[SET_MAX];
} mx_set;

typedef struct {
    int id; /* as it is published with it */
    char digest[MTASTS_ID_SIZE];
    mtasts_policy policy;
    const char *mx[PATTERNS_MAX];
    char room[PATTERNS_MAX][NAME_SIZE];
    /* Which hosts it lets senders deliver to: 1 for those to whom a "*" is one
     * label, 2 for those to whom it is any number, 3 for both.  See mail.c. */
    unsigned char allows[HOSTS_MAX];
} policy;

/* What happened, for the story of a refused mail. */
typedef struct {
    int64_t at;
    char text[160];
} entry;

typedef struct {
    char domain[NAME_SIZE];
    int64_t mx_ttl, txt_ttl; /* seconds */
    int64_t edge; /* how old a copy the policy host may hand out: a proxy or CDN
                     in front of it */
    host hosts[HOSTS_MAX];
    policy *policies[POLICIES_MAX];
    mx_set sets[SETS_MAX];
    char ids[POLICIES_MAX][MTASTS_ID_SIZE];
    int nhosts, npolicies, nsets, nids;
    timeline mx;        /* sets */
    timeline txt;       /* ids, or NONE */
    timeline served;    /* policies, or NONE */
    timeline reachable; /* 1: the policy host answers */
    entry *journal;
    size_t nentries, room;
} world;

/* The value at `when`, NONE before the first step. */
int timeline_at(const timeline *t, int64_t when);

/* `from` is not before what was added last. */
void timeline_add(timeline *t, int64_t from, int value);

/* An empty world with a TTL, a policy host with its bad hours, and no hosts. */
world *world_make(const char *domain, dice *d);
void world_free(world *w);

/* Writes into the journal, as printf(). */
void world_say(world *w, int64_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* A new host that takes the domain's mail from `at` on, with a good
 * certificate and bad hours of its own.  Its number. */
int world_add_host(world *w, int64_t at, const char *name, const char *pattern,
                   dice *d);

/* Time has come to `now`: certificates are renewed or run out, hosts leave. */
void world_pass(world *w, int64_t now);

/* Gives the host a new certificate. */
void host_renew(host *h, int64_t now);

int world_add_id(world *w, const char *id);

/* Adds the pattern to the list that p->mx is, unless it is there. */
void policy_name(mtasts_policy *p, const char **list, const char *pattern);

/* Takes over mode, max_age and patterns.  `id` is a number, or NONE for the one
 * that the module derives.  Equal policies get equal numbers. */
int world_add_policy(world *w, const mtasts_policy *p, int id);

/* Each from `at` on. */
void world_set_mx(world *w, int64_t at, const mx_set *set);
void world_set_txt(world *w, int64_t at, int id);
void world_serve(world *w, int64_t at, int number);

/* The MX records at `when`. */
const mx_set *world_mx(const world *w, int64_t when);

/* "enforce, max_age 86400: mail.example.com *.example.net" */
const char *show_policy(const policy *p, char *out, size_t size);
const char *show_set(const world *w, const mx_set *set, char *out, size_t size);

int set_has(const mx_set *set, int number);

#endif
