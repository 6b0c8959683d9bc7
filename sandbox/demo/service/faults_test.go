package main

import (
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// broken starts a service behind a gate with its control endpoint, and tells how the process would have exited.
func broken(t *testing.T) (svc *service, front *gate, control string, exits chan int) {
	t.Helper()
	svc, _, _ = play(t, "auth")
	front = &gate{address: "127.0.0.1:0", handler: svc.handler()}
	if err := front.open(); err != nil {
		t.Fatal(err)
	}
	exits = make(chan int, 1)
	server := httptest.NewServer(controlHandler(svc.faults, front, func(code int) { exits <- code }))
	t.Cleanup(func() {
		server.Close()
		_ = front.refuse()
	})
	return svc, front, server.URL + "/faults", exits
}

func TestBadFaultsAreRefusedByName(t *testing.T) {
	_, _, control, _ := broken(t)
	for body, want := range map[string]string{
		`{"errorrRate":0.5}`:     `unknown field "errorrRate" (allowed: errorRate, latency, memoryMiB, crash, stop)`,
		`{"errorRate":`:          "unexpected EOF",
		`{"errorRate":"half"}`:   "errorRate",
		`{"errorRate":1.5}`:      "errorRate: 1.5 given, must be from 0 to 1",
		`{"latency":"800"}`:      `latency: "800" given, must be a duration such as 800ms`,
		`{"latency":"-1s"}`:      `latency: "-1s" given`,
		`{"latency":"2h"}`:       "at most 1m0s",
		`{"memoryMiB":-1}`:       "memoryMiB: -1 given, must be from 0 to 1024",
		`{"memoryMiB":1025}`:     "memoryMiB: 1025 given",
		`{"stop":true} {"x": 1}`: "one JSON object is allowed",
	} {
		status, answer := do(t, "PUT", control, body)
		if status != http.StatusBadRequest {
			t.Errorf("%s: got %d, want 400", body, status)
		}
		wantContains(t, message(t, answer), want)
	}
	_, current := do(t, "GET", control, "")
	if want := `{"errorRate":0,"latency":"","memoryMiB":0,"crash":false,"stop":false}`; strings.TrimSpace(current) != want {
		t.Errorf("a refused fault left %s", current)
	}
}

func TestErrorsAndLatencyAreInjectedAndHealed(t *testing.T) {
	svc, front, control, _ := broken(t)
	do(t, "PUT", control, `{"errorRate":1,"latency":"30ms"}`)
	start := time.Now()
	if status, _ := do(t, "GET", "http://"+front.address+"/", ""); status != http.StatusInternalServerError {
		t.Errorf("got %d, want 500", status)
	}
	if took := time.Since(start); took < 30*time.Millisecond {
		t.Errorf("took %s, want at least 30ms", took)
	}
	if status, _ := do(t, "GET", "http://"+front.address+"/readyz", ""); status != http.StatusOK {
		t.Errorf("faults broke the probe: got %d", status)
	}
	do(t, "DELETE", control, "")
	if status, _ := do(t, "GET", "http://"+front.address+"/", ""); status != http.StatusOK || svc.faults.get().latency != 0 {
		t.Errorf("not healed: got %d", status)
	}
}

// Memory is taken after the answer, but changes wait for each other: when the second is answered, the first is whole.
func TestMemoryIsHeldUntilHealed(t *testing.T) {
	svc, _, control, _ := broken(t)
	held := func() int {
		svc.faults.mu.RLock()
		defer svc.faults.mu.RUnlock()
		return len(svc.faults.held)
	}
	for range 2 {
		do(t, "PUT", control, `{"memoryMiB":3}`)
	}
	if got := held(); got != 3<<20 {
		t.Errorf("%d bytes are held, want 3 MiB", got)
	}
	for range 2 {
		do(t, "DELETE", control, "")
	}
	if got := held(); got != 0 {
		t.Errorf("%d bytes are still held", got)
	}
}

func TestStopRefusesConnectionsUntilHealed(t *testing.T) {
	_, front, control, exits := broken(t)
	address := front.address
	do(t, "PUT", control, `{"stop":true}`)
	if connection, err := net.Dial("tcp", address); err == nil {
		connection.Close()
		t.Error("the port still accepts connections")
	}
	if _, answer := do(t, "GET", control, ""); !strings.Contains(answer, `"stop":true`) {
		t.Errorf("control does not answer while stopped: %s", answer)
	}
	do(t, "PUT", control, `{"stop":true}`) // twice is as good as once
	do(t, "DELETE", control, "")
	if status, _ := do(t, "GET", "http://"+address+"/", ""); status != http.StatusOK {
		t.Errorf("got %d on the same port, want 200", status)
	}
	if len(exits) != 0 {
		t.Error("stop ended the process")
	}
}

func TestCrashEndsTheProcessAfterTheAnswer(t *testing.T) {
	_, _, control, exits := broken(t)
	status, answer := do(t, "PUT", control, `{"crash":true}`)
	if status != http.StatusOK || !strings.Contains(answer, `"crash":true`) {
		t.Errorf("got %d %s", status, answer)
	}
	if code := <-exits; code == 0 {
		t.Error("exit code 0 is no crash")
	}
}
