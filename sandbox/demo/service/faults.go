package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"sync"
	"time"
)

const (
	maxLatency   = time.Minute
	maxMemoryMiB = 1024
)

// faults are what a service is told to do wrong.
type faults struct {
	ErrorRate float64 `json:"errorRate"` // share of requests that fail with 500
	Latency   string  `json:"latency"`   // added to every request
	MemoryMiB int     `json:"memoryMiB"` // held until healed; more than its container may have gets it killed
	Crash     bool    `json:"crash"`     // the process ends at once; the next one is healthy
	Stop      bool    `json:"stop"`      // connections are refused while the process lives

	latency time.Duration
}

// readFaults takes one JSON object and names what is wrong with it.
func readFaults(body io.Reader) (faults, error) {
	var given faults
	decoder := json.NewDecoder(body)
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(&given); err != nil {
		return faults{}, fmt.Errorf("%w (allowed: errorRate, latency, memoryMiB, crash, stop)", err)
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return faults{}, errors.New("one JSON object is allowed, more was given")
	}
	if !(given.ErrorRate >= 0 && given.ErrorRate <= 1) {
		return faults{}, fmt.Errorf("errorRate: %v given, must be from 0 to 1", given.ErrorRate)
	}
	if given.MemoryMiB < 0 || given.MemoryMiB > maxMemoryMiB {
		return faults{}, fmt.Errorf("memoryMiB: %d given, must be from 0 to %d", given.MemoryMiB, maxMemoryMiB)
	}
	if given.Latency == "" {
		given.Latency = "0s"
	}
	latency, err := time.ParseDuration(given.Latency)
	if err != nil || latency < 0 || latency > maxLatency {
		return faults{}, fmt.Errorf("latency: %q given, must be a duration such as 800ms, at most %s", given.Latency, maxLatency)
	}
	given.latency = latency
	return given, nil
}

// faultStore holds the faults in force.
type faultStore struct {
	mu      sync.RWMutex
	current faults
	held    []byte
}

func (s *faultStore) get() faults {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.current
}

func (s *faultStore) set(f faults) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.current = f
}

// hold takes as much memory as the faults in force say, and uses every page of it: untouched memory is not counted.
func (s *faultStore) hold() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = make([]byte, s.current.MemoryMiB<<20)
	for page := 0; page < len(s.held); page += os.Getpagesize() {
		s.held[page] = 1
	}
}

// inject delays the request, and fails it when its lot is drawn.
func (s *faultStore) inject(ctx context.Context) (int, error) {
	current := s.get()
	if err := sleep(ctx, current.latency); err != nil {
		return http.StatusInternalServerError, err
	}
	if rand.Float64() < current.ErrorRate {
		return http.StatusInternalServerError, errors.New("injected fault")
	}
	return http.StatusOK, nil
}

// controlHandler lets people break a service. It has a port of its own, so that it answers while the service refuses connections.
func controlHandler(store *faultStore, front *gate, exit func(int)) http.Handler {
	mux := http.NewServeMux()
	var turning sync.Mutex // the port and the store change together
	apply := func(w http.ResponseWriter, f faults) {
		turning.Lock()
		defer turning.Unlock()
		turn := front.open
		if f.Stop {
			turn = front.refuse
		}
		if err := turn(); err != nil {
			refuseJSON(w, http.StatusInternalServerError, err)
			return
		}
		store.set(f)
		slog.Warn("faults set", "faults", f)
		writeJSON(w, http.StatusOK, f)
		_ = http.NewResponseController(w).Flush() // the answer leaves before what may end the process
		if f.Crash {
			exit(3)
		}
		store.hold()
	}
	mux.HandleFunc("GET /healthz", alive)
	mux.HandleFunc("GET /faults", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, store.get()) })
	mux.HandleFunc("DELETE /faults", func(w http.ResponseWriter, _ *http.Request) { apply(w, faults{}) })
	mux.HandleFunc("PUT /faults", func(w http.ResponseWriter, r *http.Request) {
		given, err := readFaults(http.MaxBytesReader(w, r.Body, 1<<16))
		if err != nil {
			refuseJSON(w, http.StatusBadRequest, err)
			return
		}
		apply(w, given)
	})
	return mux
}

// writeJSON states the length, so that the answer is whole even when the process ends right after it.
func writeJSON(w http.ResponseWriter, status int, value any) {
	body, err := json.Marshal(value)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", strconv.Itoa(len(body)+1))
	w.WriteHeader(status)
	if _, err := w.Write(append(body, '\n')); err != nil {
		slog.Warn("answer lost", "error", err.Error())
	}
}

// refuseJSON says why in the way the Kubernetes API does, through whose proxy people come here.
func refuseJSON(w http.ResponseWriter, status int, err error) {
	writeJSON(w, status, map[string]string{"message": err.Error()})
}
