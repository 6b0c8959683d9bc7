package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

// lines is where a test reads what was logged.
type lines struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buffer.String()
}

// play starts the named service with the dependencies given as name, address pairs, and returns it with its address and its log.
func play(t *testing.T, name string, dependencies ...string) (*service, string, *lines) {
	t.Helper()
	log := &lines{}
	before := slog.Default()
	slog.SetDefault(newLogger(log, name))
	flush, err := setupTracing(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	cfg := config{name: name, metricsPath: "/metrics"}
	for i := 0; i < len(dependencies); i += 2 {
		cfg.dependencies = append(cfg.dependencies, peer{dependencies[i], parse(t, dependencies[i+1])})
	}
	svc, err := newService(cfg)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(svc.handler())
	t.Cleanup(func() {
		server.Close()
		_ = flush(context.Background())
		slog.SetDefault(before)
	})
	return svc, server.URL, log
}

func parse(t *testing.T, address string) *url.URL {
	t.Helper()
	parsed, err := url.Parse(address)
	if err != nil {
		t.Fatal(err)
	}
	return parsed
}

// do sends a request and returns the status and the body.
func do(t *testing.T, method, address, body string, headers ...string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), method, address, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	content, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(content)
}

// eventually waits for a condition that another goroutine brings about.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); time.Now().Before(deadline); time.Sleep(2 * time.Millisecond) {
		if condition() {
			return
		}
	}
	t.Fatalf("never happened: %s", what)
}

func wantContains(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q is not in:\n%s", part, text)
		}
	}
}

func environmentOf(values map[string]string) *environment {
	return &environment{lookup: func(name string) (string, bool) {
		value, ok := values[name]
		return value, ok
	}}
}

// message is the reason in a refusal.
func message(t *testing.T, answer string) string {
	t.Helper()
	var refusal struct{ Message string }
	if err := json.Unmarshal([]byte(answer), &refusal); err != nil {
		t.Errorf("%s: %v", answer, err)
	}
	return refusal.Message
}
