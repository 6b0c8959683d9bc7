package main

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"
)

// gate is a listening port that can be closed and opened again while the process lives.
type gate struct {
	address string
	handler http.Handler

	mu     sync.Mutex
	server *http.Server
}

// open begins to listen; an open gate stays as it is.
func (g *gate) open() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server != nil {
		return nil
	}
	listener, err := listen(g.address)
	if err != nil {
		return err
	}
	g.address = listener.Addr().String() // port 0 becomes the real one, so that it is the same when opened again
	server := &http.Server{Handler: g.handler, ReadHeaderTimeout: 5 * time.Second}
	g.server = server
	go func() {
		if err := server.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
			slog.Error("stopped serving", "address", g.address, "error", err.Error())
		}
	}()
	return nil
}

// refuse closes the port at once, running requests included; later connections are refused.
func (g *gate) refuse() error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server == nil {
		return nil
	}
	err := g.server.Close()
	g.server = nil
	return err
}

// shutdown closes the port and waits for running requests, as long as ctx allows.
func (g *gate) shutdown(ctx context.Context) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.server == nil {
		return nil
	}
	return g.server.Shutdown(ctx)
}
