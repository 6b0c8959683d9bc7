module observability/sandbox/images/pause

go 1.24
