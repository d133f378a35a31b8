#!/bin/sh
# bad-certs.sh DIR KIND:NAME... : certificates of servers under the root
# DIR/ca.crt of certs.sh, for what can be right and wrong with them.  Each is
# DIR/KIND-NAME.crt, with what the server is to send along, and .key.
#   good            SAN is NAME; by an intermediate CA, which is sent along
#   missing         the same, but the intermediate CA is not sent
#   wrong           SAN is other.NAME
#   wildcard        SAN is *.PARENT of NAME
#   cn              NAME is in the common name only; there is no SAN
#   expired         ended years ago
#   future          begins decades from now
#   expiring        ends in 5 days
#   expired-ca      the intermediate CA has expired
#   other-ca        by a root that nobody trusts, which is sent along
#   self-signed     by itself
#   markup          the same, for names and with a subject that are HTML
#   weak            an RSA key of 1024 bits
set -eu
umask 022
mkdir -p "$1"
"$(dirname "$0")/certs.sh" "$1"
cd "$1"
shift
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
trap 'exit 1' INT TERM HUP
: >"$tmp/index"
cat >"$tmp/conf" <<END
[ca]
default_ca = any
[any]
database = $tmp/index
new_certs_dir = $tmp
unique_subject = no
rand_serial = yes
default_md = sha256
policy = subject
copy_extensions = copy
x509_extensions = keys
[keys]
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[subject]
organizationName = optional
commonName = optional
[req]
distinguished_name = none
[none]
END

# request SUBJECT EXTENSION KEY... : $tmp/csr and $tmp/key
request() {
    subject=$1 extension=$2
    shift 2
    openssl req -new -config "$tmp/conf" -newkey "$@" -nodes -subj "$subject" \
        -addext "$extension" -keyout "$tmp/key" -out "$tmp/csr" 2>/dev/null
}
ec() { request "$1" "$2" ec -pkeyopt ec_paramgen_curve:P-256; }

# sign CA VALIDITY... : $tmp/crt; CA self is the certificate's own key
sign() {
    ca=$1
    shift
    if [ "$ca" = self ]; then set -- -selfsign -keyfile "$tmp/key" "$@"
    else set -- -cert "$ca.crt" -keyfile "$ca.key" "$@"; fi
    openssl ca -batch -notext -config "$tmp/conf" "$@" -in "$tmp/csr" -out "$tmp/crt" \
        2>"$tmp/said" || { cat "$tmp/said" >&2; exit 1; }
}

# keep NAME SENT_ALONG... : a certificate that is there is whole and has its key
keep() {
    name=$1
    shift
    chmod 644 "$tmp/key" # servers that are not root read it, too
    mv "$tmp/key" "$name.key"
    cat "$tmp/crt" "$@" >"$tmp/all"
    mv "$tmp/all" "$name.crt"
}

past="-startdate 20200101000000Z -enddate 20210101000000Z"
issuer=basicConstraints=critical,CA:TRUE
if [ ! -s intermediate.crt ]; then
    ec "/CN=mod_mtasts test intermediate CA" $issuer
    sign ca -days 30
    keep intermediate
    ec "/CN=mod_mtasts test old CA" $issuer
    # shellcheck disable=SC2086
    sign ca $past
    keep old
    ec "/CN=mod_mtasts test other CA" $issuer
    sign self -days 30
    keep other
fi

for pair; do
    kind=${pair%%:*} host=${pair#*:} name=$kind-${pair#*:}
    [ -s "$name.crt" ] && continue
    subject="/O=mod_mtasts test" san=$host by=intermediate validity="-days 20" along=intermediate.crt
    case $kind in
    good | weak) ;;
    missing) along='' ;;
    wrong) san=other.$host ;;
    wildcard) san="*.${host#*.}" ;;
    cn) subject=/CN=$host san='' ;;
    expired) validity=$past ;;
    future) validity="-startdate 20700101000000Z -enddate 20710101000000Z" ;;
    expiring) validity="-days 5" ;;
    expired-ca) by=old along=old.crt ;;
    other-ca) by=other along=other.crt ;;
    self-signed) by=self along='' ;;
    markup) by=self along='' subject="/O=<img src=x onerror=evil=1>/CN=<b>evil" san="<script>evil=1<\/script>.$host" ;;
    *) echo "bad-certs.sh: no kind $kind" >&2; exit 1 ;;
    esac
    extension=${san:+subjectAltName=DNS:$san}
    : "${extension:=basicConstraints=CA:FALSE}"
    if [ "$kind" = weak ]; then request "$subject" "$extension" rsa:1024
    else ec "$subject" "$extension"; fi
    # shellcheck disable=SC2086
    sign $by $validity
    # shellcheck disable=SC2086
    keep "$name" $along
done
