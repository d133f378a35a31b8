#ifndef MAIL_H
#define MAIL_H

/*
 * A year of mail to the domain, sender by sender, through the timelines of a
 * world.
 */

#include "kinds.h"

typedef struct {
    long senders[KINDS], mails[KINDS];
    long enforced[KINDS]; /* mails sent while a policy in enforce was held */
    long refused[KINDS];
    char story[16384]; /* of the first refused mail; "" if there is none */
} mail_report;

/* Call it once for each world when its year is over, before any mail. */
void mail_prepare(world *w);

/* Sends a year's mail of sender `number`. */
void mail_year(const world *w, uint64_t seed, int number, mail_report *out);

#endif
