#ifndef MTASTS_DIRECTIVES_PRIVATE_H
#define MTASTS_DIRECTIVES_PRIVATE_H

/* What the files of directives share; all of it while httpd reads its
 * configuration. */

#include "config.h"

/* What is wrong, for httpd, which puts "Syntax error on line N of FILE:" before
 * it. */
const char *mtasts_refusal(cmd_parms *cmd, const mtasts_finding *why);

/* Where the directive stands. */
mtasts_place mtasts_directive_place(const cmd_parms *cmd);

/* The configuration to write to; notes where its first directive stands. */
mtasts_config *mtasts_directive_config(const cmd_parms *cmd);

/* Takes one word; NULL or the refusal. */
typedef const char *mtasts_word_fn(cmd_parms *cmd, const char *word);

/* Calls take() for each word of a list of any length, until it refuses one; a list
 * without words is refused, which calls one a `kind`. */
const char *mtasts_each_word(cmd_parms *cmd, const char *args,
                             mtasts_word_fn *take, const char *kind);

/* On or Off. */
const char *mtasts_take_flag(cmd_parms *cmd, const char *arg, int *to);

/* A time, such as 90s or 1h. */
typedef struct {
    mtasts_code code;         /* of its refusal */
    apr_uint32_t least, most; /* seconds */
    int or_off;               /* Off will do, too: 0 */
} mtasts_duration;

const char *mtasts_take_duration(cmd_parms *cmd, const char *arg,
                                 const mtasts_duration *allowed,
                                 apr_uint32_t *to);

/* 1 to `max` without sign or leading zeros; else 0. */
int mtasts_take_number(const char *in, int max);

/* --- directives_watch.c: each as httpd calls it --- */

const char *mtasts_set_state_dir(cmd_parms *cmd, void *dconf, const char *arg);
const char *mtasts_set_ledger(cmd_parms *cmd, void *dconf, const char *driver,
                              const char *params);
const char *mtasts_set_watch_interval(cmd_parms *cmd, void *dconf,
                                      const char *arg);
const char *mtasts_set_notify_command(cmd_parms *cmd, void *dconf,
                                      const char *args);

/* A command and its arguments, with a NULL at the end, or Off: the NULL alone.
 * What can't be run is refused as `code`. */
const char *mtasts_take_command(cmd_parms *cmd, const char *args,
                                mtasts_code code, const char *const **to);

/* --- directives_publish.c --- */

const char *mtasts_set_publish_command(cmd_parms *cmd, void *dconf,
                                       const char *args);
const char *mtasts_set_publish_timeout(cmd_parms *cmd, void *dconf,
                                       const char *arg);
const char *mtasts_set_publish_delay(cmd_parms *cmd, void *dconf,
                                     const char *arg);
const char *mtasts_set_publish_foreign(cmd_parms *cmd, void *dconf,
                                       const char *arg);
const char *mtasts_set_fetch_quorum(cmd_parms *cmd, void *dconf,
                                    const char *arg);
const char *mtasts_set_rollout(cmd_parms *cmd, void *dconf, const char *args);
const char *mtasts_set_rollout_start(cmd_parms *cmd, void *dconf,
                                     const char *arg);

#endif
