#!/bin/sh
# nsupdate-finds.sh TREE DIR KEYFILE : in a network and mount namespace of its own
# (unshare -nm), runs BIND for DIR/zone as example.test with DIR/more.conf, and
# conf/publish/nsupdate with nothing but the key; prints what is there then.
set -eu
tree=$1 dir=$2 key=$3
PATH=$PATH:/usr/sbin:/sbin

ip link set lo up
echo 'nameserver 127.0.0.1' >"$dir/resolv.conf"
mount --bind "$dir/resolv.conf" /etc/resolv.conf

"$tree/lib/named.sh" "$dir" 53 "example.test=$dir/zone\"; allow-update { key mtasts.; }; journal \"$dir/journal" &
named=$!
trap 'kill $named; wait $named || true' EXIT
trap 'exit 1' INT TERM HUP
n=0
until [ -n "$(dig +short +time=1 +tries=1 @127.0.0.1 example.test SOA)" ]; do
    n=$((n + 1))
    [ $n -le 300 ] || { cat "$dir/named.log" >&2; exit 1; }
    sleep 0.1
done

MTASTS_DOMAIN=example.test MTASTS_NAME=_mta-sts.example.test. MTASTS_TYPE=TXT MTASTS_TTL=60 MTASTS_ID=new1 \
    MTASTS_VALUE='v=STSv1; id=new1;' MTASTS_OLD_VALUE='' "$tree/shipped/publish/nsupdate" "$key" </dev/null
dig +short @127.0.0.1 _mta-sts.example.test TXT
