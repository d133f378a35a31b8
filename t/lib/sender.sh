#!/bin/sh
# sender.sh TREE PORT DOMAIN... : in a network and mount namespace of its own
# (unshare -nm), gives BIND the dump's records, serves the policies on port
# 443, and asks a real sender, postfix-mta-sts-resolver, about each domain.
set -eu
tree=$1
shift
dir=$tree/logs/sender
PATH=$PATH:/usr/sbin:/sbin
rm -rf "$dir"
mkdir -p "$dir"

ip link set lo up
echo 'nameserver 127.0.0.1' >"$dir/resolv.conf"
mount --bind "$dir/resolv.conf" /etc/resolv.conf

cat >"$dir/httpd.conf" <<END
Include $tree/conf/modules.conf
DefaultRuntimeDir $dir
ErrorLog $dir/error_log
PidFile $dir/httpd.pid
User nobody
Group $(id -gn nobody)
ServerName localhost
TypesConfig /dev/null
Listen 127.0.0.1:443
MTASTSCheck off
MTASTSMX mx1.example.test *.mx.example.test
END
for domain; do
    cat >>"$dir/httpd.conf" <<END
<VirtualHost 127.0.0.1:443>
    ServerName mta-sts.$domain
    SSLEngine on
    SSLCertificateFile $tree/certs/mta-sts.$domain.crt
    SSLCertificateKeyFile $tree/certs/mta-sts.$domain.key
    MTASTSEngine On
    MTASTSMode \${MODE}
</VirtualHost>
END
done
export MODE="${MODE:-enforce}"
httpd="$HTTPD -d $tree -f $dir/httpd.conf"

zones=
for domain; do
    {
        printf '$TTL 60\n@ IN SOA ns h 1 2 3 4 5\n@ IN NS ns\nns IN A 127.0.0.1\nmta-sts IN A 127.0.0.1\n'
        $httpd -t -D DUMP_MTASTS 2>/dev/null | grep "^_[a-z._-]*\.$domain\. "
    } >"$dir/$domain.zone"
    zones="$zones $domain=$dir/$domain.zone"
done
# shellcheck disable=SC2086
"$tree/lib/named.sh" "$dir" 53 $zones &
named=$!
stop() { # and wait until both are gone
    pid=$(cat "$dir/httpd.pid" 2>/dev/null || true)
    # shellcheck disable=SC2086
    kill $named $pid 2>/dev/null || true
    wait $named || true
    while [ -n "$pid" ] && kill -0 "$pid" 2>/dev/null; do sleep 0.1; done
}
trap stop EXIT
trap 'exit 1' INT TERM HUP
$httpd -k start

wait_for() { # at most 30 s
    n=0
    until "$@" >/dev/null 2>&1; do
        n=$((n + 1))
        [ $n -le 300 ] || { echo "waited in vain for: $*" >&2; exit 1; }
        sleep 0.1
    done
}
wait_for dig +short +time=1 +tries=1 @127.0.0.1 "mta-sts.$1"
wait_for curl -sf --cacert "$tree/certs/ca.crt" "https://mta-sts.$1/.well-known/mta-sts.txt"

# absent.DOMAIN: what the sender says when there is nothing.
export SSL_CERT_FILE="$tree/certs/ca.crt"
for domain in "$@" "absent.$1"; do
    echo "$domain: $(mta-sts-query "$domain" 2>&1)"
done
