#ifndef MTASTS_STATUS_DOMAIN_H
#define MTASTS_STATUS_DOMAIN_H

/*
 * The pieces of a domain's page.  Nothing of httpd.  What they are made from is the
 * JSON document, of which anything may be missing or of another kind: then it is as
 * if it were not known.
 *
 *   status_domain.c   the page as a whole
 *   status_group.c    which finding belongs where
 *   status_verdict.c  the three questions, and what to do next
 *   status_policy.c   the policy as configured and served
 *   status_records.c  the DNS records to publish
 *   status_plan.c     the way to enforce
 *   status_checks.c   what was looked at: DNS, configuration, the rest
 *   status_tls.c      the same: MX hosts, certificate, public fetch
 *   status_held.c     what senders may hold
 *   status_picture.c  the same as a picture
 *   status_past.c     fetches and events
 */

#include "status_parts.h"
#include "status_private.h"

#define MTASTS_ROWS_MAX 100 /* of a table; the JSON document has all */

/* Where on the page a finding is.  In this order. */
typedef enum {
    MTASTS_GROUP_POLICY,  /* that another one is served */
    MTASTS_GROUP_RECORDS, /* publishing */
    MTASTS_GROUP_PLAN,
    MTASTS_GROUP_DNS,
    MTASTS_GROUP_MX,
    MTASTS_GROUP_CERT,
    MTASTS_GROUP_FETCH,
    MTASTS_GROUP_CONFIG,
    MTASTS_GROUP_OTHER, /* the module itself, and what is not known here */
    MTASTS_GROUP_HELD,
    MTASTS_GROUPS
} mtasts_group;

/* What senders do with a policy. */
typedef enum {
    MTASTS_QUESTION_FIND,
    MTASTS_QUESTION_ACCEPT,
    MTASTS_QUESTION_FOLLOW,
    MTASTS_QUESTIONS /* none of these */
} mtasts_question;

typedef struct {
    const json_t *is; /* as in the document */
    const json_t *of; /* the policy that has it, the first of several */
    apr_size_t n;     /* of how many */
    const char *area; /* never NULL */
    mtasts_group group;
    mtasts_question question;
    mtasts_stands
        stands;      /* ERROR, WARNING, UNKNOWN, or OK if nothing is wrong */
    unsigned number; /* on the page, from 1 */
} mtasts_view_finding;

typedef struct {
    mtasts_page *page;
    const mtasts_status_frame *frame;
    const json_t *policies; /* of one domain, at least one; or NULL */
    const json_t *events;   /* or NULL */
    const char *domain;     /* never NULL */
    apr_size_t n;           /* of policies */
    const apr_array_header_t *findings; /* mtasts_view_finding */
} mtasts_view;

/* --- status_domain.c --- */

/* The member of a policy or of anything below it that is a string, not empty; cut
 * where it is long, in page->p; else NULL. */
const char *mtasts_view_string(const mtasts_view *v, const json_t *object,
                               const char *name);

/* Such a member as the time that it tells, in seconds since 1970; 0: not known. */
apr_int64_t mtasts_view_time(const json_t *object, const char *name);

/* 1 or 0; -1: not known. */
int mtasts_view_is(const json_t *object, const char *name);

/* All members of an array that some of the policies have, equal ones once: `name` is
 * the array's, `in` (or NULL) that of the object in which it is.  As const json_t *;
 * never NULL. */
const apr_array_header_t *mtasts_view_all(const mtasts_view *v, const char *in,
                                          const char *name);

/* The virtual host of a policy, to show; never NULL. */
const char *mtasts_view_vhost(const mtasts_view *v, const json_t *policy);

/* Why nothing is known of it, though it may be: the checks are off, or what was
 * found can't be read; or else `otherwise`. */
const char *mtasts_view_why_not(const mtasts_view *v, const char *otherwise);

/* 1 if somebody has looked at the domain. */
int mtasts_view_looked(const mtasts_view *v);

/* <section id="ID" ..> with its <h2>, and its end. */
void mtasts_view_section(const mtasts_view *v, const char *id,
                         const char *title);
void mtasts_view_section_end(const mtasts_view *v);

/* Where there are several, the heading of what a virtual host has of its own. */
void mtasts_view_vhost_heading(const mtasts_view *v, const json_t *policy,
                               int level);

/* <dt>NAME</dt><dd>, and its end; in <dl class="facts">. */
void mtasts_view_fact(const mtasts_view *v, const char *name);
void mtasts_view_fact_end(const mtasts_view *v);

/* <table> in what scrolls, with its column headings: `columns` ends with NULL. */
void mtasts_view_table(const mtasts_view *v, const char *caption,
                       const char *const *columns);
void mtasts_view_table_end(const mtasts_view *v);

/* Of `n` rows not all are shown; nothing if they are. */
void mtasts_view_more(const mtasts_view *v, int n);

/* --- status_group.c --- */

/* All findings on the domain, each once; in page->p. */
const apr_array_header_t *mtasts_view_findings(const mtasts_view *v);

/* The worst of those that are in this area; ERROR, WARNING, UNKNOWN or OK. */
mtasts_stands mtasts_view_area_stands(const mtasts_view *v, const char *area);

/* The first of the worst to which the question applies; MTASTS_QUESTIONS: of all.
 * NULL if nothing is wrong. */
const mtasts_view_finding *mtasts_view_worst(const mtasts_view *v,
                                             mtasts_question question);

/* The worst finding on that subject in the areas of a group; OK if there is none. */
mtasts_stands mtasts_view_subject_stands(const mtasts_view *v,
                                         mtasts_group group,
                                         const char *subject);

/* Writes the findings of a group; returns how many it has.  `level` is that of their
 * headings: 3 or 4. */
int mtasts_view_put_findings(const mtasts_view *v, mtasts_group group,
                             int level);
int mtasts_view_count(const mtasts_view *v, mtasts_group group);

/* What is to be said of a group that has no findings: <p class="right">. */
void mtasts_view_right(const mtasts_view *v, const char *badge,
                       const char *text);

/* --- a piece of the page each --- */

void mtasts_view_questions(const mtasts_view *v);
void mtasts_view_next(const mtasts_view *v);
void mtasts_view_policy(const mtasts_view *v);
void mtasts_view_records(const mtasts_view *v);
void mtasts_view_plan(const mtasts_view *v); /* nothing without one */
void mtasts_view_checks(const mtasts_view *v);
void mtasts_view_mx(const mtasts_view *v);
void mtasts_view_cert(const mtasts_view *v);
void mtasts_view_fetch(const mtasts_view *v);
void mtasts_view_held(const mtasts_view *v);
void mtasts_view_picture(const mtasts_view *v, const apr_array_header_t *held);
void mtasts_view_fetches(const mtasts_view *v);
void mtasts_view_events(const mtasts_view *v);

/* 1 if one of the policies has a plan. */
int mtasts_view_has_plan(const mtasts_view *v);

/* Whether the policies that the domain has name an MX host: "yes", "no", "only in
 * ..."; "" if it is not known. */
const char *mtasts_view_matched(const mtasts_view *v, const char *host);

#endif
