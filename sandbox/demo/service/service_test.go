package main

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	traceID     = "0af7651916cd43dd8448eb211c80319c"
	traceparent = "00-" + traceID + "-b7ad6b7169203331-01"
)

func TestSeriesExistAtZeroBeforeTheFirstRequest(t *testing.T) {
	_, address, _ := play(t, "api-gateway")
	_, metrics := do(t, "GET", address+"/metrics", "")
	wantContains(t, metrics,
		`http_requests_total{endpoint="/api/v1/blueprints",method="POST",status="200"} 0`,
		`http_requests_total{endpoint="/api/v1/blueprints/{id}",method="GET",status="500"} 0`,
		`http_requests_total{endpoint="/",method="GET",status="502"} 0`,
		`http_request_duration_seconds_bucket{endpoint="/",method="GET",le="0.25"} 0`,
		"http_requests_in_progress 0", "go_goroutines ", "process_resident_memory_bytes ")
	for _, le := range []string{"0.1", "0.25", "0.5", "1", "2.5"} {
		wantContains(t, metrics, `le="`+le+`"`)
	}
}

func TestRequestsAreCountedByRouteAndProbesAreNot(t *testing.T) {
	_, address, _ := play(t, "api-gateway")
	for _, path := range []string{"/api/v1/blueprints/7", "/api/v1/blueprints/8", "/healthz", "/readyz", "/nowhere"} {
		do(t, "GET", address+path, "")
	}
	do(t, "BREW", address+"/nowhere", "")
	_, metrics := do(t, "GET", address+"/metrics", "")
	wantContains(t, metrics,
		`http_requests_total{endpoint="/api/v1/blueprints/{id}",method="GET",status="200"} 2`,
		`http_request_duration_seconds_count{endpoint="/api/v1/blueprints/{id}",method="GET"} 2`,
		`http_requests_total{endpoint="other",method="GET",status="404"} 1`,
		`http_requests_total{endpoint="other",method="OTHER",status="404"} 1`)
	if strings.Contains(metrics, "healthz") || strings.Contains(metrics, "nowhere") {
		t.Error("a probe or an unknown path became a label")
	}
}

func TestBusinessCountersAreOnlyWhereTheyBelong(t *testing.T) {
	for name, series := range map[string]string{
		"blueprint":     "blueprints_created_total 0",
		"iac-generator": `iac_generations_total{result="failure"} 0`,
		"guardrails":    `guardrails_violations_total{severity="critical"} 0`,
		"auth":          `auth_attempts_total{result="failure"} 0`,
	} {
		_, address, _ := play(t, name)
		_, metrics := do(t, "GET", address+"/metrics", "")
		wantContains(t, metrics, series)
		for other, foreign := range map[string]string{"blueprint": "blueprints_", "iac-generator": "iac_", "guardrails": "guardrails_", "auth": "auth_"} {
			if other != name && strings.Contains(metrics, "\n"+foreign) {
				t.Errorf("%s shows %s", name, foreign)
			}
		}
	}
	_, address, _ := play(t, "blueprint")
	do(t, "POST", address+"/api/v1/blueprints", "")
	_, metrics := do(t, "GET", address+"/metrics", "")
	wantContains(t, metrics, "blueprints_created_total 1")
}

func TestTheTraceReachesTheDependencyTheLogAndTheExemplar(t *testing.T) {
	var seen atomic.Value
	dependency := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { seen.Store(r.Header.Get("Traceparent")) }))
	defer dependency.Close()
	_, address, log := play(t, "api-gateway", "auth", dependency.URL)
	do(t, "GET", address+"/api/v1/blueprints", "", "Traceparent", traceparent)

	forwarded, _ := seen.Load().(string)
	if !strings.HasPrefix(forwarded, "00-"+traceID+"-") || forwarded == traceparent {
		t.Errorf("dependency saw %q: want the same trace and a span of our own", forwarded)
	}
	var line map[string]any
	eventually(t, "a log line", func() bool { return json.Unmarshal([]byte(log.String()), &line) == nil })
	for key, want := range map[string]any{"level": "info", "service": "api-gateway", "msg": "request served", "trace_id": traceID,
		"endpoint": "/api/v1/blueprints", "status": 200.0} {
		if line[key] != want {
			t.Errorf("log %s: got %v, want %v", key, line[key], want)
		}
	}
	if stamp, _ := line["ts"].(string); stamp == "" {
		t.Error("log has no ts")
	} else if _, err := time.Parse(time.RFC3339Nano, stamp); err != nil {
		t.Error(err)
	}
	for _, key := range []string{"span_id", "duration_ms"} {
		if line[key] == nil {
			t.Errorf("log has no %s", key)
		}
	}
	_, metrics := do(t, "GET", address+"/metrics", "", "Accept", "application/openmetrics-text")
	wantContains(t, metrics, `# {trace_id="`+traceID+`"}`)
}

// The twin of the test above: a request that is not sampled leaves no exemplar, so the exemplar there comes from its trace.
func TestAnUnsampledRequestLeavesNoExemplar(t *testing.T) {
	_, address, _ := play(t, "api-gateway")
	do(t, "GET", address+"/api/v1/blueprints", "", "Traceparent", strings.TrimSuffix(traceparent, "01")+"00")
	_, metrics := do(t, "GET", address+"/metrics", "", "Accept", "application/openmetrics-text")
	if strings.Contains(metrics, "trace_id") {
		t.Error("an exemplar points to a trace that nobody keeps")
	}
}

func TestAFailingDependencyFailsTheRequestButNotTheRoot(t *testing.T) {
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) }))
	defer broken.Close()
	_, address, log := play(t, "api-gateway", "auth", broken.URL)
	if status, _ := do(t, "GET", address+"/api/v1/blueprints", ""); status != http.StatusBadGateway {
		t.Errorf("got %d, want 502", status)
	}
	eventually(t, "an error is logged", func() bool { return strings.Contains(log.String(), `"level":"error"`) })
	wantContains(t, log.String(), `"error":"auth: answered 500"`)
	if status, _ := do(t, "GET", address+"/", ""); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
}

func TestACircleOfDependenciesEnds(t *testing.T) {
	var calls atomic.Int32
	var again http.Handler
	second := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls.Add(1)
		again.ServeHTTP(w, r)
	}))
	defer second.Close()
	_, first, _ := play(t, "one", "two", second.URL)
	svc, err := newService(config{name: "two", metricsPath: "/metrics", dependencies: []peer{{"one", parse(t, first)}}})
	if err != nil {
		t.Fatal(err)
	}
	again = svc.handler()
	if status, _ := do(t, "GET", first+"/api/v1/items", ""); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
	if calls.Load() != 1 {
		t.Errorf("two was called %d times, want once", calls.Load())
	}
}

func TestReadinessEndsWhenDrainingAndLivenessDoesNot(t *testing.T) {
	svc, address, _ := play(t, "auth")
	if status, _ := do(t, "GET", address+"/readyz", ""); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
	svc.draining.Store(true)
	if status, _ := do(t, "GET", address+"/readyz", ""); status != http.StatusServiceUnavailable {
		t.Errorf("got %d, want 503", status)
	}
	if status, _ := do(t, "GET", address+"/healthz", ""); status != http.StatusOK {
		t.Errorf("got %d, want 200", status)
	}
}

func TestACallerThatLeftIsNoFailureOfTheService(t *testing.T) {
	svc, address, _ := play(t, "auth")
	svc.faults.set(faults{latency: time.Minute})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, "GET", address+"/", nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := http.DefaultClient.Do(request); err == nil {
		t.Fatal("answered at once")
	}
	eventually(t, "the request is counted", func() bool {
		_, metrics := do(t, "GET", address+"/metrics", "")
		return strings.Contains(metrics, `http_requests_total{endpoint="/",method="GET",status="499"} 1`) &&
			strings.Contains(metrics, `http_requests_total{endpoint="/",method="GET",status="500"} 0`)
	})
}
