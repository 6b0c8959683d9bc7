module observability/sandbox/images/elasticsearch

go 1.24
