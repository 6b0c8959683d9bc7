package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

const maxKept = 1000

// notification is what Alertmanager's webhook sends (version 4). Keys that it does not name are let through: newer versions add some.
type notification struct {
	Version           string            `json:"version"`
	GroupKey          string            `json:"groupKey"`
	TruncatedAlerts   uint64            `json:"truncatedAlerts"`
	Status            string            `json:"status"`
	Receiver          string            `json:"receiver"`
	GroupLabels       map[string]string `json:"groupLabels"`
	CommonLabels      map[string]string `json:"commonLabels"`
	CommonAnnotations map[string]string `json:"commonAnnotations"`
	ExternalURL       string            `json:"externalURL"`
	Alerts            []alert           `json:"alerts"`
}

type alert struct {
	Status       string            `json:"status"`
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL"`
	Fingerprint  string            `json:"fingerprint"`
}

// validate names everything that is wrong with a notification.
func (n notification) validate() error {
	var errs []error
	check := func(ok bool, format string, values ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, values...))
		}
	}
	check(n.Version == "4", "version: %q given, must be \"4\"", n.Version)
	check(n.GroupKey != "", "groupKey: missing")
	check(n.Receiver != "", "receiver: missing")
	check(knownStatus(n.Status), "status: %q given, must be firing or resolved", n.Status)
	check(len(n.Alerts) > 0, "alerts: missing")
	for i, a := range n.Alerts {
		check(knownStatus(a.Status), "alerts[%d].status: %q given, must be firing or resolved", i, a.Status)
		check(a.Labels["alertname"] != "", "alerts[%d].labels.alertname: missing", i)
		check(!a.StartsAt.IsZero(), "alerts[%d].startsAt: missing", i)
		check(a.Fingerprint != "", "alerts[%d].fingerprint: missing", i)
	}
	return errors.Join(errs...)
}

func knownStatus(status string) bool { return status == "firing" || status == "resolved" }

// received is a notification and when it came.
type received struct {
	ReceivedAt   time.Time    `json:"receivedAt"`
	Notification notification `json:"notification"`
}

// inbox keeps the last maxKept notifications, oldest first.
type inbox struct {
	mu   sync.Mutex
	kept []received

	count    *prometheus.CounterVec
	rejected prometheus.Counter
}

// receive stands for everything that alerts are sent to. POST takes a notification, GET lists them;
// heartbeats have a path of their own, so that they do not push alerts out.
func receive(ctx context.Context, env *environment) error {
	address := ":" + strconv.Itoa(env.number("PORT", 8080))
	if err := env.problems(); err != nil {
		return err
	}
	return serveUntil(ctx, address, receiverHandler())
}

func receiverHandler() http.Handler {
	registry := newRegistry()
	factory := promauto.With(registry)
	count := factory.NewCounterVec(prometheus.CounterOpts{
		Name: "webhook_notifications_received_total", Help: "Notifications accepted."}, []string{"receiver", "status"})
	rejected := factory.NewCounter(prometheus.CounterOpts{
		Name: "webhook_notifications_rejected_total", Help: "Requests that were no valid notification."})
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.Handle("GET /metrics", metricsHandler(registry))
	for _, path := range []string{"/alerts", "/heartbeat"} {
		box := &inbox{kept: []received{}, count: count, rejected: rejected}
		mux.HandleFunc("GET "+path, box.list)
		mux.HandleFunc("POST "+path, box.take)
	}
	return mux
}

func (b *inbox) take(w http.ResponseWriter, r *http.Request) {
	var n notification
	err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&n)
	if err == nil {
		err = n.validate()
	}
	if err != nil {
		b.rejected.Inc()
		slog.Warn("notification rejected", "error", err.Error())
		refuseJSON(w, http.StatusBadRequest, err)
		return
	}
	b.mu.Lock()
	b.kept = append(b.kept, received{time.Now().UTC(), n})
	b.kept = b.kept[max(0, len(b.kept)-maxKept):]
	b.mu.Unlock()
	b.count.WithLabelValues(n.Receiver, n.Status).Inc()
	writeJSON(w, http.StatusOK, map[string]string{})
	slog.Info("notification received", "receiver", n.Receiver, "status", n.Status, "alerts", len(n.Alerts), "alertname", n.CommonLabels["alertname"])
}

func (b *inbox) list(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	writeJSON(w, http.StatusOK, b.kept)
}
