/*
 * Where each domain is in its plan, and how far the publication of its TXT records
 * is.  All front ends write the same row: who does says what it was, and of several
 * that do so at once one has its way.
 */

#include "ledger_private.h"

#include <string.h>

#define VALUE_MAX 65535 /* octets; no TXT record has more */
#define KEY_MAX   2     /* columns of a key */
#define SAID_MAX  1023
#define COLS_MAX  7 /* and behind it */
#define ARGS_MAX  (KEY_MAX + 2 * COLS_MAX)

/* --- rows --- */

static const char *const records[MTASTS_LEDGER_RECORDS] = {"sts", "tlsrpt"};

int mtasts_row_record(const char *name)
{
    int i = MTASTS_LEDGER_RECORDS - 1;

    while (i >= 0 && strcmp(records[i], name)) {
        i--;
    }
    return i;
}

static int mode_of(const char *name, mtasts_mode *out)
{
    int m;

    for (m = MTASTS_MODE_TESTING; m <= MTASTS_MODE_NONE; m++) {
        if (!strcmp(name, mtasts_mode_name((mtasts_mode)m))) {
            *out = (mtasts_mode)m;
            return 1;
        }
    }
    return 0;
}

static int state_of(const char *name, enum mtasts_publish_state *out)
{
    int s;

    for (s = MTASTS_RECORD_WAITS; s <= MTASTS_RECORD_DONE; s++) {
        if (!strcmp(name,
                    mtasts_publish_state_name((enum mtasts_publish_state)s))) {
            *out = (enum mtasts_publish_state)s;
            return 1;
        }
    }
    return 0;
}

static int is_value(const char *value)
{
    return *value && mtasts_db_is_text(value, VALUE_MAX + 1);
}

int mtasts_row_step(const char *const *row, mtasts_ledger_step *out)
{
    int64_t max_age;

    if (!mode_of(row[0], &out->mode) ||
        !mtasts_db_number(row[1], MTASTS_MAX_AGE_MAX, &max_age) ||
        max_age < 1 ||
        !mtasts_db_number(row[2], MTASTS_TIME_MAX, &out->since) ||
        !mtasts_db_number(row[3], MTASTS_TIME_MAX, &out->green) ||
        !mtasts_db_number(row[4], MTASTS_TIME_MAX, &out->looked)) {
        return 0;
    }
    out->max_age = (uint32_t)max_age;
    return 1;
}

int mtasts_row_publishing(const char *const *row, mtasts_ledger_publishing *out)
{
    mtasts_publishing *is = &out->is;
    int64_t failures;

    if (!is_value(row[0]) || !state_of(row[1], &is->state) ||
        !mtasts_db_number(row[2], MTASTS_TIME_MAX, &is->since) ||
        !mtasts_db_number(row[3], MTASTS_TIME_MAX, &is->next) ||
        !mtasts_db_number(row[4], MTASTS_TIME_MAX, &is->served) ||
        !mtasts_db_number(row[5], INT32_MAX, &failures) ||
        !mtasts_db_is_text(row[6], SAID_MAX + 1)) {
        return 0;
    }
    out->value = row[0];
    out->said = *row[6] ? row[6] : NULL;
    is->failures = (unsigned)failures;
    return 1;
}

/* --- what a row has behind its key --- */

static const void *number(apr_pool_t *p, int64_t n)
{
    apr_int64_t *of = apr_palloc(p, sizeof(*of));

    *of = n;
    return of;
}

static const void *moment(apr_pool_t *p, int64_t t)
{
    return number(p, mtasts_db_time(t));
}

/* Fills `to`; 0 if it is nothing that reading would believe. */
typedef int values_fn(apr_pool_t *p, const void *of, const void **to);

static int step_values(apr_pool_t *p, const void *of, const void **to)
{
    const mtasts_ledger_step *step = of;

    if ((unsigned)step->mode > MTASTS_MODE_NONE || step->max_age < 1 ||
        step->max_age > MTASTS_MAX_AGE_MAX) {
        return 0;
    }
    to[0] = mtasts_mode_name(step->mode);
    to[1] = number(p, step->max_age);
    to[2] = moment(p, step->since);
    to[3] = moment(p, step->green);
    to[4] = moment(p, step->looked);
    return 1;
}

static int publishing_values(apr_pool_t *p, const void *of, const void **to)
{
    const mtasts_ledger_publishing *publishing = of;
    const mtasts_publishing *is = &publishing->is;
    const char *said = publishing->said ? publishing->said : "";

    if (!is_value(publishing->value) ||
        !mtasts_db_is_text(said, SAID_MAX + 1) ||
        (unsigned)is->state > MTASTS_RECORD_DONE) {
        return 0;
    }
    to[0] = publishing->value;
    to[1] = mtasts_publish_state_name(is->state);
    to[2] = moment(p, is->since);
    to[3] = moment(p, is->next);
    to[4] = moment(p, is->served);
    to[5] = number(p, is->failures < INT32_MAX ? is->failures : INT32_MAX);
    to[6] = said;
    return 1;
}

static int is_step(const char *const *row)
{
    mtasts_ledger_step step;

    return mtasts_row_step(row, &step);
}

static int is_publishing(const char *const *row)
{
    mtasts_ledger_publishing publishing;

    return mtasts_row_publishing(row, &publishing);
}

/* --- tables --- */

typedef struct {
    const char *columns, *tuple;
    const char *update;    /* all but the key, where all is as it was */
    const char *remove;    /* the row, where all is as it was */
    const char *keep;      /* the row as it is until the transaction ends */
    const char *select;    /* all but the key */
    const char *overwrite; /* all but the key */
    int nkey, ncols;
    values_fn *values;
    int (*is_sane)(const char *const *row);
    const char *otherwise; /* of what `values` refuses */
} table;

#define STEP_SET                                                               \
    "UPDATE mtasts_step SET mode = %s, max_age = %lld, since = %lld, "         \
    "green_since = %lld, looked_at = %lld WHERE domain = %s"
#define STEP_AS_IT_WAS                                                         \
    " AND mode = %s AND max_age = %lld AND since = %lld AND "                  \
    "green_since = %lld AND looked_at = %lld"

static const table steps = {
    .columns = "mtasts_step (domain, mode, max_age, since, green_since, "
               "looked_at)",
    .tuple = "(%s, %s, %lld, %lld, %lld, %lld)",
    .update = STEP_SET STEP_AS_IT_WAS,
    .remove = "DELETE FROM mtasts_step WHERE domain = %s" STEP_AS_IT_WAS,
    .keep = "UPDATE mtasts_step SET since = since WHERE domain = %s",
    .select = "SELECT mode, max_age, since, green_since, looked_at "
              "FROM mtasts_step WHERE domain = %s",
    .overwrite = STEP_SET,
    .nkey = 1,
    .ncols = 5,
    .values = step_values,
    .is_sane = is_step,
    .otherwise = "that is no step of a plan",
};

#define PUBLISHING_KEY " WHERE domain = %s AND record = %s"
#define PUBLISHING_SET                                                         \
    "UPDATE mtasts_publishing SET value = %s, state = %s, since = %lld, "      \
    "next_at = %lld, served_since = %lld, failures = %lld, said = "            \
    "%s" PUBLISHING_KEY
#define PUBLISHING_AS_IT_WAS                                                   \
    " AND value = %s AND state = %s AND since = %lld AND next_at = %lld AND "  \
    "served_since = %lld AND failures = %lld AND said = %s"

static const table publishings = {
    .columns = "mtasts_publishing (domain, record, value, state, since, "
               "next_at, served_since, failures, said)",
    .tuple = "(%s, %s, %s, %s, %lld, %lld, %lld, %lld, %s)",
    .update = PUBLISHING_SET PUBLISHING_AS_IT_WAS,
    .remove =
        "DELETE FROM mtasts_publishing" PUBLISHING_KEY PUBLISHING_AS_IT_WAS,
    .keep = "UPDATE mtasts_publishing SET since = since" PUBLISHING_KEY,
    .select =
        "SELECT value, state, since, next_at, served_since, failures, said "
        "FROM mtasts_publishing" PUBLISHING_KEY,
    .overwrite = PUBLISHING_SET,
    .nkey = 2,
    .ncols = 7,
    .values = publishing_values,
    .is_sane = is_publishing,
    .otherwise = "that is no TXT record's publication",
};

/* --- a change --- */

typedef struct {
    const table *of;
    const void *key[KEY_MAX];
    const void *was, *is; /* NULL: no row */
    int *lost;
    /* while it runs: behind the key */
    const void *old[COLS_MAX], *new[COLS_MAX];
} change;

/* Adds to a statement's parameters; returns their end. */
static const void **add(const void **end, const void *const *more, int n)
{
    while (n--) {
        *end++ = *more++;
    }
    return end;
}

/* There is a row, though the caller saw none: another front end was first, unless
 * reading takes it for none. */
static int replace(mtasts_ledger *l, apr_pool_t *p, change *c)
{
    const table *t = c->of;
    const void *args[ARGS_MAX];
    const char **row = NULL;
    int there;

    add(args, c->key, t->nkey);
    if (!mtasts_db_write(l, p, t->keep, args, &there) ||
        (there && !mtasts_db_one(l, p, t->select, args, t->ncols, &row))) {
        return 0;
    }
    *c->lost = !row || t->is_sane(row);
    add(add(args, c->new, t->ncols), c->key, t->nkey);
    return *c->lost || mtasts_db_write(l, p, t->overwrite, args, NULL);
}

static int make(mtasts_ledger *l, apr_pool_t *p, change *c)
{
    const table *t = c->of;
    const void *args[ARGS_MAX];
    int made;

    add(add(args, c->key, t->nkey), c->new, t->ncols);
    if (!mtasts_db_insert_new(l, p, t->columns, t->tuple, args, &made)) {
        return 0;
    }
    *c->lost = 0;
    return made > 0 || replace(l, p, c);
}

static int update(mtasts_ledger *l, apr_pool_t *p, change *c)
{
    const table *t = c->of;
    const void *args[ARGS_MAX], **end = args;
    int there;

    if (c->is) {
        end = add(end, c->new, t->ncols);
    }
    add(add(end, c->key, t->nkey), c->old, t->ncols);
    if (!mtasts_db_write(l, p, c->is ? t->update : t->remove, args, &there)) {
        return 0;
    }
    *c->lost = there == 0;
    return 1;
}

static int write_change(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    change *c = ctx;

    *c->lost = 1;
    if ((c->was && !c->of->values(p, c->was, c->old)) ||
        (c->is && !c->of->values(p, c->is, c->new))) {
        return mtasts_ledger_fail(l, c->of->otherwise, c->key[0]);
    }
    return c->was ? update(l, p, c) : make(l, p, c);
}

/* What is not written, as the ledger was opened for reading, is lost, too: who
 * must write something down before it acts doesn't act then. */
static int write_row(mtasts_ledger *l, apr_pool_t *p, change *c)
{
    *c->lost = c->was || c->is;
    if (*c->lost && !mtasts_ledger_do(l, p, 1, write_change, c)) {
        *c->lost = 1;
        return 0;
    }
    return 1;
}

int mtasts_ledger_set_step(mtasts_ledger *l, apr_pool_t *p, const char *domain,
                           const mtasts_ledger_step *was,
                           const mtasts_ledger_step *is, int *lost)
{
    change c = {
        .of = &steps, .key = {domain}, .was = was, .is = is, .lost = lost};

    return write_row(l, p, &c);
}

int mtasts_ledger_set_publishing(mtasts_ledger *l, apr_pool_t *p,
                                 const char *domain, int record,
                                 const mtasts_ledger_publishing *was,
                                 const mtasts_ledger_publishing *is, int *lost)
{
    change c = {.of = &publishings,
                .key = {domain, records[record]},
                .was = was,
                .is = is,
                .lost = lost};

    return write_row(l, p, &c);
}

/* --- reading one domain's --- */

typedef struct {
    apr_pool_t *p;
    const char *domain;
    const mtasts_ledger_publishing **publishing;
} reading;

static int read_publishing(mtasts_ledger *l, apr_pool_t *p, void *ctx)
{
    const reading *r = ctx;
    mtasts_ledger_publishing is;
    int i;

    for (i = 0; i < MTASTS_LEDGER_RECORDS; i++) {
        const void *key[] = {r->domain, records[i]};
        const char **row;

        r->publishing[i] = NULL;
        if (!mtasts_db_one(l, p, publishings.select, key, publishings.ncols,
                           &row)) {
            return 0;
        }
        if (row && mtasts_row_publishing(row, &is)) {
            is.value = apr_pstrdup(r->p, is.value);
            is.said = is.said ? apr_pstrdup(r->p, is.said) : NULL;
            r->publishing[i] = apr_pmemdup(r->p, &is, sizeof(is));
        }
    }
    return 1;
}

int mtasts_ledger_read_publishing(
    mtasts_ledger *l, apr_pool_t *p, const char *domain,
    const mtasts_ledger_publishing *publishing[MTASTS_LEDGER_RECORDS])
{
    reading r = {p, domain, publishing};
    int i;

    for (i = 0; i < MTASTS_LEDGER_RECORDS; i++) {
        publishing[i] = NULL;
    }
    return mtasts_ledger_do(l, p, 0, read_publishing, &r);
}
