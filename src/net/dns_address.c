/* The servers' addresses: as text, from the options, from the system. */

#include "dns_private.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#define DNS_PORT 53

/* 1 to 65535 without leading zeros; else 0. */
static unsigned port_parse(const char *s)
{
    unsigned port = 0;
    size_t i;

    for (i = 0; s[i] >= '0' && s[i] <= '9' && i < 5; i++) {
        port = port * 10 + (unsigned)(s[i] - '0');
    }
    return s[i] || *s == '0' || port > 65535 ? 0 : port;
}

static void server_name(server *sv, int family, const char *address,
                        unsigned port)
{
    const char *open = family == AF_INET6 ? "[" : "";
    const char *close = family == AF_INET6 ? "]" : "";

    snprintf(sv->csv, sizeof(sv->csv), "%s%.46s%s:%u", open, address, close,
             port);
    snprintf(sv->text, sizeof(sv->text), "%s",
             port == DNS_PORT ? address : sv->csv);
}

/* 1 and the server's names, or 0. */
static int server_parse(const char *in, size_t len, server *sv)
{
    unsigned char binary[sizeof(struct in6_addr)];
    char buf[SERVER_TEXT], *address = buf, *port = NULL;
    unsigned number = DNS_PORT;
    int family = AF_INET;

    if (len >= sizeof(buf)) {
        return 0;
    }
    memcpy(buf, in, len);
    buf[len] = '\0';
    if (buf[0] == '[') {
        address = buf + 1;
        port = strstr(buf, "]:");
        if (!port) {
            return 0;
        }
        *port = '\0';
        port += 2;
        family = AF_INET6;
    }
    else {
        port = strchr(buf, ':');
        if (port && strchr(port + 1, ':')) {
            port = NULL;
            family = AF_INET6;
        }
        else if (port) {
            *port++ = '\0';
        }
    }
    if ((port && !(number = port_parse(port))) ||
        inet_pton(family, address, binary) != 1) {
        return 0;
    }
    server_name(sv, family, address, number);
    return 1;
}

int mtasts_dns_server_check(const char *text)
{
    server sv;

    memset(&sv, 0, sizeof(sv));
    return server_parse(text, strlen(text), &sv);
}

int mtasts_dns_on_loopback(const mtasts_dns_run *run)
{
    unsigned i;

    for (i = 0; i < run->nservers; i++) {
        const char *s = run->servers[i].csv;

        if (!strncmp(s, "127.", 4) || !strncmp(s, "[::1]", 5)) {
            return 1;
        }
    }
    return 0;
}

static int servers_from_options(mtasts_dns_run *run, const char **error)
{
    const char *s = run->options.servers;

    for (;;) {
        size_t len = strcspn(s, ",");

        if (run->nservers == SERVERS_MAX) {
            *error = "more than 16 DNS servers";
            return 0;
        }
        if (!server_parse(s, len, &run->servers[run->nservers])) {
            *error = "a DNS server is not an IP address with optional port";
            return 0;
        }
        run->nservers++;
        if (!s[len]) {
            return 1;
        }
        s += len + 1;
    }
}

/* As c-ares finds them in resolv.conf; 127.0.0.1 if there is none. */
static int servers_from_system(mtasts_dns_run *run, const char **error)
{
    struct ares_addr_port_node *list = NULL, *one;
    ares_channel ares;
    int rc = ares_init(&ares);

    if (rc == ARES_SUCCESS) {
        rc = ares_get_servers_ports(ares, &list);
        ares_destroy(ares);
    }
    if (rc != ARES_SUCCESS) {
        *error = ares_strerror(rc);
        return 0;
    }
    for (one = list; one && run->nservers < SERVERS_MAX; one = one->next) {
        char address[INET6_ADDRSTRLEN];

        if (inet_ntop(one->family, &one->addr, address, sizeof(address))) {
            server_name(&run->servers[run->nservers++], one->family, address,
                        one->udp_port ? (unsigned)one->udp_port : DNS_PORT);
        }
    }
    if (list) {
        ares_free_data(list);
    }
    *error = "the system has no DNS server";
    return run->nservers > 0;
}

int mtasts_dns_servers_read(mtasts_dns_run *run, const char **error)
{
    return run->options.servers ? servers_from_options(run, error)
                                : servers_from_system(run, error);
}
