#ifndef FUZZ_H
#define FUZZ_H

/* Each target is one file with LLVMFuzzerTestOneInput().  `make fuzz` links it
 * with libFuzzer, `make test` with replay.c, which runs it over its corpus. */

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What must hold for every input; also in a build without assert(). */
#define MUST(cond)                                                             \
    do {                                                                       \
        if (!(cond)) {                                                         \
            fprintf(stderr, "%s:%d: %s\n", __FILE__, __LINE__, #cond);         \
            abort();                                                           \
        }                                                                      \
    } while (0)

/* The input as a string of its own size, so that reading past its end is
 * seen; free() it. */
static inline char *fuzz_string(const uint8_t *data, size_t size)
{
    char *s = malloc(size + 1);

    MUST(s != NULL);
    if (size) {
        memcpy(s, data, size);
    }
    s[size] = '\0';
    return s;
}

static inline void must_be_printable(const char *s)
{
    for (; *s; s++) {
        MUST(*s >= 0x20 && *s <= 0x7e);
    }
}

#endif
