#!/bin/bash
# Deletes the daily indices of Jaeger that are $DAYS days old and older.
set -euo pipefail
storage() { curl --silent --show-error --fail --max-time 60 --cacert "/etc/trace-storage/ca.crt" --config <(printf 'header = "Authorization: Basic %s"\n' "$(printf '%s:%s' "$STORAGE_USER" "$(</etc/trace-storage-secrets/password)" | base64 --wrap=0)") "$@"; }
newest=$(date --utc --date="$DAYS days ago" +%F)
indices=$(storage "$STORAGE_URL/_cat/indices/jaeger-*?h=index")
failed=0
for index in $indices; do
  [[ $index =~ ^jaeger-[a-z]+-([0-9]{4}-[0-9]{2}-[0-9]{2})$ ]] || continue
  [[ ${BASH_REMATCH[1]} > $newest ]] && continue
  if storage --output /dev/null --request DELETE "$STORAGE_URL/$index"; then echo "deleted $index"; else failed=1; fi
done
exit "$failed"
