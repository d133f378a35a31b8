#include "alabel.h"

#include <string.h>

#include <apr_strings.h>
#include <idn2.h>

/* ": " and the A-label form of a domain name or mx pattern in UTF-8. */
static const char *alabel(apr_pool_t *p, const char *name)
{
    const char *star = strncmp(name, "*.", 2) ? "" : "*.";
    const char *suggestion = " (its labels begin with xn--)";
    char *ascii;

    if (idn2_to_ascii_8z(name + strlen(star), &ascii,
                         IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
        size_t len = strlen(ascii);

        if (len && ascii[len - 1] == '.') {
            ascii[len - 1] = '\0';
        }
        suggestion = apr_pstrcat(p, ": ", star, ascii, NULL);
        idn2_free(ascii);
    }
    return suggestion;
}

void mtasts_alabel_suggest(apr_pool_t *p, const char *name, mtasts_finding *why)
{
    if (why->code == MTASTS_NAME_U_LABEL) {
        MTASTS_FILL(why, MTASTS_NAME_U_LABEL, "", name, alabel(p, name));
    }
}
