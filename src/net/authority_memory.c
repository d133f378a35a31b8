/* What lives as long as the result, in no particular order. */

#include "authority_private.h"

#include <stdlib.h>
#include <string.h>

typedef struct block {
    struct block *next;
    char bytes[];
} block;

void *mtasts_authority_alloc(mtasts_authorities *all, size_t size)
{
    block *b = calloc(1, sizeof(*b) + size);

    if (!b) {
        return NULL;
    }
    b->next = all->blocks;
    all->blocks = b;
    return b->bytes;
}

const char *mtasts_authority_text(mtasts_authorities *all, const char *text)
{
    size_t size = strlen(text) + 1;
    char *copy = mtasts_authority_alloc(all, size);

    if (copy) {
        memcpy(copy, text, size);
    }
    return copy;
}

void mtasts_authority_memory_free(mtasts_authorities *all)
{
    block *b;

    while ((b = all->blocks)) {
        all->blocks = b->next;
        free(b);
    }
}
