/*
 * Is it true that no mail is refused if one does what the module says?  Some
 * domains, a year each, twice: once in the hands of an administrator who follows
 * the module's advice, once of one who follows the usual tutorial, with the same
 * orders at the same times and the same senders.
 *
 * A mail is refused if a sender that holds a policy in mode enforce delivers it
 * to none of the MX hosts that it sees, though one of them would take it.
 *
 *   world          DNS, HTTPS and the hosts of one domain, as timelines
 *   orders         what the administrators are asked for
 *   ledger, sight  what the module remembers and says: the code of src/core
 *   advice         the administrator who does what it says
 *   tutorial       the one who does not
 *   kinds, sender  who sends, and what they hold for how long
 *   mail           their mail, and what is refused
 *
 * Left out are: DNS and HTTPS answers that are wrong, not just late or missing;
 * a resolver that keeps records beyond their TTL; a ledger that is lost; several
 * policies at once on different front ends; senders that go by an old policy for
 * as long as the policy host (mailauth) or the TXT record (Mimecast's library)
 * can't be had, against RFC 8461 5.1, as no rule of ours could mend that; queues
 * (a mail is tried once).
 *
 *   simulate [long]      SEED=n in the environment for another year
 */

#include "administrator.h"
#include "mail.h"

#include "../unit/tap.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

typedef struct {
    int worlds, senders; /* in each */
} scale;

typedef struct {
    deeds deeds;
    mail_report mail;
} outcome;

typedef void administrator(world *w, uint64_t seed, deeds *d);

static long sum(const long *list, size_t n)
{
    long all = 0;
    size_t i;

    for (i = 0; i < n; i++) {
        all += list[i];
    }
    return all;
}

static void run_world(uint64_t seed, int number, int senders,
                      administrator *administer, outcome *out)
{
    dice d = dice_of(seed, 'w', (uint64_t)number);
    uint64_t own = dice_roll(&d);
    char domain[NAME_SIZE];
    world *w;
    int i;

    snprintf(domain, sizeof(domain), "domain%d.example", number);
    w = world_make(domain, &d);
    administer(w, own, &out->deeds);
    mail_prepare(w);
    for (i = 0; i < senders; i++) {
        mail_year(w, own, i, &out->mail);
    }
    world_free(w);
}

static void run(uint64_t seed, const scale *s, administrator *administer,
                outcome *out)
{
    int i;

    memset(out, 0, sizeof(*out));
    for (i = 0; i < s->worlds; i++) {
        run_world(seed, i, s->senders, administer, out);
    }
}

static void report(const char *who, const outcome *o)
{
    size_t i;

    printf("# %s: %ld orders; %ld mails, %ld of them under a policy in "
           "enforce, %ld refused\n",
           who, o->deeds.orders, sum(o->mail.mails, KINDS),
           sum(o->mail.enforced, KINDS), sum(o->mail.refused, KINDS));
    for (i = 0; i < DEEDS; i++) {
        printf("#   %s: %ld\n", deed_name((deed_kind)i), o->deeds.deeds[i]);
    }
    for (i = 0; i < KINDS; i++) {
        printf("#   %s: %ld senders, %ld mails, %ld under enforce, %ld "
               "refused\n",
               kinds[i].name, o->mail.senders[i], o->mail.mails[i],
               o->mail.enforced[i], o->mail.refused[i]);
    }
    fputs(o->mail.story, stdout);
}

/* What a year proves in which little happened is little. */
static void check_deeds(const outcome *o)
{
    size_t i;

    for (i = 0; i < DEEDS; i++) {
        ok(o->deeds.deeds[i] > 0, "with the advice", deed_name((deed_kind)i));
    }
    for (i = 0; i < KINDS; i++) {
        ok(o->mail.enforced[i] > 0, "mail under a policy in enforce from",
           kinds[i].name);
    }
}

/* "N of N mails refused" */
static const char *show(const outcome *o, char out[80])
{
    snprintf(out, 80, "%ld of %ld mails refused", sum(o->mail.refused, KINDS),
             sum(o->mail.mails, KINDS));
    return out;
}

static void check(const outcome *advice, const outcome *tutorial)
{
    char text[80];

    ok(!sum(advice->mail.refused, KINDS), "with the advice",
       show(advice, text));
    if (!ok(!advice->deeds.contradictions, "with the advice",
            "nothing is said against it")) {
        printf("# %s\n", advice->deeds.contradiction);
    }
    ok(sum(tutorial->mail.refused, KINDS) > 0, "with the tutorial",
       show(tutorial, text));
}

/* What prove lets through. */
static void summarize(uint64_t seed, const outcome *advice,
                      const outcome *tutorial)
{
    char one[80], other[80];

    fprintf(stderr,
            "# simulate SEED=%" PRIu64 ": with the advice %s, with the "
            "tutorial %s\n",
            seed, show(advice, one), show(tutorial, other));
}

static uint64_t seed_of(int is_long)
{
    const char *given = getenv("SEED");

    if (given && *given) {
        return strtoull(given, NULL, 10);
    }
    return is_long ? (uint64_t)time(NULL) : 1;
}

int main(int argc, char **argv)
{
    static const scale brief = {12, 250}, full = {150, 500};
    static outcome advice, tutorial;
    int is_long = argc > 1 && !strcmp(argv[1], "long");
    const scale *s = is_long ? &full : &brief;
    uint64_t seed = seed_of(is_long);

    printf("# SEED=%" PRIu64 ": %d domains with %d senders each, a year\n",
           seed, s->worlds, s->senders);
    run(seed, s, follow_advice, &advice);
    run(seed, s, follow_tutorial, &tutorial);
    report("advice", &advice);
    report("tutorial", &tutorial);
    summarize(seed, &advice, &tutorial);
    check(&advice, &tutorial);
    check_deeds(&advice);
    return done();
}
