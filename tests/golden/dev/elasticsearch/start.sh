#!/bin/bash
# Elasticsearch writes into the folder of its configuration, and has its first password in its keystore.
set -euo pipefail
cp --recursive --no-preserve=mode /usr/share/elasticsearch/config/. "$ES_PATH_CONF"
cp /etc/elasticsearch-files/elasticsearch.yml /etc/elasticsearch-files/tls.crt /etc/trace-storage/ca.crt "$ES_PATH_CONF"
[[ -e $ES_PATH_CONF/elasticsearch.keystore ]] || /usr/share/elasticsearch/bin/elasticsearch-keystore create
/usr/share/elasticsearch/bin/elasticsearch-keystore add --stdin --force bootstrap.password < /etc/trace-storage-secrets/password
exec /usr/share/elasticsearch/bin/elasticsearch
