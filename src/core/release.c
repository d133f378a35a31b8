#include "release.h"

#include "mx_match.h"

/* How much a mode asks of senders. */
static int strictness(mtasts_mode mode)
{
    return mode == MTASTS_MODE_ENFORCE ? 2 : mode == MTASTS_MODE_TESTING;
}

int mtasts_is_way_out(const mtasts_policy *to, const mtasts_policy *from)
{
    size_t i;

    if (to->mode == MTASTS_MODE_NONE) {
        return 1;
    }
    if (strictness(to->mode) > strictness(from->mode) ||
        to->max_age > from->max_age) {
        return 0;
    }
    /* A pattern is looked for as if it were a host: "*.example.com" is matched
     * by itself alone, as no name has the label "*". */
    for (i = 0; i < from->nmx; i++) {
        if (!mtasts_mx_match_any(to->mx, to->nmx, from->mx[i])) {
            return 0;
        }
    }
    return 1;
}

int mtasts_holds_back(const mtasts_finding *f)
{
    switch (f->code) {
    case MTASTS_CACHED_MX_UNMATCHED:
    case MTASTS_TXT_MULTIPLE: /* then senders find neither policy */
    case MTASTS_TXT_SYNTAX:
        return 0;
    case MTASTS_CERT_NAME:
    case MTASTS_CERT_EXPIRED:
    case MTASTS_CERT_NOT_YET:
    case MTASTS_CERT_CHAIN:
    case MTASTS_CERT_SELF_SIGNED:
        return f->severity == MTASTS_ERROR;
    default:
        return f->blocks != 0;
    }
}
