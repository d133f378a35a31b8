#!/bin/sh
# demo.sh TOP DOMAIN MX ONESHOT : a private httpd with mod_mtasts and, unless
# DOMAIN is given, a DNS server with an example.test zone, all in TOP/build/demo.
set -eu
top=$1 domain=${2:-example.test} mx=$3 oneshot=$4
dir=$top/build/demo
PATH=$PATH:/usr/sbin:/sbin
tree() { perl -I "$top/t/lib" -MMTASTS::Tree -e "$1" "$top"; }

say() { printf '\n\033[1m%s\033[0m\n' "$*" | if [ -t 1 ]; then cat; else sed 's/\x1b\[[0-9]*m//g'; fi; }

if [ -z "$mx" ]; then
    if [ "$domain" != example.test ]; then
        live=$(dig +short +time=3 +tries=1 MX "$domain" | sed -n 's/^[0-9]* \(.*\)\.$/\1/p' | paste -sd' ')
        echo "MX= is missing, the domain's MX hosts. What DNS says now, to confirm:" >&2
        echo "make demo DOMAIN=$domain MX=\"${live:-mx1.$domain}\"" >&2
        exit 1
    fi
    mx='mx1.example.test *.backup.example.test'
fi

if [ -e "$dir" ] && [ ! -w "$dir" ]; then
    echo "$dir belongs to somebody else: use a copy of your own" >&2
    exit 1
fi
[ ! -x "$dir/stop" ] || "$dir/stop"
rm -rf "$dir"
mkdir -p "$dir"
port=$(tree 'print MTASTS::Tree::free_ports(2)')
dns=$((port + 1))

"$top/t/lib/certs.sh" "$dir/certs" "mta-sts.$domain"
{
    cat <<END
ServerRoot "$dir"
$(tree 'print MTASTS::Tree::load_modules("event", "$ARGV[0]/build/mod_mtasts.so")')
ServerName localhost
PidFile "$dir/httpd.pid"
DefaultRuntimeDir "$dir"
ErrorLog "$dir/error_log"
TypesConfig /dev/null
Listen 127.0.0.1:$port
END
    [ "$(id -u)" != 0 ] || echo "User nobody"
    [ "$(id -u)" != 0 ] || echo "Group $(id -gn nobody)"
    [ "$domain" != example.test ] || printf '\n# The DNS server of this demo; without it, the system'"'"'s.\nMTASTSResolver 127.0.0.1:%s\n# And its CA and port; it has no MX host.\nMTASTSCAFile "%s"\nMTASTSProbeHost %s\nMTASTSProbeMX Off\n' "$dns" "$dir/certs/ca.crt" "$port"
    cat <<END

<VirtualHost *:$port>
    ServerName mta-sts.$domain
    SSLEngine on
    SSLCertificateFile    "$dir/certs/mta-sts.$domain.crt"
    SSLCertificateKeyFile "$dir/certs/mta-sts.$domain.key"

    MTASTSEngine On
    MTASTSMX     $mx
    MTASTSTLSRPT mailto:tlsrpt@$domain
</VirtualHost>
END
} >"$dir/httpd.conf"
httpd=$(tree 'print MTASTS::Tree::real_httpd()')
run() { "$httpd" -f "$dir/httpd.conf" "$@"; }

say "The virtual host ($dir/httpd.conf)"
sed -n '/^<VirtualHost/,$p' "$dir/httpd.conf"

cat >"$dir/stop" <<END
#!/bin/sh
for f in "$dir/httpd.pid" "$dir/dns/named.pid"; do
    [ -s "\$f" ] || continue
    pid=\$(cat "\$f")
    kill "\$pid" 2>/dev/null && while kill -0 "\$pid" 2>/dev/null; do sleep 0.1; done
done
rm -f "$dir/httpd.pid" "$dir/dns/named.pid" "\$0"
END
chmod +x "$dir/stop"
trap '[ $? = 0 ] || { [ ! -x "$dir/stop" ] || "$dir/stop"; }' EXIT

wait_for() { # at most 30 s
    n=0
    until "$@" >/dev/null 2>&1; do
        n=$((n + 1))
        [ $n -le 300 ] || { echo "waited in vain for: $*" >&2; cat "$dir"/error_log >&2; exit 1; }
        sleep 0.1
    done
}

query="dig +short +time=3 +tries=1"
if [ "$domain" = example.test ]; then
    # The records that the dump prints, in the zone of a DNS server.
    mkdir -p "$dir/dns"
    {
        printf '$TTL 300\n@ IN SOA ns hostmaster 1 3600 600 86400 300\n@ IN NS ns\nns IN A 127.0.0.1\n'
        printf '@ IN MX 10 mx1\nmx1 IN A 127.0.0.1\nmta-sts IN A 127.0.0.1\n'
        run -c 'MTASTSCheck off' -t -D DUMP_MTASTS 2>/dev/null | grep '^_.* IN TXT '
    } >"$dir/dns/example.test.zone"
    "$top/t/lib/named.sh" "$dir/dns" "$dns" "example.test=$dir/dns/example.test.zone" &
    query="dig +short +time=1 +tries=1 @127.0.0.1 -p $dns"
    # shellcheck disable=SC2086
    wait_for $query TXT _mta-sts.example.test
fi

say "What it serves, what DNS says of it, and the records to publish (httpd -t -D DUMP_MTASTS)"
run -t -D DUMP_MTASTS 2>"$dir/configtest" >"$dir/dump" || {
    cat "$dir/configtest" >&2
    exit 1
}
cat "$dir/dump"

run -k start
# By its real name and port, but from here: no look-up, no proxy.
url=https://mta-sts.$domain/.well-known/mta-sts.txt
to=mta-sts.$domain:443:127.0.0.1:$port
fetch() { curl -sS --noproxy "mta-sts.$domain" --cacert "$dir/certs/ca.crt" --connect-to "$to" "$@" "$url"; }
wait_for fetch -f

say "The policy, fetched over TLS as a sender does"
fetch -i | tr -d '\r'

say "The same, as the module sees it from outside (httpd -t -D DUMP_MTASTS_FETCH)"
run -t -D DUMP_MTASTS_FETCH 2>/dev/null | grep -E '^  (fetched from|MX host|[a-z]+ (fetch|mx)-)' || echo "(no address to fetch it from)"

if [ "$domain" = example.test ]; then
    say "The same records, as they were pasted into the zone of a DNS server on port $dns"
else
    say "What DNS says now (the system's resolver; compare with the records above)"
fi
for q in "MX $domain" "TXT _mta-sts.$domain" "TXT _smtp._tls.$domain" "A mta-sts.$domain" "AAAA mta-sts.$domain"; do
    # shellcheck disable=SC2086
    answer=$($query $q 2>/dev/null | grep -v '^;' | paste -sd' ')
    printf '%s: %s\n' "$q" "${answer:-(none)}"
done

if [ -n "$oneshot" ]; then
    "$dir/stop"
    say "Stopped, as ONESHOT was set."
else
    say "It runs until you stop it"
    cat <<END
fetch:  curl --noproxy mta-sts.$domain --cacert '$dir/certs/ca.crt' --connect-to $to $url
change: edit $dir/httpd.conf, then
        $httpd -f '$dir/httpd.conf' -t -D DUMP_MTASTS
        $httpd -f '$dir/httpd.conf' -k graceful
END
    if [ "$domain" = example.test ]; then
        echo "DNS:    $query TXT _mta-sts.$domain"
        echo "        its zone, to change by hand: $dir/dns/example.test.zone; reload: kill -HUP \$(cat '$dir/dns/named.pid')"
    fi
    echo "stop:   '$dir/stop'"
fi
