#include "notes.h"

#define LOG_MAX 20 /* findings on single domains logged per server */

void mtasts_refuse(int *refused, mtasts_place place, const char *directive,
                   const mtasts_finding *why)
{
    ++*refused;
    if (place.file) {
        ap_log_error(APLOG_MARK, APLOG_STARTUP, 0, NULL,
                     "Syntax error on line %d of %s:", place.line, place.file);
    }
    ap_log_error(APLOG_MARK, APLOG_STARTUP, 0, NULL, "%s: %s. %s [%s]",
                 directive, why->text, why->remedy,
                 mtasts_code_name(why->code));
}

void mtasts_keep(void *ctx, const mtasts_finding *f)
{
    apr_array_header_t *notes = ctx;
    mtasts_note *note = apr_array_push(notes);

    note->code = f->code;
    note->about = MTASTS_ABOUT_DOMAIN;
    note->severity = f->severity;
    note->blocks = f->blocks;
    note->subject = apr_pstrdup(notes->pool, f->subject);
    note->text = apr_pstrdup(notes->pool, f->text);
    note->remedy = apr_pstrdup(notes->pool, f->remedy);
}

void mtasts_keep_for_site(apr_pool_t *p, mtasts_site *site,
                          const mtasts_finding *f)
{
    if (!site->notes) {
        site->notes = apr_array_make(p, 1, sizeof(mtasts_note));
    }
    mtasts_keep(site->notes, f);
}

apr_array_header_t *mtasts_site_notes(apr_pool_t *p, const mtasts_site *site)
{
    apr_array_header_t *notes = apr_array_copy(p, site->served->notes);
    int i;

    for (i = 0; i < notes->nelts; i++) {
        APR_ARRAY_IDX(notes, i, mtasts_note).subject = site->name->value;
    }
    if (site->notes) {
        apr_array_cat(notes, site->notes);
    }
    return notes;
}

void mtasts_notes_about(apr_array_header_t *notes, int from, mtasts_about about)
{
    for (; from < notes->nelts; from++) {
        APR_ARRAY_IDX(notes, from, mtasts_note).about = about;
    }
}

void mtasts_note_log(server_rec *s, const mtasts_note *n, int others)
{
    static const int levels[] = {APLOG_ERR, APLOG_WARNING, APLOG_INFO,
                                 APLOG_NOTICE, APLOG_ERR};
    char more[64] = "";

    if (others) {
        apr_snprintf(more, sizeof(more),
                     " (and %d other domains of this virtual host)", others);
    }
    ap_log_error(APLOG_MARK, APLOG_NOERRNO | levels[n->severity], 0, s,
                 "mtasts: %s%s%s: %s%s. To do: %s", n->subject,
                 *n->subject ? ": " : "", mtasts_code_name(n->code), n->text,
                 more, n->remedy);
}

/* A mistake in one line can concern each of many domains: the log shows the
 * first ones, the dump all. */
static void log_site_notes(const mtasts_served *served)
{
    int i, j, logged = 0;

    for (i = 0; i < served->sites->nelts; i++) {
        const apr_array_header_t *notes =
            APR_ARRAY_IDX(served->sites, i, mtasts_site).notes;

        for (j = 0; notes && j < notes->nelts; j++) {
            if (logged++ < LOG_MAX) {
                mtasts_note_log(served->server,
                                &APR_ARRAY_IDX(notes, j, mtasts_note), 0);
            }
        }
    }
    if (logged > LOG_MAX) {
        ap_log_error(APLOG_MARK, APLOG_NOERRNO | APLOG_WARNING, 0,
                     served->server,
                     "mtasts: %d more findings on domains of this virtual "
                     "host; apachectl -t -D DUMP_MTASTS shows all",
                     logged - LOG_MAX);
    }
}

void mtasts_notes_log(const apr_array_header_t *servers)
{
    int i, j;

    for (i = 0; i < servers->nelts; i++) {
        server_rec *s = APR_ARRAY_IDX(servers, i, server_rec *);
        const mtasts_served *served = mtasts_config_of(s)->served;
        const apr_array_header_t *own = mtasts_config_of(s)->notes;

        for (j = 0; own && j < own->nelts; j++) {
            mtasts_note_log(s, &APR_ARRAY_IDX(own, j, mtasts_note), 0);
        }
        if (!served) {
            continue;
        }
        for (j = 0; j < served->notes->nelts; j++) {
            mtasts_note_log(s, &APR_ARRAY_IDX(served->notes, j, mtasts_note),
                            served->sites->nelts - 1);
        }
        log_site_notes(served);
    }
}

void mtasts_notes_sort(apr_array_header_t *notes)
{
    int i, j;

    /* By insertion: it keeps the order within a severity, and they are few. */
    for (i = 1; i < notes->nelts; i++) {
        mtasts_note n = APR_ARRAY_IDX(notes, i, mtasts_note);

        for (j = i; j > 0; j--) {
            const mtasts_note *before =
                &APR_ARRAY_IDX(notes, j - 1, mtasts_note);

            if (before->severity <= n.severity) {
                break;
            }
            APR_ARRAY_IDX(notes, j, mtasts_note) = *before;
        }
        APR_ARRAY_IDX(notes, j, mtasts_note) = n;
    }
}
