/* How a site stands, by what is known of it at a glance. */

#include "status_private.h"

mtasts_stands mtasts_status_stands(const mtasts_status_row *row)
{
    const mtasts_glance *is = &row->is;

    if (is->findings[MTASTS_ERROR]) {
        return MTASTS_STANDS_ERROR;
    }
    if (is->findings[MTASTS_WARNING]) {
        return MTASTS_STANDS_WARNING;
    }
    if (!row->checks || !is->checked) {
        return MTASTS_STANDS_UNCHECKED;
    }
    return is->findings[MTASTS_UNKNOWN] ? MTASTS_STANDS_UNKNOWN
                                        : MTASTS_STANDS_OK;
}

const char *mtasts_stands_name(mtasts_stands s)
{
    static const char *const names[MTASTS_STANDS] = {
        "error", "warning", "unknown", "unchecked", "ok"};

    return names[s];
}
