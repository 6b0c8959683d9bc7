module observability/sandbox/images/placeholder

go 1.24
