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
	var wrong problems
	wrong.unless(n.Version == "4", "version: %q given, must be \"4\"", n.Version)
	wrong.unless(n.GroupKey != "", "groupKey: missing")
	wrong.unless(n.Receiver != "", "receiver: missing")
	wrong.unless(knownStatus(n.Status), "status: %q given, must be firing or resolved", n.Status)
	wrong.unless(len(n.Alerts) > 0, "alerts: missing")
	for i, a := range n.Alerts {
		wrong.unless(knownStatus(a.Status), "alerts[%d].status: %q given, must be firing or resolved", i, a.Status)
		wrong.unless(a.Labels["alertname"] != "", "alerts[%d].labels.alertname: missing", i)
		wrong.unless(!a.StartsAt.IsZero(), "alerts[%d].startsAt: missing", i)
		wrong.unless(a.Fingerprint != "", "alerts[%d].fingerprint: missing", i)
	}
	return errors.Join(wrong...)
}

func (n notification) about() (receiver, status string) { return n.Receiver, n.Status }

func knownStatus(status string) bool { return status == "firing" || status == "resolved" }

// notice is something that a receiver gets: it can say what is wrong with it, whom it is for and whether it is over.
type notice interface {
	validate() error
	about() (receiver, status string)
}

// problems gathers what is wrong with a message, so that all is told at once.
type problems []error

func (p *problems) unless(ok bool, format string, values ...any) {
	if !ok {
		*p = append(*p, fmt.Errorf(format, values...))
	}
}

// received is a message and when it came.
type received[M notice] struct {
	ReceivedAt   time.Time `json:"receivedAt"`
	Notification M         `json:"notification"`
}

// counters are what all inboxes of a receiver count in.
type counters struct {
	accepted *prometheus.CounterVec
	rejected prometheus.Counter
}

// inbox keeps the last maxKept messages, oldest first.
type inbox[M notice] struct {
	mu     sync.Mutex
	kept   []received[M]
	counts *counters
}

func newInbox[M notice](counts *counters) *inbox[M] {
	return &inbox[M]{kept: []received[M]{}, counts: counts}
}

// receive stands for everything that alerts are sent to, each at a place of its own: a webhook, a heartbeat, Slack, PagerDuty and a mail
// server. What comes is held against the published form of such messages; GET lists what was taken.
func receive(ctx context.Context, env *environment) error {
	address, mail := ":"+strconv.Itoa(env.number("PORT", 8080)), ":"+strconv.Itoa(env.number("SMTP_PORT", 2525))
	if err := env.problems(); err != nil {
		return err
	}
	handler, letters := receiverHandler()
	listener, err := listen(mail)
	if err != nil {
		return err
	}
	go takeMail(listener, letters)
	defer listener.Close()
	return serveUntil(ctx, address, handler)
}

func receiverHandler() (http.Handler, *inbox[letter]) {
	registry := newRegistry()
	factory := promauto.With(registry)
	counts := &counters{
		accepted: factory.NewCounterVec(prometheus.CounterOpts{
			Name: "webhook_notifications_received_total", Help: "Notifications accepted."}, []string{"receiver", "status"}),
		rejected: factory.NewCounter(prometheus.CounterOpts{
			Name: "webhook_notifications_rejected_total", Help: "Requests that were no valid notification."}),
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /healthz", alive)
	mux.Handle("GET /metrics", metricsHandler(registry))
	for _, path := range []string{"/alerts", "/heartbeat"} { // heartbeats apart, so that they do not push alerts out
		box := newInbox[notification](counts)
		mux.HandleFunc("GET "+path, box.list)
		mux.HandleFunc("POST "+path, box.take(func(w http.ResponseWriter, _ notification) { writeJSON(w, http.StatusOK, map[string]string{}) }))
	}
	slack := newInbox[slackMessage](counts)
	mux.HandleFunc("GET /slack", slack.list)
	mux.HandleFunc("POST /services/{workspace}/{app}/{token}", slack.take(func(w http.ResponseWriter, _ slackMessage) {
		fmt.Fprint(w, "ok")
	}))
	pages := newInbox[page](counts)
	mux.HandleFunc("GET /pagerduty", pages.list)
	mux.HandleFunc("POST /v2/enqueue", pages.take(func(w http.ResponseWriter, p page) {
		writeJSON(w, http.StatusAccepted, map[string]string{"status": "success", "message": "Event processed", "dedup_key": p.DedupKey})
	}))
	letters := newInbox[letter](counts)
	mux.HandleFunc("GET /mail", letters.list)
	return mux, letters
}

// take answers with what answer writes when a message is as it should be.
func (b *inbox[M]) take(answer func(http.ResponseWriter, M)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var m M
		err := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4<<20)).Decode(&m)
		if err == nil {
			err = b.keep(m)
		}
		if err != nil {
			b.counts.rejected.Inc()
			slog.Warn("notification rejected", "path", r.URL.Path, "error", err.Error())
			refuseJSON(w, http.StatusBadRequest, err)
			return
		}
		answer(w, m)
	}
}

// keep takes a message in, unless something is wrong with it.
func (b *inbox[M]) keep(m M) error {
	if err := m.validate(); err != nil {
		return err
	}
	b.mu.Lock()
	b.kept = append(b.kept, received[M]{time.Now().UTC(), m})
	b.kept = b.kept[max(0, len(b.kept)-maxKept):]
	b.mu.Unlock()
	receiver, status := m.about()
	b.counts.accepted.WithLabelValues(receiver, status).Inc()
	slog.Info("notification received", "receiver", receiver, "status", status)
	return nil
}

func (b *inbox[M]) list(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	defer b.mu.Unlock()
	writeJSON(w, http.StatusOK, b.kept)
}
