package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const maxInFlight = 32

// generator sends requests at a steady rate, whatever the answers are.
type generator struct {
	client *http.Client
	sent   *prometheus.CounterVec
	slots  chan struct{} // as many as requests may be on their way; a request that finds none is dropped
}

// traffic sends RATE requests a second to each of TARGETS (where users come in) and BACKGROUND_RATE to each of BACKGROUND_TARGETS.
func traffic(ctx context.Context, env *environment) error {
	address := ":" + strconv.Itoa(env.number("PORT", 8080))
	front, rate := env.peers("TARGETS"), env.rate("RATE", 3)
	background, slowly := env.peers("BACKGROUND_TARGETS"), env.rate("BACKGROUND_RATE", 0.2)
	if err := env.problems(); err != nil {
		return err
	}
	registry := newRegistry()
	g := newGenerator(registry)
	var running sync.WaitGroup
	for _, target := range front {
		running.Go(func() { g.run(ctx, target, rate) })
	}
	for _, target := range background {
		running.Go(func() { g.run(ctx, target, slowly) })
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.Handle("GET /metrics", metricsHandler(registry))
	err := serveUntil(ctx, address, mux)
	if err == nil {
		running.Wait()
	}
	return err
}

func newGenerator(registry *prometheus.Registry) *generator {
	return &generator{
		client: &http.Client{Timeout: 2 * callTimeout},
		slots:  make(chan struct{}, maxInFlight),
		sent: promauto.With(registry).NewCounterVec(prometheus.CounterOpts{
			Name: "traffic_requests_total", Help: "Requests sent; status is that of the answer, or error or dropped."}, []string{"target", "status"}),
	}
}

// run sends until ctx ends, then waits for its own requests.
func (g *generator) run(ctx context.Context, target peer, rate float64) {
	ticker := time.NewTicker(time.Duration(float64(time.Second) / rate))
	defer ticker.Stop()
	var sending sync.WaitGroup
	defer sending.Wait()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		select {
		case g.slots <- struct{}{}:
			sending.Go(func() {
				g.send(ctx, target)
				<-g.slots
			})
		default:
			g.sent.WithLabelValues(target.name, "dropped").Inc()
		}
	}
}

func (g *generator) send(ctx context.Context, target peer) {
	all := append(routes(target.name), get("/"))
	chosen := all[rand.IntN(len(all))]
	status := "error"
	request, err := http.NewRequestWithContext(ctx, chosen.method, target.url.JoinPath(chosen.sample()).String(), nil)
	if err == nil {
		var response *http.Response
		if response, err = g.client.Do(request); err == nil {
			_, _ = io.Copy(io.Discard, response.Body)
			_ = response.Body.Close()
			status = strconv.Itoa(response.StatusCode)
		}
	}
	if errors.Is(err, context.Canceled) {
		return
	}
	if err != nil {
		slog.Warn("no answer", "target", target.name, "error", err.Error())
	}
	g.sent.WithLabelValues(target.name, status).Inc()
}
