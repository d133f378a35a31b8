#include "records.h"

#include "apr_network_io.h"

#if APR_HAVE_ARPA_INET_H
#include <arpa/inet.h>
#endif
#if APR_HAVE_NETINET_IN_H
#include <netinet/in.h>
#endif

/* IPv4 networks that no sender can reach, as first and last address. */
static const struct {
    apr_uint32_t first, last;
} unreachable[] = {
    {0x00000000, 0x00ffffff}, /* 0.0.0.0/8 */
    {0x0a000000, 0x0affffff}, /* 10.0.0.0/8 */
    {0x64400000, 0x647fffff}, /* 100.64.0.0/10 */
    {0x7f000000, 0x7fffffff}, /* 127.0.0.0/8 */
    {0xa9fe0000, 0xa9feffff}, /* 169.254.0.0/16 */
    {0xac100000, 0xac1fffff}, /* 172.16.0.0/12 */
    {0xc0a80000, 0xc0a8ffff}, /* 192.168.0.0/16 */
    {0xe0000000, 0xffffffff}  /* multicast, reserved */
};

/* An address that may stand in public DNS. */
static int is_public(const apr_sockaddr_t *sa)
{
    apr_uint32_t v4;
    size_t i;

#if APR_HAVE_IPV6
    if (sa->family == APR_INET6) {
        /* 2000::/3 is all that has been given out. */
        return (sa->sa.sin6.sin6_addr.s6_addr[0] & 0xe0) == 0x20;
    }
#endif
    v4 = ntohl(sa->sa.sin.sin_addr.s_addr);
    for (i = 0; i < sizeof(unreachable) / sizeof(unreachable[0]); i++) {
        if (v4 >= unreachable[i].first && v4 <= unreachable[i].last) {
            return 0;
        }
    }
    return 1;
}

static void push(apr_array_header_t *records, const char *name,
                 const char *type, const char *value)
{
    mtasts_record *r = apr_array_push(records);

    r->name = name;
    r->type = type;
    r->value = value;
}

apr_array_header_t *mtasts_records(apr_pool_t *p, const mtasts_site *site)
{
    apr_array_header_t *records = apr_array_make(p, 4, sizeof(mtasts_record));
    const mtasts_served *served = site->served;
    char *txt = apr_palloc(p, MTASTS_TXT_SIZE);
    const server_addr_rec *a;
    char *ip;

    if (!mtasts_site_differs(site)) {
        mtasts_txt_render(mtasts_site_version(site)->id, txt);
        push(records, apr_pstrcat(p, "_mta-sts.", site->name->value, ".", NULL),
             "TXT", txt);
    }
    if (served->tlsrpt) {
        push(records,
             apr_pstrcat(p, "_smtp._tls.", site->name->value, ".", NULL), "TXT",
             served->tlsrpt);
    }
    for (a = served->tls ? served->server->addrs : NULL; a; a = a->next) {
        /* Senders ask port 443 only; 0 is any port. */
        if ((a->host_port == 443 || a->host_port == 0) &&
            is_public(a->host_addr) &&
            apr_sockaddr_ip_get(&ip, a->host_addr) == APR_SUCCESS) {
            push(records,
                 apr_pstrcat(p, MTASTS_HOST_PREFIX, site->name->value, ".",
                             NULL),
                 strchr(ip, ':') ? "AAAA" : "A", ip);
        }
    }
    return records;
}

const char *mtasts_record_line(apr_pool_t *p, const mtasts_record *record)
{
    const char *value = record->value;

    if (!strcmp(record->type, "TXT")) {
        size_t len = strlen(value);
        size_t quoted = mtasts_zone_quote(value, len, NULL, 0);
        char *buf = apr_palloc(p, quoted + 1);

        mtasts_zone_quote(value, len, buf, quoted);
        buf[quoted] = '\0';
        value = buf;
    }
    return apr_psprintf(p, "%s IN %s %s", record->name, record->type, value);
}
