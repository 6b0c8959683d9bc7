package main

import (
	"math/rand/v2"
	"net/http"
	"strconv"
	"strings"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promauto"
)

// route is one endpoint of a service. All but the root call the dependencies of the service.
type route struct {
	method, path string
	outcome      func(*business) int // what it adds to the business metrics and answers with; nil: 200
}

func (r route) pattern() string { return r.method + " " + r.path }

// sample is a path that this route answers.
func (r route) sample() string {
	return strings.ReplaceAll(r.path, "{id}", strconv.Itoa(1+rand.IntN(100)))
}

var routesOf = map[string][]route{
	"api-gateway":   {get("/api/v1/blueprints"), post("/api/v1/blueprints", nil), get("/api/v1/blueprints/{id}"), post("/api/v1/generations", nil)},
	"blueprint":     {get("/api/v1/blueprints"), post("/api/v1/blueprints", createBlueprint), get("/api/v1/blueprints/{id}")},
	"iac-generator": {post("/api/v1/generations", generate), get("/api/v1/generations/{id}")},
	"guardrails":    {post("/api/v1/validations", validate), get("/api/v1/policies")},
	"ai-engine":     {post("/api/v1/suggestions", nil), get("/api/v1/models")},
	"costing":       {post("/api/v1/estimates", nil), get("/api/v1/prices")},
	"orchestrator":  {post("/api/v1/workflows", nil), get("/api/v1/workflows/{id}")},
	"monitoring":    {get("/api/v1/status"), get("/api/v1/incidents")},
	"auth":          {post("/api/v1/login", authenticate), get("/api/v1/sessions/{id}")},
}

// routes of a service; one that this program does not know has a general pair.
func routes(service string) []route {
	if known, ok := routesOf[service]; ok {
		return known
	}
	return []route{get("/api/v1/items"), get("/api/v1/items/{id}")}
}

// routeTo picks what a caller on the route `from` asks of a service: the same endpoint if it has it, else any.
func routeTo(service string, from route) route {
	all := routes(service)
	for _, r := range all {
		if r.pattern() == from.pattern() {
			return r
		}
	}
	return all[rand.IntN(len(all))]
}

func get(path string) route { return route{http.MethodGet, path, nil} }

func post(path string, outcome func(*business) int) route {
	return route{http.MethodPost, path, outcome}
}

// business holds the counters that only some services have; those of other services are nil.
type business struct {
	blueprints  prometheus.Counter
	generations *prometheus.CounterVec
	violations  *prometheus.CounterVec
	attempts    *prometheus.CounterVec
}

func newBusiness(service string, registry *prometheus.Registry) *business {
	factory := promauto.With(registry)
	vec := func(name, help, label string, values ...string) *prometheus.CounterVec {
		counter := factory.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
		for _, value := range values {
			counter.WithLabelValues(value)
		}
		return counter
	}
	b := &business{}
	switch service {
	case "blueprint":
		b.blueprints = factory.NewCounter(prometheus.CounterOpts{Name: "blueprints_created_total", Help: "Blueprints created."})
	case "iac-generator":
		b.generations = vec("iac_generations_total", "Infrastructure code generated.", "result", "success", "failure")
	case "guardrails":
		b.violations = vec("guardrails_violations_total", "Policy violations found.", "severity", "low", "medium", "high", "critical")
	case "auth":
		b.attempts = vec("auth_attempts_total", "Attempts to log in.", "result", "success", "failure")
	}
	return b
}

func createBlueprint(b *business) int {
	b.blueprints.Inc()
	return http.StatusOK
}

func generate(b *business) int {
	if rand.Float64() < 0.02 { // the template, not the service, is at fault: the request itself succeeds
		b.generations.WithLabelValues("failure").Inc()
	} else {
		b.generations.WithLabelValues("success").Inc()
	}
	return http.StatusOK
}

func validate(b *business) int {
	found := rand.Float64()
	for _, severity := range []struct {
		name  string
		below float64
	}{{"critical", 0.002}, {"high", 0.01}, {"medium", 0.04}, {"low", 0.1}} {
		if found < severity.below {
			b.violations.WithLabelValues(severity.name).Inc()
			break
		}
	}
	return http.StatusOK
}

func authenticate(b *business) int {
	if rand.Float64() < 0.03 {
		b.attempts.WithLabelValues("failure").Inc()
		return http.StatusUnauthorized
	}
	b.attempts.WithLabelValues("success").Inc()
	return http.StatusOK
}
