#!/bin/sh
# An MTASTSNotifyCommand that sends mail, with all facts below the text.
set -eu
{
    printf '%s\n\n' "$MTASTS_TEXT"
    cat
} | mail -s "MTA-STS: $MTASTS_EVENT ${MTASTS_DOMAIN:-$MTASTS_COUNT}" "$1"
