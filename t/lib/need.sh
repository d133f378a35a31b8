#!/bin/sh
# need.sh [-n] GOAL... : makes sure that what the goals need is installed.
# On Debian and its relatives as root it installs what is missing; elsewhere it
# names what is missing and the command that installs it, and fails; with -n it
# does so everywhere.
set -eu

# The caller's own tools count: APXS, CC, CPPFLAGS.
# goal | how to see that it is there | Debian package | Fedora package
# npm:NAME@VERSION is one of npm's packages, installed for all; the others are of
# what npm itself is in.
table="
build|any:${CC:-cc}|gcc|gcc
build|any:${APXS:-apxs} apxs2|apache2-dev|httpd-devel
build|header:jansson.h|libjansson-dev|jansson-devel
build|header:openssl/evp.h|libssl-dev|openssl-devel
build|header:idn2.h|libidn2-dev|libidn2-devel
build|header:ares.h|libc-ares-dev|c-ares-devel
run|dbd:sqlite3|libaprutil1-dbd-sqlite3|apr-util-sqlite
run|cmd:openssl|openssl|openssl
run|cmd:curl|curl|curl
run|cmd:named|bind9|bind
run|cmd:named-checkzone|bind9-utils|bind-utils
run|cmd:dig|bind9-dnsutils|bind-utils
test|cmd:prove|perl|perl-Test-Harness
test|perl:Apache::Test|libapache2-mod-perl2|perl-Apache-Test
test|perl:LWP::UserAgent|libwww-perl|perl-libwww-perl
test|perl:IO::Socket::SSL|libio-socket-ssl-perl|perl-IO-Socket-SSL
test|perl:IO::Socket::IP|perl|perl-IO-Socket-IP
test|perl:IO::Compress::Gzip|perl|perl-IO-Compress
test|cmd:ab|apache2-utils|httpd-tools
test|cmd:mta-sts-query|postfix-mta-sts-resolver|postfix-mta-sts-resolver
test|cmd:ip|iproute2|iproute
test|cmd:unshare|util-linux|util-linux
test|cmd:nsupdate|bind9-dnsutils|bind-utils
test|cmd:rndc|bind9-utils|bind-utils
test|cmd:jq|jq|jq
test|cmd:sqlite3|sqlite3|sqlite
test|dbd:pgsql|libaprutil1-dbd-pgsql|apr-util-pgsql
test|pg:initdb|postgresql|postgresql-server
test|mta:postconf|postfix|postfix
test|cmd:nginx|nginx-light|nginx
test|python:jsonschema|python3-jsonschema|python3-jsonschema
test|python:prometheus_client|python3-prometheus-client|python3-prometheus_client
test|cmd:promtool|prometheus|golang-github-prometheus
test|cmd:chromium|chromium|chromium
test|cmd:chromedriver|chromium-driver|chromedriver
test|npm:axe-core@4.14.1|npm|nodejs-npm
valgrind|cmd:valgrind|valgrind|valgrind
lint|cmd:clang-tidy|clang-tidy|clang-tools-extra
lint|cmd:clang-format|clang-format|clang-tools-extra
lint|cmd:cppcheck|cppcheck|cppcheck
lint|cmd:shellcheck|shellcheck|ShellCheck
fuzz|cmd:clang|clang|clang
fuzz|clangrt:fuzzer|libclang-rt-dev|compiler-rt
bench|cmd:wrk|wrk|wrk
bench|cmd:h2load|nghttp2-client|nghttp2
bench|cmd:dnsperf|dnsperf|dnsperf
"

PATH=$PATH:/usr/sbin:/sbin:/usr/local/sbin

there() {
    kind=${1%%:*} what=${1#*:}
    case $kind in
    cmd) command -v "$what" >/dev/null ;;
    any) for one in $what; do command -v "$one" >/dev/null && return 0; done
         return 1 ;;
    header) # shellcheck disable=SC2086
        echo "#include <$what>" | ${CC:-cc} ${CPPFLAGS:-} -E - >/dev/null 2>&1 ;;
    perl) perl -M"$what" -e 1 2>/dev/null ;;
    # apr_dbd's driver, in the directories where apr-util looks for it.
    dbd) for one in /usr/lib*/apr-util-1 /usr/lib/*/apr-util-1 /usr/local/lib/apr-util-1; do
             [ -e "$one/apr_dbd_$what.so" ] || [ -e "$one/apr_dbd_$what-1.so" ] && return 0
         done
         return 1 ;;
    pg) for one in /usr/lib/postgresql/*/bin /usr/pgsql-*/bin /usr/bin /usr/local/bin; do
            [ -x "$one/$what" ] && return 0
        done
        return 1 ;;
    # Never in place of the mail server that a machine has.
    mta) command -v "$what" >/dev/null || command -v sendmail >/dev/null ;;
    # The system's, as another one may come first in the path.
    python) /usr/bin/python3 -c "import $what" 2>/dev/null ;;
    npm) module_version "${what%@*}" | grep -qxF "${what##*@}" ;;
    clangrt) echo 'int LLVMFuzzerTestOneInput(void) { return 0; }' |
             clang -fsanitize="$what" -x c - -o /dev/null 2>/dev/null ;;
    esac
}

module_version() { # NAME of one of npm's
    command -v npm >/dev/null &&
        sed -n 's/^ *"version": *"\([^"]*\)".*/\1/p' "$(npm root -g 2>/dev/null)/$1/package.json" 2>/dev/null
}

missing() { # column of the package name; npm: what is npm's
    echo "$table" | while IFS='|' read -r goal probe debian fedora; do
        case " $goals " in *" $goal "*) ;; *) continue ;; esac
        there "$probe" && continue
        case $1,$probe in
        npm,npm:*) echo "${probe#*:}"; continue ;;
        npm,*) continue ;;
        debian,npm:* | fedora,npm:*) command -v npm >/dev/null && continue ;;
        esac
        case $1 in debian) echo "$debian" ;; fedora) echo "$fedora" ;;
                   *) echo "${probe#*:}" ;; esac
    done | sort -u | tr '\n' ' '
}

# bind9, nginx, postfix, postgresql and prometheus come with a service.  This only borrows
# their programs, so what was not here before is neither started now nor at the
# next boot, and no database is made.
install_debian() {
    guard=/usr/sbin/policy-rc.d made=
    if [ ! -e $guard ]; then
        printf '#!/bin/sh\nexit 101\n' >$guard
        chmod 755 $guard
        made=1
    fi
    clusters=/etc/postgresql-common/createcluster.d
    case " $1 " in *" postgresql "*)
        mkdir -p $clusters
        echo 'create_main_cluster = false' >$clusters/only-the-programs.conf ;;
    esac
    trap '[ -z "$made" ] || rm -f $guard; rm -f $clusters/only-the-programs.conf; rmdir $clusters 2>/dev/null || true' EXIT
    trap 'exit 1' INT TERM HUP
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq || true
    # shellcheck disable=SC2086
    apt-get install -qq -y --no-install-recommends $1 >/dev/null
    if [ -d /run/systemd/system ]; then
        for pair in bind9:named nginx-light:nginx postfix:postfix postgresql:postgresql prometheus:prometheus \
            postfix-mta-sts-resolver:postfix-mta-sts-resolver; do
            case " $1 " in *" ${pair%%:*} "*)
                systemctl --quiet disable "${pair#*:}" || true ;;
            esac
        done
    fi
}

name_only=
if [ "${1:-}" = -n ]; then
    name_only=1
    shift
fi
goals="$*"
packages=$(missing debian)
modules=$(missing npm)
[ -n "$packages$modules" ] || exit 0

command=
if command -v apt-get >/dev/null; then
    [ -z "$packages" ] || command="apt-get install $packages"
    if [ "$(id -u)" = 0 ] && [ -z "$name_only" ]; then
        echo "installing: $packages$modules"
        [ -z "$packages" ] || install_debian "$packages"
        # shellcheck disable=SC2086
        [ -z "$modules" ] || npm install --global $modules >/dev/null
        [ -z "$(missing names)" ] && exit 0
        echo "still missing after that: $(missing names)" >&2
        exit 1
    fi
elif command -v dnf >/dev/null; then
    packages=$(missing fedora)
    [ -z "$packages" ] || command="dnf install $packages"
else
    [ -z "$packages" ] || command="your system's package manager; Debian calls them: $packages"
fi
[ -z "$modules" ] || command="${command:+$command; }npm install --global $modules"
echo "missing: $(missing names)" >&2
echo "install with: $command" >&2
exit 1
