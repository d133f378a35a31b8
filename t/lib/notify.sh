#!/bin/sh
# notify.sh DIRECTORY HOW [ARGUMENT ...] : an MTASTSNotifyCommand for tests.
# Keeps its environment, arguments and standard input in files of DIRECTORY,
# N.env, N.args and N.json, the last of which appears when it is complete;
# then ends as HOW says.
dir=$1 how=$2
shift 2
n=$(date +%s%N)-$$
env >"$dir/$n.env"
for arg; do echo "$arg"; done >"$dir/$n.args"
cat >"$dir/$n.part"
mv "$dir/$n.part" "$dir/$n.json"
case $how in
fail) echo 'first line' >&2; echo 'no route to the pager' >&2; exit 3 ;;
hang) sleep 1000 & echo $! >"$dir/pid"; wait ;;
esac
