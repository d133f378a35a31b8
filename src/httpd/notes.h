#ifndef MTASTS_NOTES_H
#define MTASTS_NOTES_H

/*
 * What is said about the configuration: refusals at once, findings kept as
 * notes for log and dump.  At configuration time.
 */

#include "site.h"

/* Says, in httpd's words for a directive that it refuses, so that one search
 * finds both, why the configuration can never be right; counts it. */
void mtasts_refuse(int *refused, mtasts_place place, const char *directive,
                   const mtasts_finding *why);

/* mtasts_finding_fn: copies the finding into the array of mtasts_note that
 * ctx is. */
void mtasts_keep(void *ctx, const mtasts_finding *f);

/* The same for a finding on one domain alone. */
void mtasts_keep_for_site(apr_pool_t *p, mtasts_site *site,
                          const mtasts_finding *f);

/* Says of the notes from index `from` on what they are about; else it is the
 * domain. */
void mtasts_notes_about(apr_array_header_t *notes, int from,
                        mtasts_about about);

/* All notes on one site, as an array of mtasts_note in `p`. */
apr_array_header_t *mtasts_site_notes(apr_pool_t *p, const mtasts_site *site);

/* Errors first, unknown last; else as found. */
void mtasts_notes_sort(apr_array_header_t *notes);

/* Logs one note to the log of `s`; `others` domains share it with its
 * subject. */
void mtasts_note_log(server_rec *s, const mtasts_note *n, int others);

/* Logs all notes of all servers (an array of server_rec *), each to its
 * server's log. */
void mtasts_notes_log(const apr_array_header_t *servers);

#endif
