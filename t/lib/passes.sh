#!/bin/sh
# passes.sh TOP MODULE [t/FILE.t ...] : the Apache::Test suite, or some files
# of it, once for each way in which it must pass.  ASAN=1, VALGRIND=1: under
# those, in one pass.
set -eu
top=$1 module=$2
shift 2
tests=$(for t; do echo "t/${t##*/}"; done)
out=$top/$(dirname "$module")

# Where need.sh has npm put it; the trees get it, as an ordinary user's npm may look
# elsewhere.
axe=$(npm root -g 2>/dev/null || true)/axe-core/axe.min.js

# A tree that Apache::Test can write to; its own for each pass.
lay_out() {
    rm -rf "$1"
    mkdir -p "$1/conf" "$1/htdocs"
    cp "$top"/t/*.t "$top/t/TEST" "$1/"
    cp -R "$top/t/lib" "$1/lib"
    cp "$top"/t/conf/*.in "$1/conf/"
    cp -R "$top/conf" "$1/shipped"
    cp "$top/$module" "$1/mod_mtasts.so"
    cp -R "$out/unit-store" "$out/unit-httpd" "$top/t/pages" "$1/"
    [ ! -r "$axe" ] || cp "$axe" "$1/axe.min.js"
    mkdir -m 1777 "$1/logs" # sanitizers write there as User
}

wrapper() { # TREE: how to start httpd in it
    if [ -n "$ASAN" ]; then
        libs=$(for l in asan ubsan; do cc -print-file-name=lib$l.so; done | paste -sd:)
        # Leaks: httpd's pools are freed at exit only; odr: the module is
        # unloaded and loaded again at each restart.
        cat <<END
#!/bin/sh
export LD_PRELOAD="$libs"
export ASAN_OPTIONS=detect_leaks=0:detect_odr_violation=0:log_path=$1/logs/sanitizer
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$1/logs/sanitizer
exec "$(httpd)" "\$@"
END
    elif [ -n "$VALGRIND" ]; then
        cat <<END
#!/bin/sh
exec valgrind -q --vgdb=no --trace-children=no --log-file=$1/logs/valgrind.%p "$(httpd)" "\$@"
END
    fi
}

httpd() { perl -I "$top/t/lib" -MMTASTS::Tree -e 'print MTASTS::Tree::real_httpd()'; }

# What no test may leave in a log, whatever it looked at itself.
look_through() {
    if grep -sE 'exit signal|Segmentation fault|Assertion.*failed|pool concurrency check|AddressSanitizer|runtime error:' \
        "$1"/logs/error_log "$1"/logs/sanitizer* /dev/null; then
        echo "$1/logs: see above" >&2
        return 1
    fi
    for f in "$1"/logs/valgrind.*; do
        if [ -s "$f" ]; then cat "$f" >&2; return 1; fi
    done
}

# pass NAME TREE MPM PREFIX FILES : runs as PREFIX says
pass() {
    echo "# pass: $1"
    tree=$2 mpm=$3 prefix=$4
    shift 4
    wrapper "$tree" >"$tree/httpd"
    chmod 755 "$tree/httpd"
    [ ! -s "$tree/httpd" ] || export MTASTS_HTTPD="$tree/httpd"
    # shellcheck disable=SC2086
    (cd "$tree/.." && $prefix t/TEST -mpm "$mpm" ${VALGRIND:+-one-process} "$@") || {
        echo "failed; logs are in $tree/logs" >&2
        return 1
    }
    unset MTASTS_HTTPD
    look_through "$tree"
}

# Tests that wait for minutes of the watch, in groups: each in a tree of its own
# beside the others, as they need little else than time.
waiting="t/watch-dns.t,t/change.t t/watch.t,t/ledger.t t/change-unknown.t,t/fleet.t,t/resolver.t
t/publish.t t/publish-crash.t t/rollout.t,t/publish-commands.t t/rollout-odd.t,t/authority.t
t/status.t,t/schema.t t/status-real.t"

others() { # the tests that are in no group
    for t in "$top"/t/*.t; do
        case " $(echo "$waiting" | tr ',\n' '  ') " in
        *" t/${t##*/} "*) ;;
        *) echo "t/${t##*/}" ;;
        esac
    done
}

# beside NAME DIR PREFIX : starts a pass of each group.
beside() {
    group=0
    for files in $waiting; do
        group=$((group + 1))
        started=$((started + 1))
        tree=$2/waiting$group/t
        lay_out "$tree"
        [ -z "$3" ] || chown -R nobody "$tree"
        # shellcheck disable=SC2046
        (pass "$1, beside: $files" "$tree" event "$3" $(echo "$files" | tr , ' ')) \
            >"$out/beside$started.log" 2>&1 &
        pids="$pids $!"
    done
}

# Says what those have said, those that failed last; 1 if there are such.
join() {
    failed= n=0
    for pid in $pids; do
        n=$((n + 1))
        if wait "$pid"; then cat "$out/beside$n.log"; else failed="$failed $n"; fi
    done
    pids=
    for n in $failed; do cat "$out/beside$n.log"; done
    # The end of a long output is what is read.
    for n in $failed; do
        echo "FAILED: $(sed -n 's/^# pass: //p' "$out/beside$n.log")"
        grep -aE -A 6 '^# Failed test|^t/.*(Failed|Wstat|Dubious)' "$out/beside$n.log" | cut -c 1-300 | head -n 30
    done >&2
    [ -z "$failed" ]
}

pids=
started=0
tmp=
trap '[ -z "$pids" ] || kill $pids 2>/dev/null; [ -z "$tmp" ] || rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP

# shellcheck disable=SC2086
{
    as_user="setpriv --reuid=nobody --regid=$(id -gn nobody) --clear-groups env HOME="
    both=
    if [ "$(id -u)" = 0 ] && [ -z "$ASAN$VALGRIND" ]; then
        # Elsewhere, as the way to this folder may be closed to others.
        both=1 tmp=$(mktemp -d)
        chmod 755 "$tmp"
    fi
    if [ -z "$tests$VALGRIND" ]; then
        beside "event MPM, uid $(id -u)" "$out" ""
        [ -z "$both" ] || beside "event MPM, an ordinary user" "$tmp" "$as_user$tmp"
        tests=$(others)
        lay_out "$out/prefork/t"
        pass "prefork MPM, short" "$out/prefork/t" prefork "" t/serve.t t/headers.t t/dump.t
    fi

    lay_out "$out/event/t"
    pass "event MPM, uid $(id -u)" "$out/event/t" event "" $tests
    if [ -n "$both" ]; then
        lay_out "$tmp/t"
        chown -R nobody "$tmp/t"
        pass "event MPM, an ordinary user" "$tmp/t" event "$as_user$tmp" $tests
    fi
    join
}
