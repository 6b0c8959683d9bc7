// The part of libopenapi with which Prometheus writes its OpenAPI document. The real one, which reads, checks and compares documents
// too, takes a compiler 40 s of processor time and half a gigabyte of objects.
module github.com/pb33f/libopenapi

go 1.25.0

require go.yaml.in/yaml/v4 v4.0.0-rc.6
