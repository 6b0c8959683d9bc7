package main

import (
	"bufio"
	"net"
	"net/http"
	"strings"
	"testing"
)

// fakeRedis answers AUTH and PING as Redis with the password "secret" does.
func fakeRedis(t *testing.T) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { listener.Close() })
	go func() {
		for {
			connection, err := listener.Accept()
			if err != nil {
				return
			}
			known := false
			for lines := bufio.NewScanner(connection); lines.Scan(); {
				reply := "-NOAUTH Authentication required."
				if lines.Text() == `AUTH "secret"` {
					known, reply = true, "+OK"
				} else if known && lines.Text() == "PING" {
					reply = "+PONG"
				}
				_, _ = connection.Write([]byte(reply + "\r\n"))
			}
		}
	}()
	return listener.Addr().String()
}

func TestRedisIsAskedWithItsPassword(t *testing.T) {
	address := fakeRedis(t)
	if err := ping(t.Context(), parse(t, "redis://default:secret@"+address)); err != nil {
		t.Error(err)
	}
	err := ping(t.Context(), parse(t, "redis://default:guess@"+address))
	if err == nil || strings.Contains(err.Error(), "guess") || !strings.Contains(err.Error(), "AUTH") {
		t.Errorf("got %v: want an error that names AUTH and not the password", err)
	}
}

func TestARequestNeedsItsDatabaseAndGoesOnWithoutItsCache(t *testing.T) {
	for scheme, want := range map[string]int{"redis": http.StatusOK, "postgres": http.StatusInternalServerError} {
		svc, address, log := play(t, "auth")
		store, err := openDatastore(peer{scheme, parse(t, scheme+"://demo@127.0.0.1:1/demo")})
		if err != nil {
			t.Fatal(err)
		}
		svc.stores = []datastore{store}
		if status, _ := do(t, "GET", address+"/api/v1/sessions/1", ""); status != want {
			t.Errorf("without %s: got %d, want %d", scheme, status, want)
		}
		eventually(t, "the reason is logged", func() bool { return strings.Contains(log.String(), "connection refused") })
	}
}

func TestAnUnknownKindOfDatastoreIsRefused(t *testing.T) {
	_, err := openDatastore(peer{"files", parse(t, "mongodb://u:secret@host")})
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Fatalf("got %v", err)
	}
	wantContains(t, err.Error(), "must be a postgres:// or redis:// address")
}
