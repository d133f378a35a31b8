#include "alabel.h"

#include <string.h>

#include <apr_strings.h>
#include <idn2.h>

const char *mtasts_alabel(apr_pool_t *p, const char *name)
{
    const char *star = strncmp(name, "*.", 2) ? "" : "*.";
    const char *result = NULL;
    char *ascii;

    if (idn2_to_ascii_8z(name + strlen(star), &ascii,
                         IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL) == IDN2_OK) {
        result = apr_pstrcat(p, star, ascii, NULL);
        idn2_free(ascii);
    }
    return result;
}
