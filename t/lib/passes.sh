#!/bin/sh
# passes.sh TOP MODULE [t/FILE.t ...] : the Apache::Test suite, or some files
# of it, once for each way in which it must pass.  ASAN=1, VALGRIND=1: under
# those, in one pass.
set -eu
top=$1 module=$2
shift 2
tests=$(for t; do echo "t/${t##*/}"; done)
out=$top/$(dirname "$module")

# A tree that Apache::Test can write to; its own for each pass.
lay_out() {
    rm -rf "$1"
    mkdir -p "$1/conf" "$1/htdocs"
    cp "$top"/t/*.t "$top/t/TEST" "$1/"
    cp -R "$top/t/lib" "$1/lib"
    cp "$top"/t/conf/*.in "$1/conf/"
    cp -R "$top/conf" "$1/shipped"
    cp "$top/$module" "$1/mod_mtasts.so"
    cp -R "$out/unit-store" "$1/"
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

# shellcheck disable=SC2086
{
    lay_out "$out/event/t"
    pass "event MPM, uid $(id -u)" "$out/event/t" event "" $tests

    if [ -z "$tests$VALGRIND" ]; then
        lay_out "$out/prefork/t"
        pass "prefork MPM, short" "$out/prefork/t" prefork "" t/serve.t t/headers.t t/dump.t
    fi

    if [ "$(id -u)" = 0 ] && [ -z "$VALGRIND" ]; then
        # Elsewhere, as the way to this folder may be closed to others.
        tmp=$(mktemp -d)
        trap 'rm -rf "$tmp"' EXIT
        trap 'exit 1' INT TERM HUP
        chmod 755 "$tmp"
        lay_out "$tmp/t"
        chown -R nobody "$tmp/t"
        pass "event MPM, an ordinary user" "$tmp/t" event \
            "setpriv --reuid=nobody --regid=$(id -gn nobody) --clear-groups env HOME=$tmp" $tests
    fi
}
