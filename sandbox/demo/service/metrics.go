package main

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promauto"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"go.opentelemetry.io/otel/trace"
)

// red holds the metrics that every service shares: rate, errors, duration.
type red struct {
	requests   *prometheus.CounterVec
	duration   *prometheus.HistogramVec
	inProgress prometheus.Gauge
}

// buckets are the usual ones, and one that ends at each time that the catalogue promises: an SLO on latency is counted, not estimated.
var buckets = []float64{.005, .01, .025, .05, .1, .25, .3, .5, 1, 2, 2.5, 4, 5, 10}

// newRegistry has what the Go runtime and the process say about themselves.
func newRegistry() *prometheus.Registry {
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return registry
}

func newRed(registry *prometheus.Registry) *red {
	factory := promauto.With(registry)
	return &red{
		requests: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "http_requests_total", Help: "Requests answered."}, []string{"method", "endpoint", "status"}),
		duration: factory.NewHistogramVec(prometheus.HistogramOpts{
			Name: "http_request_duration_seconds", Help: "Time to answer a request.",
			Buckets: buckets}, []string{"method", "endpoint"}),
		inProgress: factory.NewGauge(prometheus.GaugeOpts{
			Name: "http_requests_in_progress", Help: "Requests being answered."}),
	}
}

// declare creates the series of an endpoint at 0: a counter that is born at 1 hides its first increase from rate().
func (m *red) declare(method, endpoint string, statuses ...int) {
	m.duration.WithLabelValues(method, endpoint)
	for _, status := range statuses {
		m.requests.WithLabelValues(method, endpoint, strconv.Itoa(status))
	}
}

// record counts one answered request; a sampled one leaves its trace id as exemplar.
func (m *red) record(ctx context.Context, method, endpoint string, status int, took time.Duration) {
	m.requests.WithLabelValues(method, endpoint, strconv.Itoa(status)).Inc()
	observer := m.duration.WithLabelValues(method, endpoint)
	span := trace.SpanContextFromContext(ctx)
	if exemplars, ok := observer.(prometheus.ExemplarObserver); ok && span.IsSampled() {
		exemplars.ObserveWithExemplar(took.Seconds(), prometheus.Labels{"trace_id": span.TraceID().String()})
		return
	}
	observer.Observe(took.Seconds())
}

// metricsHandler offers OpenMetrics, the only text format that carries exemplars.
func metricsHandler(registry *prometheus.Registry) http.Handler {
	return promhttp.HandlerFor(registry, promhttp.HandlerOpts{EnableOpenMetrics: true})
}
