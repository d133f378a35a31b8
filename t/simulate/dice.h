#ifndef DICE_H
#define DICE_H

/* Chance that is the same in each run with the same seed (splitmix64). */

#include <stdint.h>

typedef struct {
    uint64_t state;
} dice;

static inline uint64_t dice_roll(dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15u;

    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

/* A stream of its own for each purpose and number. */
static inline dice dice_of(uint64_t seed, uint64_t purpose, uint64_t number)
{
    dice d = {seed ^ purpose << 56 ^ number << 20};

    d.state = dice_roll(&d);
    return d;
}

/* 0 to n - 1 */
static inline int64_t dice_below(dice *d, int64_t n)
{
    return (int64_t)(dice_roll(d) % (uint64_t)n);
}

/* From a to b, both included. */
static inline int64_t dice_between(dice *d, int64_t a, int64_t b)
{
    return a + dice_below(d, b - a + 1);
}

static inline int dice_chance(dice *d, int percent)
{
    return dice_below(d, 100) < percent;
}

#endif
