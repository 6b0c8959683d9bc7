package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"
)

func TestTrafficVariesAndEndsWithItsContext(t *testing.T) {
	var mu sync.Mutex
	seen := map[string]int{}
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		seen[r.Method+" "+r.URL.Path]++
	}))
	defer server.Close()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g := newGenerator(newRegistry())
	done := make(chan struct{})
	go func() {
		g.run(ctx, peer{"api-gateway", parse(t, server.URL)}, 1000)
		close(done)
	}()
	eventually(t, "all endpoints were asked", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return seen["GET /"] > 0 && seen["GET /api/v1/blueprints"] > 0 && seen["POST /api/v1/generations"] > 0
	})
	cancel()
	<-done
	if len(g.slots) != 0 {
		t.Errorf("%d slots are still taken", len(g.slots))
	}
	if testutil.ToFloat64(g.sent.WithLabelValues("api-gateway", "200")) == 0 {
		t.Error("nothing was counted")
	}
}

func TestTrafficDropsWhatASlowTargetCannotTake(t *testing.T) {
	release := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-release }))
	defer server.Close()
	defer close(release)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	g := newGenerator(newRegistry())
	go g.run(ctx, peer{"api-gateway", parse(t, server.URL)}, 1000)
	eventually(t, "requests are dropped", func() bool { return testutil.ToFloat64(g.sent.WithLabelValues("api-gateway", "dropped")) > 0 })
	if len(g.slots) != maxInFlight {
		t.Errorf("%d in flight, want %d", len(g.slots), maxInFlight)
	}
}
