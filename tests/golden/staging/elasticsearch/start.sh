#!/bin/bash
# Elasticsearch writes into the folder of its configuration, and has its first password in its keystore.
set -euo pipefail
cp --recursive --no-preserve=mode /usr/share/elasticsearch/config/. "$ES_PATH_CONF"
cp /etc/elasticsearch-files/elasticsearch.yml /etc/elasticsearch-files/tls.crt /etc/trace-storage/ca.crt "$ES_PATH_CONF"
[[ -e $ES_PATH_CONF/elasticsearch.keystore ]] || /usr/share/elasticsearch/bin/elasticsearch-keystore create
/usr/share/elasticsearch/bin/elasticsearch-keystore add --stdin --force bootstrap.password < /etc/trace-storage-secrets/password
if [[ $POD_NAME == elasticsearch-0 && ! -d /usr/share/elasticsearch/data/_state ]]; then
  if [[ ! -e /usr/share/elasticsearch/data/may-bootstrap ]]; then
    answer=$(curl --silent --show-error --max-time 30 --output /dev/null --write-out '%{http_code}' --cacert /var/run/secrets/kubernetes.io/serviceaccount/ca.crt \
      --config <(printf 'header = "Authorization: Bearer %s"\n' "$(</var/run/secrets/kubernetes.io/serviceaccount/token)") --header 'Content-Type: application/json' \
      --data '{"apiVersion":"coordination.k8s.io/v1","kind":"Lease","metadata":{"name":"elasticsearch-was-formed"}}' https://kubernetes.default.svc/apis/coordination.k8s.io/v1/namespaces/observability/leases)
    case $answer in
      201) touch /usr/share/elasticsearch/data/may-bootstrap ;;
      409) echo "a cluster was formed here before: joining it, not forming another (see the runbook ElasticsearchUnhealthy)" ;;
      *) echo "cannot ask whether a cluster was formed here before: the API server answered $answer" >&2; exit 1 ;;
    esac
  fi
  [[ ! -e /usr/share/elasticsearch/data/may-bootstrap ]] || echo "cluster.initial_master_nodes: [$POD_NAME]" >> "$ES_PATH_CONF/elasticsearch.yml"
fi
exec /usr/share/elasticsearch/bin/elasticsearch
