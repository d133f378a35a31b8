/* Licensed under the Apache License, Version 2.0; see LICENSE. */

/*
 * mod_mtasts: MTA-STS (RFC 8461) for Apache httpd.
 *
 * This file is the table of contents: the module record and every hook.
 *
 *   src/core/    what the RFCs say: names, policy, records, findings.  C, libc
 *                and libcrypto's digest only; pure functions.
 *   src/net/     what the world says; core plus c-ares (DNS) and OpenSSL
 *                (certificates, STARTTLS, fetch).  Every call has a deadline
 *                and a stop flag.
 *   src/store/   what has been: the ledger; core plus APR's apr_dbd
 *   src/httpd/   the only code that includes httpd headers:
 *     config.h     one server's settings; unset -> merge -> defaults once
 *     directives.c the directives
 *     vhost.c      what httpd's configuration says about a virtual host
 *     vhost_tls.c  the certificates that a virtual host presents
 *     site.c       what is served, made from one server's settings
 *     check.c      the configuration as a whole: check_config, post_config
 *     notes.c      refusals and findings about it, for log and dump
 *     serve.c      the request path
 *     released.c   what each site answers with: as configured, or as before
 *     strict.c     what a new policy must pass to be released
 *     headers.c    headers that must be on the wire exactly once
 *     records.c    the DNS records to publish
 *     live*.c      the policies against the world, for all that follow
 *     seen.c       what was seen and logged lately, beyond children and restarts
 *     document.c   what is known of a site, as JSON
 *     dump*.c      apachectl -t -D DUMP_MTASTS and DUMP_MTASTS_JSON
 *     memory.c     the ledger, as the configuration has it
 *     start.c      the checks under -t and at the first start
 *     watch.c      the checks while httpd serves
 *     serving.c    what is served, to the ledger
 *     found.c      the findings of a run, each once
 *     could_find.c whether a run could have found again what stood before
 *     moved.c      the same at another address of a host
 *     report*.c    what has changed since the run before, to log and ledger
 *     worst.c      domains whose worst severity has changed
 *     standing.c   what stands on one site after a run
 *     shown.c      a run's findings, to shared memory and ledger for the pages
 *     status.c     SetHandler mtasts-status: who asks for what
 *     status_source.c, status_rows.c   where the pages have it from
 *     status_*.c, page.c   the pages: nothing of httpd in them
 *     notify.c     what has changed, to the administrator's command
 *     command.c    runs a command
 *     child.c      a process of its own for what must not be root
 *     alabel.c     A-labels, for messages (libidn2)
 *
 * One value flows through: policy (from directives) -> facts (from net, and
 * from the ledger) -> findings (core's one table of words) -> log and dump.
 *
 * Life of a configuration:
 *   1. directives fill an mtasts_config per server, unset where silent
 *   2. httpd merges the main server's into each virtual host's
 *   3. check_config, also under httpd -t: defaults, policies, whole checks
 *   4. check_config again, under httpd -t only, the last step that may refuse:
 *      in a child process the vhosts' certificates, and DNS and MX hosts for
 *      what has MTASTSCheck strict; or all for the dump, which is printed here
 *   5. the first post_config: DNS, certificates and MX hosts, in a child
 *      process, before anything is served and under one deadline; it can't fail
 *   6. each later post_config: the findings of 3 go to the logs and the watch
 *      is registered; nothing may fail here, as it would end a server that
 *      runs, and nothing may wait, as all sites would stand still
 *   7. requests read what 3 made, or what was released before; the watch's
 *      thread makes all checks after the start and each graceful restart, the
 *      policy as it is fetched among them, and again and again from then on
 *   8. what each run has found is left in shared memory and in the ledger, where
 *      any process finds it that is asked for a status page
 */

#include "src/httpd/check.h"
#include "src/httpd/config.h"
#include "src/httpd/headers.h"
#include "src/httpd/serve.h"
#include "src/httpd/start.h"
#include "src/httpd/status.h"
#include "src/httpd/vhost_tls.h"
#include "src/httpd/watch.h"

#include "http_protocol.h"
#include "http_request.h"

static void register_hooks(apr_pool_t *p)
{
    /* mod_env and mod_ssl set what Header and CustomLog conditions read. */
    static const char *const fixups_after[] = {"mod_env.c", "mod_ssl.c", NULL};
    static const char *const fixups_before[] = {"mod_alias.c", "mod_rewrite.c",
                                                "mod_dir.c", NULL};
    static const char *const before_watchdog[] = {"mod_watchdog.c", NULL};

    (void)p;
    ap_hook_check_config(mtasts_check_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_check_config(mtasts_start_check_config, NULL, NULL, APR_HOOK_LAST);
    ap_hook_post_config(mtasts_post_config, NULL, NULL, APR_HOOK_MIDDLE);
    ap_hook_post_config(mtasts_start_post_config, NULL, NULL, APR_HOOK_LAST);
    /* mod_watchdog starts in its own what was registered before it. */
    ap_hook_post_config(mtasts_watch_post_config, NULL, before_watchdog,
                        APR_HOOK_MIDDLE);
    ap_hook_child_init(mtasts_watch_child_init, NULL, before_watchdog,
                       APR_HOOK_MIDDLE);

    ap_hook_translate_name(mtasts_serve_translate_name, NULL, NULL,
                           APR_HOOK_REALLY_FIRST);
    ap_hook_map_to_storage(mtasts_serve_map_to_storage, NULL, NULL,
                           APR_HOOK_REALLY_FIRST);
    ap_hook_fixups(mtasts_serve_fixups, fixups_after, fixups_before,
                   APR_HOOK_FIRST);
    ap_hook_handler(mtasts_serve_handler, NULL, NULL, APR_HOOK_REALLY_FIRST);
    ap_hook_handler(mtasts_status_handler, NULL, NULL, APR_HOOK_MIDDLE);
    mtasts_status_register();

    mtasts_vhost_tls_register();
    mtasts_headers_register();
    ap_hook_insert_filter(mtasts_headers_insert, NULL, NULL, APR_HOOK_LAST);
    ap_hook_insert_error_filter(mtasts_headers_insert, NULL, NULL,
                                APR_HOOK_LAST);
}

/* ALWAYS_MERGE: else a virtual host without an MTASTS directive would share
 * the main server's record, and what is served there would be written over. */
module AP_MODULE_DECLARE_DATA mtasts_module = {STANDARD20_MODULE_STUFF,
                                               NULL,
                                               NULL,
                                               mtasts_config_create,
                                               mtasts_config_merge,
                                               mtasts_directives,
                                               register_hooks,
                                               AP_MODULE_FLAG_ALWAYS_MERGE};
