#include "cert_check.h"

#include <stdio.h>
#include <string.h>

#define DAY      ((int64_t)86400)
#define LIST_MAX 200 /* of names, so that "and 9 more" finds room */

/* ---- dates ---- */

/* Not "in 5 days": a finding with other words each day would be new each day. */
static void show_when(int64_t t, char out[MTASTS_VALUE_SIZE])
{
    char date[MTASTS_DATE_SIZE];

    mtasts_date(t, date);
    snprintf(out, MTASTS_VALUE_SIZE, "on %s", date);
}

/* ---- one certificate ---- */

/* "'a.example', 'b.example' and 12 more": facts may have been damaged, so
 * neither their count nor a NUL is relied on. */
static void show_names(const mtasts_cert_facts *cert,
                       char out[MTASTS_VALUE_SIZE])
{
    size_t from = 0, at = 0;
    unsigned listed = 0;
    unsigned long more;

    while (listed < cert->nnames && from < sizeof(cert->names)) {
        const char *name = cert->names + from;
        size_t len = strnlen(name, sizeof(cert->names) - from);
        int shown = (int)(len < LIST_MAX ? len : LIST_MAX);

        if (at && at + len > LIST_MAX) {
            break;
        }
        at += (size_t)snprintf(out + at, MTASTS_VALUE_SIZE - at, "%s'%.*s%s'",
                               at ? ", " : "", shown, name,
                               len > LIST_MAX ? "..." : "");
        listed++;
        from += len + 1;
    }
    more = (unsigned long)(cert->nnames - listed) + cert->names_left_out;
    if (!listed) {
        snprintf(out, MTASTS_VALUE_SIZE, "%s",
                 more ? "too long to be shown"
                      : "none (an old certificate may have a CN only, which "
                        "senders don't look at)");
    }
    else if (more) {
        snprintf(out + at, MTASTS_VALUE_SIZE - at, " and %lu more", more);
    }
}

/* 0 if all is well. */
static int chain_fault(const mtasts_cert_facts *cert, const char *file,
                       mtasts_fault *f)
{
    const char *issuer = *cert->issuer ? cert->issuer : "?";
    const char *before, *after;

    f->kind = MTASTS_FAULT_CHAIN;
    switch (cert->chain) {
    case MTASTS_CHAIN_OK:
        return 0;
    case MTASTS_CHAIN_SELF_SIGNED:
        f->kind = MTASTS_FAULT_SELF_SIGNED;
        return 1;
    case MTASTS_CHAIN_INCOMPLETE:
        snprintf(f->seen, sizeof(f->seen),
                 "the certificate of its issuer '%s' was not sent", issuer);
        before = "Put the intermediate certificate after the server's "
                 "certificate in ";
        after = ", and reload.";
        break;
    case MTASTS_CHAIN_UNTRUSTED:
        snprintf(f->seen, sizeof(f->seen),
                 "it leads to '%s', which is no CA that senders trust", issuer);
        before = "Set a certificate of a public CA in ";
        after = ": senders know no other. If it is one, the roots that this "
                "machine trusts, or MTASTSCAFile, are old (package "
                "ca-certificates).";
        break;
    case MTASTS_CHAIN_EXPIRED:
        snprintf(f->seen, sizeof(f->seen),
                 "the certificate of the CA '%s' has expired", issuer);
        before = "Replace the CA's certificate in ";
        after = " by the one that the CA hands out now, and reload.";
        break;
    default:
        snprintf(f->seen, sizeof(f->seen), "%s",
                 *cert->why ? cert->why : "it is not known why");
        before = "Get a new certificate, set it in ";
        after = ", and reload.";
    }
    snprintf(f->advice, sizeof(f->advice), "%s%s%s", before, file, after);
    return 1;
}

/* One that is signed by itself often stands in for another, and is short-lived:
 * that it must be replaced is said anyway. */
static int date_fault(const mtasts_cert_facts *cert, int64_t now,
                      mtasts_fault *f)
{
    int64_t at = mtasts_clamp(now), end = mtasts_clamp(cert->not_after);

    if (at > end) {
        f->kind = MTASTS_FAULT_EXPIRED;
    }
    else if (at < mtasts_clamp(cert->not_before)) {
        f->kind = MTASTS_FAULT_NOT_YET;
        show_when(cert->not_before, f->seen);
        return 1;
    }
    else if (end - at < MTASTS_EXPIRING_DAYS * DAY &&
             cert->chain != MTASTS_CHAIN_SELF_SIGNED) {
        f->kind = MTASTS_FAULT_EXPIRING;
    }
    else {
        return 0;
    }
    show_when(cert->not_after, f->seen);
    return 1;
}

size_t mtasts_cert_faults(const mtasts_cert_facts *cert, const char *file,
                          int64_t now, mtasts_fault out[MTASTS_CERT_FAULTS])
{
    size_t n = 0;

    memset(out, 0, MTASTS_CERT_FAULTS * sizeof(*out));
    if (!cert->name_matches) {
        out[n].kind = MTASTS_FAULT_NAME;
        show_names(cert, out[n++].seen);
    }
    n += (size_t)chain_fault(cert, file, &out[n]);
    n += (size_t)date_fault(cert, now, &out[n]);
    if (*cert->weak) {
        out[n].kind = MTASTS_FAULT_WEAK;
        snprintf(out[n].seen, sizeof(out[n].seen), "%s", cert->weak);
        n++;
    }
    return n;
}

/* ---- where ---- */

void mtasts_probe_subject(const mtasts_probe *probe,
                          char out[MTASTS_NAME_SIZE + MTASTS_ADDRESS_SIZE + 4])
{
    snprintf(out, MTASTS_NAME_SIZE + MTASTS_ADDRESS_SIZE + 4, "%s [%s]",
             probe->host, probe->address);
}

unsigned mtasts_probe_port(const mtasts_probe *probe, unsigned usual)
{
    return probe->port ? probe->port : usual;
}

void mtasts_probe_target(const mtasts_probe *probe, unsigned usual,
                         char out[MTASTS_ADDRESS_SIZE + 10])
{
    snprintf(out, MTASTS_ADDRESS_SIZE + 10,
             strchr(probe->address, ':') ? "[%s]:%u" : "%s:%u", probe->address,
             mtasts_probe_port(probe, usual));
}

/* ---- the vhost's ---- */

static const mtasts_code codes[MTASTS_FAULTS] = {
    [MTASTS_FAULT_NAME] = MTASTS_CERT_NAME,
    [MTASTS_FAULT_SELF_SIGNED] = MTASTS_CERT_SELF_SIGNED,
    [MTASTS_FAULT_CHAIN] = MTASTS_CERT_CHAIN,
    [MTASTS_FAULT_EXPIRED] = MTASTS_CERT_EXPIRED,
    [MTASTS_FAULT_NOT_YET] = MTASTS_CERT_NOT_YET,
    [MTASTS_FAULT_EXPIRING] = MTASTS_CERT_EXPIRING,
    [MTASTS_FAULT_WEAK] = MTASTS_CERT_WEAK};

static size_t vhost_faults(const mtasts_vhost_tls *tls, size_t i, int64_t now,
                           mtasts_fault out[MTASTS_CERT_FAULTS])
{
    return mtasts_cert_faults(&tls->certs[i], "SSLCertificateFile", now, out);
}

/* An RSA and an ECDSA certificate often have the same fault. */
static int is_said(const mtasts_vhost_tls *tls, size_t before, int64_t now,
                   const mtasts_fault *fault)
{
    mtasts_fault other[MTASTS_CERT_FAULTS];
    size_t i, j, n;

    for (i = 0; i < before; i++) {
        n = vhost_faults(tls, i, now, other);
        for (j = 0; j < n; j++) {
            if (other[j].kind == fault->kind &&
                !strcmp(other[j].seen, fault->seen)) {
                return 1;
            }
        }
    }
    return 0;
}

static void vhost_version(const char *policy_host, const mtasts_vhost_tls *tls,
                          mtasts_finding_fn *found, void *ctx)
{
    mtasts_finding f;

    if (tls->tls12 == 0 && tls->tls13 == 0) {
        MTASTS_FILL(&f, MTASTS_TLS_VERSION, policy_host, policy_host,
                    "no TLS 1.2 or later, and senders use nothing older");
    }
    else if (tls->tls12 == 0 && tls->tls13 == 1) {
        MTASTS_FILL(&f, MTASTS_TLS_VERSION, policy_host, policy_host,
                    "TLS 1.3 only, and some senders have no more than TLS 1.2");
        f.severity = MTASTS_WARNING;
    }
    else {
        return;
    }
    found(ctx, &f);
}

static void vhost_unread(const char *policy_host, const mtasts_vhost_tls *tls,
                         mtasts_finding_fn *found, void *ctx)
{
    mtasts_finding f;

    MTASTS_FILL(&f, MTASTS_CERT_UNREAD, policy_host, policy_host, tls->unread,
                tls->elsewhere
                    ? "Nothing: it is looked at when httpd starts and after "
                      "each reload, see the error log then."
                    : "See whether SSLCertificateFile is right; if the file is "
                      "readable for root only, run this as root.");
    if (tls->elsewhere) {
        f.severity = MTASTS_INFO;
    }
    found(ctx, &f);
}

void mtasts_vhost_check(const char *policy_host, const mtasts_vhost_tls *tls,
                        int64_t now, mtasts_finding_fn *found, void *ctx)
{
    mtasts_fault faults[MTASTS_CERT_FAULTS];
    mtasts_finding f;
    size_t i, j, n;

    if (*tls->unread) {
        vhost_unread(policy_host, tls, found, ctx);
    }
    for (i = 0; i < tls->ncerts && i < MTASTS_VHOST_CERTS; i++) {
        n = vhost_faults(tls, i, now, faults);
        for (j = 0; j < n; j++) {
            if (!is_said(tls, i, now, &faults[j])) {
                MTASTS_FILL(&f, codes[faults[j].kind], policy_host, policy_host,
                            faults[j].seen, faults[j].advice);
                found(ctx, &f);
            }
        }
    }
    vhost_version(policy_host, tls, found, ctx);
}
