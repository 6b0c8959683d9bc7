// Package googledirectpath registers nothing: clients of Google Cloud import it for a way past Google's load balancers that is taken inside
// Google Cloud alone, and with it gRPC's xDS, 130 packages.
package googledirectpath
