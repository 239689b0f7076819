#!/usr/bin/env bash
# Prints what has become of a Grid Engine job: running, success or failed. A scheduler that forgets finished jobs at once
# needs a few tries until its accounting knows them.
for _ in 1 2 3 4 5; do
  if qstat -j "$1" >/dev/null 2>&1; then
    echo running
    exit
  fi
  status=$(qacct -j "$1" 2>/dev/null | awk '$1 == "exit_status" { found = $2 } $1 == "failed" && $2 != 0 { found = "bad" } END { print found }')
  case "$status" in
    0) echo success; exit ;;
    "") sleep 2 ;;
    *) echo failed; exit ;;
  esac
done
echo failed
