package main

import (
	"crypto/subtle"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"time"
)

// user is the one that Elasticsearch has from the start.
const user = "elastic"

// newFront is the server before OpenSearch: TLS, and the password of the keystore for every request.
func newFront(folder string, settings map[string]string) (*http.Server, error) {
	pair, err := certificate(folder, settings)
	if err != nil {
		return nil, err
	}
	password, err := keystoreValue(folder, "bootstrap.password")
	if err != nil {
		return nil, err
	}
	return &http.Server{
		Addr:              ":9200",
		Handler:           guarded(password, httputil.NewSingleHostReverseProxy(&url.URL{Scheme: "http", Host: inner})),
		TLSConfig:         &tls.Config{Certificates: []tls.Certificate{pair}, MinVersion: tls.VersionTLS12},
		ReadHeaderTimeout: 10 * time.Second,
	}, nil
}

// certificate is the one of the HTTP layer, if it is signed by the authority beside it, as nodes want it of each other.
func certificate(folder string, settings map[string]string) (tls.Certificate, error) {
	path := func(key string) string { return filepath.Join(folder, settings["xpack.security.http.ssl."+key]) }
	pair, err := tls.LoadX509KeyPair(path("certificate"), path("key"))
	if err != nil {
		return pair, err
	}
	authority, err := os.ReadFile(filepath.Join(folder, "ca.crt"))
	if err != nil {
		return pair, err
	}
	known := x509.NewCertPool()
	if !known.AppendCertsFromPEM(authority) {
		return pair, errors.New("ca.crt holds no certificate")
	}
	if _, err := pair.Leaf.Verify(x509.VerifyOptions{Roots: known}); err != nil {
		return pair, fmt.Errorf("the certificate is not one of ca.crt: %w", err)
	}
	return pair, nil
}

// guarded lets nobody through but the one user.
func guarded(password string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, given, _ := r.BasicAuth()
		if subtle.ConstantTimeCompare([]byte(name), []byte(user))&subtle.ConstantTimeCompare([]byte(given), []byte(password)) != 1 {
			w.Header().Set("WWW-Authenticate", `Basic realm="security"`)
			http.Error(w, `{"error":{"type":"security_exception"},"status":401}`, http.StatusUnauthorized)
			return
		}
		r.Header.Del("Authorization")
		next.ServeHTTP(w, r)
	})
}
