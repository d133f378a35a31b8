#include "policy_read.h"

#include "domain.h"

#include <string.h>
#include <strings.h>

/*
 * What is refused though the RFC allows it, because a known sender or checker
 * refuses it: another line than version first, another field than the four, a
 * field (but mx) twice, CRLF and LF mixed, a max_age of 0, a name that ends in
 * a dot.  Blanks at a line's end are in the RFC's grammar, and all of them
 * strip these.  A policy of mode none without mx is allowed: who refuses it has
 * no policy, which comes to the same.
 */

#define DIGITS_MAX 10
/* One sender reads no more than this; what it needs must be there. */
#define FIRST_READ 10240

typedef struct {
    const char *data;
    size_t len;
} part;

typedef struct {
    const char *begin, *at, *end;
    int crlf; /* the first line ends in CRLF; another may not differ */
    int has_mode, has_max_age;
    mtasts_policy_read *out;
} reader;

/* What reads or checks returns NULL, or what is wrong with the line. */
typedef const char *read_fn(reader *r, part value);

static int is_wsp(char c)
{
    return c == ' ' || c == '\t';
}

static int is(const part *p, const char *word)
{
    return p->len == strlen(word) && !memcmp(p->data, word, p->len);
}

/* What `value` says is in what every sender reads. */
static int is_early(const reader *r, part value)
{
    return (size_t)(value.data - r->begin) + value.len <= FIRST_READ;
}

static const char late[] =
    "comes after the first 10240 characters, and one sender reads no more";

static const char *read_version(reader *r, part value)
{
    (void)r;
    (void)value;
    return "has version a second time";
}

static const char *read_mode(reader *r, part value)
{
    static const mtasts_mode modes[] = {MTASTS_MODE_TESTING,
                                        MTASTS_MODE_ENFORCE, MTASTS_MODE_NONE};
    size_t i;

    if (r->has_mode) {
        return "has mode a second time";
    }
    for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
        if (is(&value, mtasts_mode_name(modes[i]))) {
            r->out->mode = modes[i];
            r->has_mode = 1;
            return is_early(r, value) ? NULL : late;
        }
    }
    return "has a mode that is not testing, enforce or none, in small letters";
}

static const char *read_max_age(reader *r, part value)
{
    uint64_t seconds = 0;
    size_t i;

    if (r->has_max_age) {
        return "has max_age a second time";
    }
    for (i = 0; i < value.len && i < DIGITS_MAX; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') {
            break;
        }
        seconds = seconds * 10 + (uint64_t)(value.data[i] - '0');
    }
    if (i == 0 || i < value.len) {
        return "has a max_age that is not a number of 1 to 10 digits";
    }
    if (seconds == 0) {
        return "has a max_age of 0, which some senders refuse";
    }
    if (seconds > MTASTS_MAX_AGE_MAX) {
        return "has a max_age of more than 31557600 seconds";
    }
    r->out->max_age = (uint32_t)seconds;
    r->has_max_age = 1;
    return is_early(r, value) ? NULL : late;
}

static const char *pattern_fault(mtasts_code code)
{
    switch (code) {
    case MTASTS_NAME_EMPTY:
        return "has no host name";
    case MTASTS_NAME_TOO_LONG:
        return "has a host name of more than 253 characters";
    case MTASTS_NAME_ADDRESS:
        return "has an address or a number where a host name must be";
    case MTASTS_NAME_LABEL:
        return "has a host name with a part that is empty, longer than 63 "
               "characters, or begins or ends with a hyphen";
    case MTASTS_MX_WILDCARD:
        return "has a '*' that is not the whole first part of the name";
    default:
        return "has other characters than letters, digits, hyphens and dots "
               "in the host name, or more than one name";
    }
}

static const char *read_mx(reader *r, part value)
{
    char in[MTASTS_NAME_SIZE + 1], out[MTASTS_NAME_SIZE];
    mtasts_finding why;

    if (value.len >= sizeof(in)) {
        return pattern_fault(MTASTS_NAME_TOO_LONG);
    }
    if (value.len > 1 && value.data[value.len - 1] == '.') {
        return "has a host name that ends in a dot, which some senders refuse";
    }
    memcpy(in, value.data, value.len);
    in[value.len] = '\0';
    if (!mtasts_mx_pattern_parse(in, out, &why)) {
        return pattern_fault(why.code);
    }
    r->out->nmx++;
    return r->out->nmx > 1 || is_early(r, value) ? NULL : late;
}

static const struct {
    const char *name;
    read_fn *read;
} fields[] = {{"version", read_version},
              {"mode", read_mode},
              {"max_age", read_max_age},
              {"mx", read_mx}};

/* `name` is none of the fields: why not? */
static const char *name_fault(const part *name)
{
    size_t i;

    if (name->len && is_wsp(name->data[name->len - 1])) {
        return "has a blank before the colon, which some senders refuse";
    }
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (name->len == strlen(fields[i].name) &&
            !strncasecmp(name->data, fields[i].name, name->len)) {
            return "has a field's name in capital letters";
        }
    }
    return "has none of version, mode, max_age and mx before a colon; any "
           "other field is refused by some";
}

/* What holds for a line of any field. */
static const char *check_any_line(const part *line)
{
    size_t i, blanks = 0;

    for (i = 0; i < line->len; i++) {
        unsigned char c = (unsigned char)line->data[i];

        if (c >= 0x80) {
            return "has characters outside ASCII";
        }
        if (c == '\r') {
            return "has a carriage return without a line feed";
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f) {
            return "has a control character";
        }
        blanks += is_wsp((char)c);
    }
    if (blanks == line->len) {
        return "is blank, which some senders refuse";
    }
    if (is_wsp(*line->data)) {
        return "begins with a blank, which some senders refuse";
    }
    return *line->data == '#' ? "is a comment, which some senders refuse"
                              : NULL;
}

/* name ":" *WSP value *WSP */
static void split(const part *line, part *name, part *value)
{
    const char *colon = memchr(line->data, ':', line->len);

    name->data = line->data;
    name->len = colon ? (size_t)(colon - line->data) : line->len;
    value->data = line->data + name->len + (colon != NULL);
    value->len = line->len - name->len - (colon != NULL);
    while (value->len && is_wsp(*value->data)) {
        value->data++;
        value->len--;
    }
    while (value->len && is_wsp(value->data[value->len - 1])) {
        value->len--;
    }
}

static const char *read_line(reader *r, const part *line)
{
    const char *why = check_any_line(line);
    part name, value;
    size_t i;

    if (why) {
        return why;
    }
    split(line, &name, &value);
    if (r->out->line == 1) {
        return is(&name, "version") && is(&value, "STSv1")
                   ? NULL
                   : "is not 'version: STSv1', which must come first";
    }
    if (name.len == line->len) {
        return "has no colon";
    }
    for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        if (is(&name, fields[i].name)) {
            return fields[i].read(r, value);
        }
    }
    return name_fault(&name);
}

/* The next line, without its end, which the last one need not have. */
static const char *take_line(reader *r, part *line)
{
    const char *lf = memchr(r->at, '\n', (size_t)(r->end - r->at));
    int crlf = lf && lf > r->at && lf[-1] == '\r';

    line->data = r->at;
    line->len = (size_t)((lf ? lf : r->end) - r->at) - (size_t)crlf;
    r->at = lf ? lf + 1 : r->end;
    r->out->line++;
    if (r->out->line == 1) {
        r->crlf = crlf;
    }
    return !lf || crlf == r->crlf
               ? NULL
               : "does not end as the first one does: one with CRLF, one with "
                 "LF only";
}

static const char *read_lines(reader *r)
{
    static const char bom[] = "\xef\xbb\xbf";
    const char *why = NULL;
    part line;

    if (r->end - r->at >= 3 && !memcmp(r->at, bom, 3)) {
        r->out->line = 1;
        return "begins with a byte order mark, which some senders refuse";
    }
    while (!why && r->at < r->end) {
        why = take_line(r, &line);
        if (!why) {
            why = read_line(r, &line);
        }
    }
    return why;
}

/* What only the whole policy shows. */
static const char *check_whole(const reader *r)
{
    if (!r->has_mode) {
        return "has no mode";
    }
    if (!r->has_max_age) {
        return "has no max_age";
    }
    if (r->out->nmx == 0 && r->out->mode != MTASTS_MODE_NONE) {
        return "has no mx, which only a policy of mode none may lack";
    }
    return NULL;
}

int mtasts_policy_body_read(const char *body, size_t len,
                            mtasts_policy_read *out)
{
    reader r = {body, body, body, 0, 0, 0, out};

    memset(out, 0, sizeof(*out));
    if (len == 0 || len > MTASTS_BODY_MAX) {
        out->why = len ? "is longer than 64000 characters" : "is empty";
        return 0;
    }
    r.end += len;
    out->why = read_lines(&r);
    if (!out->why) {
        out->line = 0;
        out->why = check_whole(&r);
    }
    return out->why == NULL;
}

int mtasts_policy_body_mx(const char **at, const char *end,
                          char out[MTASTS_NAME_SIZE])
{
    mtasts_policy_read unused = {MTASTS_MODE_NONE, 0, 0, 0, NULL};
    reader r = {*at, *at, end, 0, 0, 0, &unused};
    part line, name, value;
    int found = 0;

    while (!found && r.at < r.end) {
        char in[MTASTS_NAME_SIZE];
        mtasts_finding why;

        take_line(&r, &line);
        split(&line, &name, &value);
        if (is(&name, "mx") && value.len < sizeof(in)) {
            memcpy(in, value.data, value.len);
            in[value.len] = '\0';
            found = mtasts_mx_pattern_parse(in, out, &why);
        }
    }
    *at = r.at;
    return found;
}
