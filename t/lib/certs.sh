#!/bin/sh
# certs.sh DIR NAME... : a throw-away CA (DIR/ca.crt) and, for each NAME, a
# certificate DIR/NAME.crt with NAME as its only SAN, and its key.
set -eu
umask 022
dir=$1
shift
mkdir -p "$dir"
cd "$dir"
key() { openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$1" 2>/dev/null; }
if [ ! -s ca.crt ]; then
    key ca.key
    openssl req -x509 -new -key ca.key -days 30 -subj "/CN=mod_mtasts test CA" \
        -addext basicConstraints=critical,CA:TRUE \
        -addext keyUsage=critical,keyCertSign -out ca.crt
fi
for name; do
    [ -s "$name.crt" ] && continue
    key "$name.key"
    printf 'subjectAltName=DNS:%s\n' "$name" >"$name.ext"
    openssl req -new -key "$name.key" -subj "/O=mod_mtasts test" -out "$name.csr"
    openssl x509 -req -in "$name.csr" -CA ca.crt -CAkey ca.key -days 20 \
        -CAcreateserial -extfile "$name.ext" -out "$name.crt" 2>/dev/null
    rm -f "$name.ext" "$name.csr"
done
