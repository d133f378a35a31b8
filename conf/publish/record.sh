# record.sh: what the commands beside it share; no command itself.  They read it
# from their own directory: copy it along with them.
# shellcheck shell=sh disable=SC2034

set -f # nothing here means file names
exec </dev/null # the same as JSON came that way, too

# Ends with one line, of which httpd's error log has the first 255 characters.
fail() {
    line=$(printf '%s' "$*" | tr '\n\r\t' '   ') || line=$*
    printf '%s\n' "$line" >&2
    exit 1
}

need() { # PROGRAM DEBIAN-PACKAGE
    command -v "$1" >/dev/null 2>&1 || fail "$1 is not there (PATH is ${PATH-not set}): install it; Debian calls the package $2"
}

shared_file() { # FILE WHAT MODE
    fail "$1 is $3: others can get at the $2; expected -rw------- of uid $(id -u): chmod 600 it, and if others may have read it, make a new $2"
}

# Only httpd's User, and root, may know what is in it: refuses the file otherwise.
private_file() { # FILE WHAT
    [ -f "$1" ] || fail "there is no file $1, or uid $(id -u) can't get at it: expected the $2 there"
    # shellcheck disable=SC2012 # mode, links, owner and group come before the name
    facts=$(LC_ALL=C ls -dlnL -- "$1" | head -n 1)
    read -r mode _ owner group _ <<END
$facts
END
    case $owner in
    0 | "$(id -u)") ;;
    *) fail "$1 belongs to uid $owner, expected root or uid $(id -u), as which this runs: chown it, and if others may have read it, make a new $2" ;;
    esac
    case $mode in
    -???------*) ;;
    # Of User's own group, as root:www-data; an ACL (+) may name anybody.
    -???r-----[!+]* | -???r-----) [ "$group" = "$(id -g)" ] || shared_file "$@" "$mode" ;;
    *) shared_file "$@" "$mode" ;;
    esac
    [ -r "$1" ] || fail "$1 can't be read by uid $(id -u), as which this runs: chown it to that"
}

# A value as zone files write it: in quotes, 255 octets at most in each string.
quoted() { # VALUE
    printf '%s' "$1" | LC_ALL=C od -An -v -tu1 | LC_ALL=C awk '
        {
            for (i = 1; i <= NF; i++) {
                if (n++ % 255 == 0) printf "%s", n == 1 ? "\"" : "\" \""
                if ($i == 34 || $i == 92) printf "\\%c", $i + 0
                else if ($i < 32 || $i > 126) printf "\\%03d", $i
                else printf "%c", $i + 0
            }
        }
        END { print n ? "\"" : "\"\"" }'
}

# Makes values comparable, however they were written, split and escaped: of each
# line "KEY tab VALUE", with VALUE as in zone files or without any quotes.
plain() {
    LC_ALL=C awk '
        BEGIN { for (i = 0; i < 256; i++) code[sprintf("%c", i)] = i }
        function octet(n) {
            if (n == 34 || n == 92) return sprintf("\\%c", n)
            return n < 32 || n > 126 ? sprintf("\\%03d", n) : sprintf("%c", n)
        }
        {
            tab = index($0, "\t")
            out = substr($0, 1, tab)
            s = substr($0, tab + 1)
            bare = s !~ /^"/
            for (i = 1; i <= length(s); i++) {
                c = substr(s, i, 1)
                if (!bare && c == "\"") inside = !inside
                else if (!bare && c == "\\" && substr(s, i + 1, 3) ~ /^[0-9][0-9][0-9]$/) {
                    out = out octet(substr(s, i + 1, 3) + 0)
                    i += 3
                }
                else if (!bare && c == "\\") out = out octet(code[substr(s, ++i, 1)])
                else if (bare || inside) out = out octet(code[c])
            }
            print out
        }'
}

tab=$(printf '\t')

plain_value() { # VALUE
    value=$(printf 'x\t%s\n' "$(quoted "$1")" | plain)
    printf '%s\n' "${value#x"$tab"}"
}

# Of what is at the name, lines of plain(): `mine` has the KEYs of the records
# that the new one replaces, a line each, `mine_is_right` is not empty if that
# is the new one alone, and `others` has one that somebody else has put there
# since httpd looked, which saw what `seen` says.
sort_out() { # LINES
    mine='' mine_is_right='' others='' known='' n=0
    wanted=$(plain_value "$MTASTS_VALUE")
    old=$(plain_value "${MTASTS_OLD_VALUE-}")
    seen=${old:+\"$old\"}
    seen=${seen:-none}
    while IFS=$tab read -r key value; do
        case $value in
        "$version"*) ;;
        *) continue ;;
        esac
        n=$((n + 1))
        case $value in
        "$wanted")
            mine=$key${mine:+$newline$mine}
            mine_is_right=1 known=1
            continue
            ;;
        "$old") known=1 ;;
        # Others, senders don't take for one.
        "$version;"*) others=$value ;;
        esac
        mine=${mine:+$mine$newline}$key
    done <<END
$1
END
    [ "$n" = 1 ] || mine_is_right=
    [ -z "$known" ] || others=
}

newline='
'
need od coreutils
need awk mawk
case ${MTASTS_NAME-} in
'' | [.-]* | *..* | *[!A-Za-z0-9._-]* | *[!.])
    fail "MTASTS_NAME is '${MTASTS_NAME-}', expected a name with a dot at its end, such as _mta-sts.example.com.: let httpd run this, as MTASTSPublishCommand" ;;
esac
case ${MTASTS_TYPE-} in
TXT) ;;
*) fail "MTASTS_TYPE is '${MTASTS_TYPE-}', expected TXT: let httpd run this, as MTASTSPublishCommand" ;;
esac
case ${MTASTS_VALUE-} in
'v=STSv1;'* | 'v=TLSRPTv1;'*) version=${MTASTS_VALUE%%;*} ;;
*) fail "MTASTS_VALUE is '${MTASTS_VALUE-}', expected one that begins with v=STSv1; or v=TLSRPTv1;: let httpd run this, as MTASTSPublishCommand" ;;
esac
case ${MTASTS_TTL-} in
'' | *[!0-9]* | ???????????*)
    fail "MTASTS_TTL is '${MTASTS_TTL-}', expected a number of seconds: let httpd run this, as MTASTSPublishCommand" ;;
esac
