#!/bin/sh
# named.sh DIR PORT ZONE=FILE... : runs BIND in the foreground as authority for
# the zones, on 127.0.0.1 and PORT, with everything it writes in DIR.  Statements
# in DIR/more.conf, if there is one, are of its configuration.
set -eu
dir=$1 port=$2
shift 2
PATH=$PATH:/usr/sbin
mkdir -p "$dir"
# AppArmor's profile for the installed named allows the system's paths only;
# it goes by the program's path.
cp "$(command -v named)" "$dir/named"
{
    cat <<END
options {
    directory "$dir";
    pid-file "$dir/named.pid";
    session-keyfile "$dir/session.key";
    listen-on port $port { 127.0.0.1; };
    listen-on-v6 { none; };
    recursion no;
    dnssec-validation no;
    notify no;
};
controls { };
END
    [ ! -e "$dir/more.conf" ] || printf 'include "%s";\n' "$dir/more.conf"
    for zone; do
        printf 'zone "%s" { type primary; file "%s"; };\n' "${zone%%=*}" "${zone#*=}"
    done
} >"$dir/named.conf"
exec "$dir/named" -f -n 1 -c "$dir/named.conf" >"$dir/named.log" 2>&1
