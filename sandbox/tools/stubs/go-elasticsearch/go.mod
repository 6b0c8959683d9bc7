// The part of Elasticsearch's client that Jaeger uses: the real one is 22 MB of generated calls, Jaeger makes one of them.
module github.com/elastic/go-elasticsearch/v9

go 1.24.0

require github.com/elastic/elastic-transport-go/v8 v8.7.0
