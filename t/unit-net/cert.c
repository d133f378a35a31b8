/* Certificates made here, looked at around the year 2100. */

#include "../../src/net/cert.h"
#include "../unit/tap.h"
#include "make_cert.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/stat.h>
#include <unistd.h>

#define HOST "mta-sts.d.test"

/* Whom the certificates of the table are from. */
typedef struct {
    made root, other_root, inter, old_root, expired, future, weak_rsa, weak_md;
    made no_ca, rsa;
    char file[40]; /* root and old_root */
    mtasts_roots *roots;
} world;

static made ca(const char *cn, const made *issuer, int from, int to)
{
    return make_cert(
        &(recipe){.cn = cn, .ca = 1, .issuer = issuer, .from = from, .to = to});
}

static world world_make(void)
{
    world w = {.file = "/tmp/mtasts-cert-XXXXXX"};
    char why[MTASTS_WHY_SIZE] = "";

    w.root = ca("Test Root", NULL, -1000, 1000);
    w.old_root = ca("Old Root", NULL, -1000, -1);
    w.other_root = ca("Other Root", NULL, -1000, 1000);
    w.inter = ca("Test CA 1", &w.root, -100, 100);
    w.expired = ca("Expired CA", &w.root, -100, -1);
    w.future = ca("Future CA", &w.root, 1, 100);
    w.weak_rsa = make_cert(
        &(recipe){.cn = "RSA CA", .ca = 1, .rsa = 1024, .issuer = &w.root});
    w.rsa = make_cert(
        &(recipe){.cn = "RSA CA 2", .ca = 1, .rsa = 2048, .issuer = &w.root});
    w.weak_md = make_cert(&(recipe){
        .cn = "SHA CA", .ca = 1, .digest = EVP_sha1(), .issuer = &w.root});
    w.no_ca = make_cert(&(recipe){.cn = "No CA", .issuer = &w.root});
    write_pem(w.file, (const made *[]){&w.root, &w.old_root, NULL}, NULL);
    w.roots = mtasts_roots_new(w.file, why);
    ok(w.roots != NULL, "roots", why);
    return w;
}

static void world_free(world *w)
{
    made *all[] = {&w->root,    &w->other_root, &w->inter,    &w->old_root,
                   &w->expired, &w->future,     &w->weak_rsa, &w->weak_md,
                   &w->no_ca,   &w->rsa};
    size_t i;

    for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
        made_free(all[i]);
    }
    mtasts_roots_free(w->roots);
    unlink(w->file);
}

/* Looks at a leaf with what is sent along, by way of a file. */
static mtasts_cert_facts look(const mtasts_roots *roots, const made *leaf,
                              const made *sent, const made *sent_too,
                              const char *host)
{
    char path[] = "/tmp/mtasts-leaf-XXXXXX";
    const char *files[] = {path};
    mtasts_vhost_tls tls;
    mtasts_certs *certs;

    write_pem(path, (const made *[]){leaf, sent, sent_too, NULL}, leaf->key);
    certs = mtasts_certs_of_files(files, 1, NULL);
    unlink(path);
    NEED(certs);
    mtasts_certs_look(certs, roots, NOW, &tls);
    is_str(tls.unread, "", "look", "read");
    ok(tls.ncerts == 1 && tls.tls12 == -1 && tls.tls13 == -1, "look", "one");
    ok(!tls.certs[0].name_matches, "look", "no name yet");
    mtasts_certs_match(certs, host, &tls);
    mtasts_certs_free(certs);
    ok(!ERR_peek_error(), "look", "no error is left");
    return tls.certs[0];
}

/* --- chains --- */

static void chains(const world *w)
{
    const struct {
        const char *name;
        recipe leaf;
        const made *sent, *sent_too;
        mtasts_chain chain;
        const char *issuer, *why, *weak;
    } cases[] = {
        {"right",
         {.issuer = &w->inter},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"root sent too",
         {.issuer = &w->inter},
         &w->inter,
         &w->root,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"right after the root",
         {.issuer = &w->root},
         NULL,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"wrong order",
         {.issuer = &w->inter},
         &w->root,
         &w->inter,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"expired",
         {.issuer = &w->inter, .from = -90, .to = -1},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"not yet",
         {.issuer = &w->inter, .from = 1, .to = 90},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"intermediate missing",
         {.issuer = &w->inter},
         NULL,
         NULL,
         MTASTS_CHAIN_INCOMPLETE,
         "Test CA 1",
         "",
         ""},
        {"another intermediate",
         {.issuer = &w->inter},
         &w->weak_md,
         NULL,
         MTASTS_CHAIN_INCOMPLETE,
         "Test CA 1",
         "",
         ""},
        {"expired, and intermediate missing",
         {.issuer = &w->inter, .from = -90, .to = -1},
         NULL,
         NULL,
         MTASTS_CHAIN_INCOMPLETE,
         "Test CA 1",
         "",
         ""},
        {"unknown root, not sent",
         {.issuer = &w->other_root},
         NULL,
         NULL,
         MTASTS_CHAIN_INCOMPLETE,
         "Other Root",
         "",
         ""},
        {"unknown root, sent",
         {.issuer = &w->other_root},
         &w->other_root,
         NULL,
         MTASTS_CHAIN_UNTRUSTED,
         "Other Root",
         "",
         ""},
        {"self-signed",
         {.from = -1, .to = 30},
         NULL,
         NULL,
         MTASTS_CHAIN_SELF_SIGNED,
         "",
         "",
         ""},
        {"self-signed and expired",
         {.from = -2, .to = -1},
         NULL,
         NULL,
         MTASTS_CHAIN_SELF_SIGNED,
         "",
         "",
         ""},
        {"expired intermediate",
         {.issuer = &w->expired},
         &w->expired,
         NULL,
         MTASTS_CHAIN_EXPIRED,
         "Expired CA",
         "",
         ""},
        {"expired root",
         {.issuer = &w->old_root},
         NULL,
         NULL,
         MTASTS_CHAIN_EXPIRED,
         "Old Root",
         "",
         ""},
        {"intermediate not yet valid",
         {.issuer = &w->future},
         &w->future,
         NULL,
         MTASTS_CHAIN_INVALID,
         "",
         "certificate is not yet valid (Future CA)",
         ""},
        {"for clients",
         {.issuer = &w->inter, .usage = "clientAuth"},
         &w->inter,
         NULL,
         MTASTS_CHAIN_INVALID,
         "",
         "purpose",
         ""},
        {"for clients, and expired intermediate",
         {.issuer = &w->expired, .usage = "clientAuth"},
         &w->expired,
         NULL,
         MTASTS_CHAIN_EXPIRED,
         "Expired CA",
         "",
         ""},
        {"for servers",
         {.issuer = &w->inter, .usage = "serverAuth"},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"signed by no CA",
         {.issuer = &w->no_ca},
         &w->no_ca,
         NULL,
         MTASTS_CHAIN_INVALID,
         "",
         "invalid CA certificate (No CA)",
         ""},
        {"RSA 1024",
         {.issuer = &w->inter, .rsa = 1024},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         "RSA key of 1024 bits"},
        {"RSA 2048",
         {.issuer = &w->inter, .rsa = 2048},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"EC 192",
         {.issuer = &w->inter, .curve = NID_X9_62_prime192v1},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         "EC key of 192 bits"},
        {"EC 384",
         {.issuer = &w->inter, .curve = NID_secp384r1},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         ""},
        {"SHA-1",
         {.issuer = &w->inter, .digest = EVP_sha1()},
         &w->inter,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         "SHA-1 signature"},
        {"MD5",
         {.issuer = &w->rsa, .digest = EVP_md5()},
         &w->rsa,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         "MD5 signature"},
        {"RSA 1024 above",
         {.issuer = &w->weak_rsa},
         &w->weak_rsa,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         "RSA key of 1024 bits of RSA CA"},
        {"SHA-1 above",
         {.issuer = &w->weak_md},
         &w->weak_md,
         NULL,
         MTASTS_CHAIN_OK,
         "",
         "",
         "SHA-1 signature of SHA CA"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        recipe r = cases[i].leaf;
        mtasts_cert_facts f;
        made leaf;

        r.cn = "leaf";
        r.san = HOST;
        leaf = make_cert(&r);
        f = look(w->roots, &leaf, cases[i].sent, cases[i].sent_too, HOST);
        ok(f.chain == cases[i].chain, "chain", cases[i].name);
        is_str(f.issuer, cases[i].issuer, "chain: issuer", cases[i].name);
        ok(!cases[i].why[0] == !f.why[0] && strstr(f.why, cases[i].why),
           "chain: why", cases[i].name);
        is_str(f.weak, cases[i].weak, "chain: weak", cases[i].name);
        ok(f.name_matches, "chain: name", cases[i].name);
        made_free(&leaf);
    }
}

/* Nobody looks at the signature of a root. */
static void weak_root(void)
{
    made weak = make_cert(
        &(recipe){.cn = "Weak", .ca = 1, .rsa = 1024, .digest = EVP_sha1()});
    made leaf =
        make_cert(&(recipe){.cn = "leaf", .san = HOST, .issuer = &weak});
    char path[] = "/tmp/mtasts-roots-XXXXXX", why[MTASTS_WHY_SIZE];
    mtasts_cert_facts f;
    mtasts_roots *roots;

    write_pem(path, (const made *[]){&weak, NULL}, NULL);
    roots = mtasts_roots_new(path, why);
    unlink(path);
    NEED(roots);
    f = look(roots, &leaf, &weak, NULL, HOST);
    ok(f.chain == MTASTS_CHAIN_OK, "weak root", "chain");
    is_str(f.weak, "", "weak root", "is none");
    mtasts_roots_free(roots);
    made_free(&weak);
    made_free(&leaf);
}

/* A signature that isn't the issuer's must never pass. */
static void forged(const world *w)
{
    made leaf = make_cert(
        &(recipe){.cn = "leaf", .san = HOST, .issuer = &w->other_root});
    mtasts_cert_facts f;

    X509_set_issuer_name(leaf.cert, X509_get_subject_name(w->root.cert));
    NEED(X509_sign(leaf.cert, w->other_root.key, EVP_sha256()));
    f = look(w->roots, &leaf, NULL, NULL, HOST);
    ok(f.chain == MTASTS_CHAIN_INVALID && strstr(f.why, "signature failure"),
       "chain", "forged");
    made_free(&leaf);
}

static void dates(const world *w)
{
    made leaf = make_cert(&(recipe){
        .cn = "leaf", .san = HOST, .issuer = &w->root, .from = -3, .to = 87});
    mtasts_cert_facts f = look(w->roots, &leaf, NULL, NULL, HOST);
    unsigned char digest[32];

    ok(f.not_before == NOW - (int64_t)3 * DAY, "dates", "not before");
    ok(f.not_after == NOW + (int64_t)87 * DAY, "dates", "not after");
    X509_digest(leaf.cert, EVP_sha256(), digest, NULL);
    ok(!memcmp(f.digest, digest, 32), "dates", "digest");
    made_free(&leaf);
}

/* Names that are shown are from the certificates, whatever they hold. */
static void ca_names(const world *w)
{
    static const struct {
        const char *cn, *shown;
    } cases[] = {
        {NULL, "O = Nameless"},
        {"", "a CA without a name"},
        {"\xc3\xa4\x1b[2J", "\\xc3\\xa4\\x1b[2J"},
        {"Back\\slash", "Back\\x5cslash"},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        made root = ca(cases[i].cn, NULL, -9, 9);
        made leaf =
            make_cert(&(recipe){.cn = "leaf", .san = HOST, .issuer = &root});

        is_str(look(w->roots, &leaf, &root, NULL, HOST).issuer, cases[i].shown,
               "ca name", cases[i].shown);
        made_free(&root);
        made_free(&leaf);
    }
}

/* A leaf that is trusted as it is. */
static void trusted_leaf(const world *w)
{
    made self = make_cert(&(recipe){.cn = "self", .san = HOST});
    made leaf = make_cert(
        &(recipe){.cn = "leaf", .san = HOST, .issuer = &w->other_root});
    char path[] = "/tmp/mtasts-roots-XXXXXX", why[MTASTS_WHY_SIZE];
    mtasts_roots *roots;

    write_pem(path, (const made *[]){&self, &leaf, NULL}, NULL);
    roots = mtasts_roots_new(path, why);
    unlink(path);
    NEED(roots);
    ok(look(roots, &self, NULL, NULL, HOST).chain == MTASTS_CHAIN_OK, "trusted",
       "self-signed leaf");
    ok(look(roots, &leaf, NULL, NULL, HOST).chain == MTASTS_CHAIN_INCOMPLETE,
       "trusted", "another leaf is no root");
    mtasts_roots_free(roots);
    made_free(&self);
    made_free(&leaf);
}

/* --- names --- */

static void names(const world *w)
{
    static const struct {
        const char *name, *san;
        size_t len;
        const char *host;
        int matches;
        unsigned nnames;
        const char *shown;
    } cases[] = {
        {"right", HOST, 0, HOST, 1, 1, HOST},
        {"case", "MTA-STS.D.test", 0, HOST, 1, 1, "MTA-STS.D.test"},
        {"second", "a.test,mta-sts.d.test", 0, HOST, 1, 2, "a.test"},
        {"other", "www.d.test", 0, HOST, 0, 1, "www.d.test"},
        {"below", "d.test", 0, HOST, 0, 1, "d.test"},
        {"wildcard", "*.d.test", 0, HOST, 1, 1, "*.d.test"},
        {"wildcard two deep", "*.d.test", 0, "mta-sts.x.d.test", 0, 1,
         "*.d.test"},
        {"wildcard is a label", "*.d.test", 0, "d.test", 0, 1, "*.d.test"},
        {"partial wildcard", "mta-*.d.test", 0, HOST, 0, 1, "mta-*.d.test"},
        {"partial wildcard", "*-sts.d.test", 0, HOST, 0, 1, "*-sts.d.test"},
        {"inner wildcard", "mta-sts.*.test", 0, HOST, 0, 1, "mta-sts.*.test"},
        {"CN only", NULL, 0, HOST, 0, 0, ""},
        {"NUL", HOST "\0.evil.test", sizeof(HOST "\0.evil.test") - 1, HOST, 0,
         1, HOST "\\x00.evil.test"},
        {"NUL behind", HOST "\0", sizeof(HOST), HOST, 0, 1, HOST "\\x00"},
        {"controls", "\x1b[2J\xff", 0, HOST, 0, 1, "\\x1b[2J\\xff"},
        {"host with a dot", "mta-sts.d.test", 0, ".d.test", 0, 1, HOST},
        {"no host", "mta-sts.d.test", 0, "", 0, 1, HOST},
    };
    size_t i;

    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        made leaf = make_cert(&(recipe){.cn = HOST,
                                        .san = cases[i].san,
                                        .san_len = cases[i].len,
                                        .issuer = &w->root});
        mtasts_cert_facts f = look(w->roots, &leaf, NULL, NULL, cases[i].host);

        ok(f.name_matches == cases[i].matches, "name", cases[i].name);
        ok(f.nnames == cases[i].nnames && !f.names_left_out, "name: number",
           cases[i].name);
        is_str(f.names, cases[i].shown, "name: shown", cases[i].name);
        made_free(&leaf);
    }
}

/* What has no room is counted, and matches all the same. */
static void many_names(const world *w)
{
    size_t at = 0, i;
    char san[30000];
    mtasts_cert_facts f;
    made leaf;

    for (i = 0; i < 999; i++) {
        at += (size_t)sprintf(san + at, "name-%03u.many.test,", (unsigned)i);
    }
    sprintf(san + at, HOST);
    leaf = make_cert(&(recipe){.cn = "x", .san = san, .issuer = &w->root});
    f = look(w->roots, &leaf, NULL, NULL, HOST);
    ok(f.nnames + f.names_left_out == 1000, "many", "names");
    ok(f.nnames == sizeof(f.names) / sizeof("name-000.many.test"), "many",
       "as many as fit");
    ok(f.name_matches, "many", "the last one matches");
    for (i = at = 0; i < f.nnames; i++) {
        char want[40];

        sprintf(want, "name-%03u.many.test", (unsigned)i);
        is_str(f.names + at, want, "many", "in their order");
        at += strlen(f.names + at) + 1;
    }
    made_free(&leaf);
}

/* --- files --- */

static void files(const world *w)
{
    made leaf =
        make_cert(&(recipe){.cn = "leaf", .san = HOST, .issuer = &w->inter});
    made rsa = make_cert(&(recipe){
        .cn = "rsa", .san = "x.test", .issuer = &w->inter, .rsa = 2048});
    char one[] = "/tmp/mtasts-one-XXXXXX", two[] = "/tmp/mtasts-two-XXXXXX";
    char more[] = "/tmp/mtasts-more-XXXXXX";
    const char *both[] = {one, two}, *gone[] = {"/tmp/mtasts-not-there", two};
    mtasts_certs *certs;
    mtasts_vhost_tls tls;

    write_pem(one, (const made *[]){&leaf, NULL}, leaf.key);
    write_pem(two, (const made *[]){&rsa, NULL}, rsa.key);
    write_pem(more, (const made *[]){&w->inter, NULL}, NULL);

    certs = mtasts_certs_of_files(both, 2, more);
    mtasts_certs_look(certs, w->roots, NOW, &tls);
    mtasts_certs_match(certs, HOST, &tls);
    ok(tls.ncerts == 2 && tls.certs[0].chain == MTASTS_CHAIN_OK &&
           tls.certs[1].chain == MTASTS_CHAIN_OK,
       "files", "two with a chain");
    ok(tls.certs[0].name_matches && !tls.certs[1].name_matches, "files",
       "each by its name");
    mtasts_certs_match(certs, "x.test", &tls);
    ok(!tls.certs[0].name_matches && tls.certs[1].name_matches, "files",
       "another host");
    mtasts_certs_free(certs);

    certs = mtasts_certs_of_files(gone, 2, NULL);
    mtasts_certs_look(certs, w->roots, NOW, &tls);
    is_str(tls.unread, "there is no file /tmp/mtasts-not-there", "files",
           "not there");
    ok(tls.ncerts == 1, "files", "but the other");
    mtasts_certs_free(certs);

    certs = mtasts_certs_of_files(both, 1, "/tmp");
    mtasts_certs_look(certs, w->roots, NOW, &tls);
    is_str(tls.unread, "/tmp is a directory", "files", "directory");
    mtasts_certs_free(certs);
    unlink(one);
    unlink(two);
    unlink(more);
    made_free(&leaf);
    made_free(&rsa);
}

static void write_text(const char *path, const char *text)
{
    FILE *f = fopen(path, "w");

    NEED(f && fputs(text, f) >= 0 && !fclose(f));
}

static void root_files(const world *w)
{
    char path[] = "/tmp/mtasts-bad-XXXXXX", why[MTASTS_WHY_SIZE];
    int fd = mkstemp(path);
    char want[200];

    NEED(fd >= 0);
    close(fd);
    ok(!mtasts_roots_new(path, why), "roots", "empty");
    snprintf(want, sizeof(want), "there is no certificate in %s", path);
    is_str(why, want, "roots", "empty");

    write_text(path, "-----BEGIN CERTIFICATE-----\nMIIB\n"
                     "-----END CERTIFICATE-----\n");
    ok(!mtasts_roots_new(path, why), "roots", "damaged");
    snprintf(want, sizeof(want), "certificate 1 in %s is damaged", path);
    is_str(why, want, "roots", "damaged");

    if (geteuid()) {
        chmod(path, 0);
        ok(!mtasts_roots_new(path, why) && strstr(why, "can't be read"),
           "roots", why);
    }
    unlink(path);
    ok(!mtasts_roots_new(path, why) && strstr(why, "there is no file"), "roots",
       why);
    ok(!mtasts_roots_new("/tmp", why) && strstr(why, "is a directory"), "roots",
       why);
    ok(!mtasts_roots_new("/tmp/\033[2J", why) && strstr(why, "\\x1b[2J"),
       "roots", "escaped");

    setenv("SSL_CERT_DIR", "/tmp/mtasts-not-there:/dev/null", 1);
    setenv("SSL_CERT_FILE", "/tmp/mtasts-not-there", 1);
    ok(!mtasts_roots_new(NULL, why) && strstr(why, "no root certificates"),
       "roots", why);
    setenv("SSL_CERT_FILE", w->file, 1);
    {
        mtasts_roots *roots = mtasts_roots_new(NULL, why);

        ok(roots != NULL, "roots", "the system's");
        mtasts_roots_free(roots);
    }
    unsetenv("SSL_CERT_DIR");
    unsetenv("SSL_CERT_FILE");
    ok(!ERR_peek_error(), "roots", "no error is left");
}

/* --- of an SSL_CTX --- */

static void use(SSL_CTX *ctx, const made *leaf, const made *chain)
{
    NEED(SSL_CTX_use_certificate(ctx, leaf->cert) &&
         SSL_CTX_use_PrivateKey(ctx, leaf->key));
    NEED(!chain || SSL_CTX_add1_chain_cert(ctx, chain->cert));
}

static void look_ctx(const world *w, SSL_CTX *ctx, mtasts_vhost_tls *tls)
{
    mtasts_certs *certs = mtasts_certs_of_ctx(ctx);

    NEED(certs);
    SSL_CTX_free(ctx);
    mtasts_certs_look(certs, w->roots, NOW, tls);
    mtasts_certs_match(certs, HOST, tls);
    mtasts_certs_free(certs);
    ok(!ERR_peek_error(), "ctx", "no error is left");
}

static void contexts(const world *w)
{
    made ec =
        make_cert(&(recipe){.cn = "ec", .san = HOST, .issuer = &w->inter});
    made rsa = make_cert(&(recipe){
        .cn = "rsa", .san = "x.test", .issuer = &w->inter, .rsa = 2048});
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    mtasts_vhost_tls tls;

    SSL_CTX_set_min_proto_version(ctx, 0);
    use(ctx, &ec, &w->inter);
    use(ctx, &rsa, NULL);
    mtasts_certs_free(mtasts_certs_of_ctx(ctx));
    ok(SSL_CTX_get0_certificate(ctx) == rsa.cert, "ctx", "is as it was");
    SSL_CTX_up_ref(ctx);
    look_ctx(w, ctx, &tls);
    ok(tls.ncerts == 2 && tls.tls12 == 1 && tls.tls13 == 1, "ctx", "two");
    ok(tls.certs[0].chain == MTASTS_CHAIN_INCOMPLETE &&
           !tls.certs[0].name_matches,
       "ctx", "RSA without chain");
    ok(tls.certs[1].chain == MTASTS_CHAIN_OK && tls.certs[1].name_matches,
       "ctx", "EC with chain");

    NEED(SSL_CTX_select_current_cert(ctx, ec.cert));
    SSL_CTX_clear_chain_certs(ctx);
    X509_up_ref(w->inter.cert);
    NEED(SSL_CTX_add_extra_chain_cert(ctx, w->inter.cert));
    look_ctx(w, ctx, &tls);
    ok(tls.certs[0].chain == MTASTS_CHAIN_OK &&
           tls.certs[1].chain == MTASTS_CHAIN_OK,
       "ctx", "one chain for both");

    ctx = SSL_CTX_new(TLS_server_method());
    use(ctx, &ec, NULL);
    NEED(X509_STORE_add_cert(SSL_CTX_get_cert_store(ctx), w->inter.cert));
    SSL_CTX_set_options(ctx, SSL_OP_NO_TLSv1_2);
    SSL_CTX_up_ref(ctx);
    look_ctx(w, ctx, &tls);
    ok(tls.ncerts == 1 && !tls.tls12 && tls.tls13 == 1, "ctx", "option");
    ok(tls.certs[0].chain == MTASTS_CHAIN_OK, "ctx", "chain of the store");
    SSL_CTX_set_mode(ctx, SSL_MODE_NO_AUTO_CHAIN);
    look_ctx(w, ctx, &tls);
    ok(tls.certs[0].chain == MTASTS_CHAIN_INCOMPLETE, "ctx", "not wanted");

    ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(ctx, TLS1_VERSION);
    SSL_CTX_set_max_proto_version(ctx, TLS1_1_VERSION);
    look_ctx(w, ctx, &tls);
    ok(!tls.ncerts && !tls.tls12 && !tls.tls13, "ctx", "limit, no certificate");
    ok(tls.unread[0], "ctx", tls.unread);

    ctx = SSL_CTX_new(TLS_server_method());
    SSL_CTX_set_min_proto_version(ctx, TLS1_3_VERSION);
    look_ctx(w, ctx, &tls);
    ok(!tls.tls12 && tls.tls13 == 1, "ctx", "lower limit");
    made_free(&ec);
    made_free(&rsa);
}

int main(void)
{
    world w = world_make();

    chains(&w);
    weak_root();
    forged(&w);
    dates(&w);
    ca_names(&w);
    trusted_leaf(&w);
    names(&w);
    many_names(&w);
    files(&w);
    root_files(&w);
    contexts(&w);
    world_free(&w);
    return done();
}
