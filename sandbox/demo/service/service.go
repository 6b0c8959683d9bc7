package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"math/rand/v2"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/trace"
)

// pathHeader names the services that a request has come through. A service calls none of them again, so that a circle in the catalogue ends.
const pathHeader = "X-Demo-Path"

// statusClientGone is what proxies write down for a caller that did not wait for the answer: no fault of the service.
const statusClientGone = 499

const callTimeout = 5 * time.Second

// service plays one entry of the catalogue.
type service struct {
	config
	faults   *faultStore
	metrics  *red
	business *business
	registry http.Handler
	client   *http.Client
	stores   []datastore
	draining atomic.Bool
}

func newService(cfg config) (*service, error) {
	var stores []datastore
	for _, p := range cfg.datastores {
		store, err := openDatastore(p)
		if err != nil {
			return nil, err
		}
		stores = append(stores, store)
	}
	registry := newRegistry()
	return &service{
		config:   cfg,
		faults:   &faultStore{},
		metrics:  newRed(registry),
		business: newBusiness(cfg.name, registry),
		registry: metricsHandler(registry),
		client:   &http.Client{Transport: otelhttp.NewTransport(http.DefaultTransport), Timeout: callTimeout},
		stores:   stores,
	}, nil
}

// handler serves the routes, and beside them what probes and Prometheus ask, which counts as no request.
func (s *service) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET "+s.metricsPath, s.registry)
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /readyz", s.ready)
	s.mount(mux, "GET /{$}", http.MethodGet, "/", func(context.Context, *http.Request) (int, error) { return http.StatusOK, nil })
	for _, r := range routes(s.name) {
		s.mount(mux, r.pattern(), r.method, r.path, func(ctx context.Context, req *http.Request) (int, error) { return s.work(ctx, req, r) })
	}
	s.mount(mux, "/", "", "other", func(context.Context, *http.Request) (int, error) {
		return http.StatusNotFound, errors.New("no such path")
	})
	return mux
}

func alive(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "ok") }

func (s *service) ready(w http.ResponseWriter, _ *http.Request) {
	if s.draining.Load() {
		http.Error(w, "shutting down", http.StatusServiceUnavailable)
		return
	}
	fmt.Fprintln(w, "ok")
}

// answer does the work of a request: the status, and why when it is not a success.
type answer func(context.Context, *http.Request) (int, error)

// mount adds an endpoint with its span, faults, metrics and log line. An empty method stands for any.
func (s *service) mount(mux *http.ServeMux, pattern, method, endpoint string, do answer) {
	if method != "" {
		s.metrics.declare(method, endpoint, http.StatusOK, http.StatusInternalServerError, http.StatusBadGateway)
	}
	counted := func(w http.ResponseWriter, r *http.Request) {
		start := time.Now()
		answerTrace(w, r)
		s.metrics.inProgress.Inc()
		defer s.metrics.inProgress.Dec()
		status, err := s.faults.inject(r.Context())
		if err == nil {
			status, err = do(r.Context(), r)
		}
		if r.Context().Err() != nil {
			status = statusClientGone
		}
		writeJSON(w, status, map[string]any{"service": s.name, "status": status})
		took := time.Since(start)
		s.metrics.record(r.Context(), knownMethod(r.Method), endpoint, status, took)
		logRequest(r, endpoint, status, took, err)
	}
	mux.Handle(pattern, otelhttp.NewHandler(http.HandlerFunc(counted), strings.TrimSpace(method+" "+endpoint)))
}

// answerTrace tells the caller which trace the request belongs to and whether it is kept (traceresponse of W3C Trace Context, level 2).
func answerTrace(w http.ResponseWriter, r *http.Request) {
	if span := trace.SpanContextFromContext(r.Context()); span.IsValid() {
		w.Header().Set("Traceresponse", fmt.Sprintf("00-%s-%s-%s", span.TraceID(), span.SpanID(), span.TraceFlags()))
	}
}

// knownMethod keeps callers from inventing label values.
func knownMethod(method string) string {
	if slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}, method) {
		return method
	}
	return "OTHER"
}

func logRequest(r *http.Request, endpoint string, status int, took time.Duration, err error) {
	level, message := slog.LevelInfo, "request served"
	attributes := []slog.Attr{slog.String("method", r.Method), slog.String("endpoint", endpoint), slog.Int("status", status),
		slog.Float64("duration_ms", float64(took.Microseconds())/1000)}
	if err != nil {
		level, message = slog.LevelWarn, "request refused"
		if status >= http.StatusInternalServerError {
			level, message = slog.LevelError, "request failed"
		}
		attributes = append(attributes, slog.String("error", err.Error()))
	}
	slog.LogAttrs(r.Context(), level, message, attributes...)
}

// work takes its time, asks the datastores and then the dependencies, all at once.
func (s *service) work(ctx context.Context, r *http.Request, current route) (int, error) {
	if err := sleep(ctx, spread(s.latency)); err != nil {
		return http.StatusInternalServerError, err
	}
	for _, store := range s.stores {
		err := store.query(ctx)
		if err != nil && store.needed {
			return http.StatusInternalServerError, err
		}
		if err != nil {
			slog.WarnContext(ctx, "went on without cache", "error", err.Error())
		}
	}
	path := append(strings.FieldsFunc(r.Header.Get(pathHeader), func(c rune) bool { return c == ',' }), s.name)
	failures := make(chan error)
	for _, dependency := range s.dependencies {
		go func() { failures <- s.call(ctx, dependency, path, current) }()
	}
	var failed []error
	for range s.dependencies {
		failed = append(failed, <-failures)
	}
	if err := errors.Join(failed...); err != nil {
		return http.StatusBadGateway, err
	}
	if current.outcome == nil {
		return http.StatusOK, nil
	}
	if status := current.outcome(s.business); status >= http.StatusBadRequest {
		return status, errors.New(strings.ToLower(http.StatusText(status)))
	}
	return http.StatusOK, nil
}

func (s *service) call(ctx context.Context, to peer, path []string, from route) error {
	if slices.Contains(path, to.name) {
		return nil
	}
	asked := routeTo(to.name, from)
	request, err := http.NewRequestWithContext(ctx, asked.method, to.url.JoinPath(asked.sample()).String(), nil)
	if err != nil {
		return err
	}
	request.Header.Set(pathHeader, strings.Join(path, ","))
	response, err := s.client.Do(request)
	if err != nil {
		return fmt.Errorf("%s: %w", to.name, err)
	}
	defer response.Body.Close()
	_, _ = io.Copy(io.Discard, response.Body) // read to the end, so that the connection is used again
	if response.StatusCode >= http.StatusInternalServerError {
		return fmt.Errorf("%s: answered %d", to.name, response.StatusCode)
	}
	return nil
}

// spread makes a typical time into one as real services show: mostly near it, now and then several times as long.
func spread(typical time.Duration) time.Duration {
	return time.Duration(float64(typical) * min(math.Exp(rand.NormFloat64()*0.5), 5))
}

func sleep(ctx context.Context, pause time.Duration) error {
	timer := time.NewTimer(pause)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
