// Command demo is the workload that the sandbox observes: one small service that plays every entry of a catalogue,
// a source of steady traffic, a receiver of alerts, and the keeper of the database roles that exporters need.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

var modes = map[string]func(context.Context, *environment) error{
	"serve":    serve,
	"traffic":  traffic,
	"receiver": receive,
	"roles":    keepRoles,
}

func main() {
	slog.SetDefault(newLogger(os.Stdout, os.Getenv("SERVICE_NAME")))
	if len(os.Args) != 2 || modes[os.Args[1]] == nil {
		fmt.Fprintln(os.Stderr, "usage: demo serve|traffic|receiver|roles (settings come from the environment)")
		os.Exit(2)
	}
	ctx, cancel := signal.NotifyContext(context.Background(), syscall.SIGTERM, os.Interrupt)
	defer cancel()
	if err := modes[os.Args[1]](ctx, &environment{lookup: os.LookupEnv}); err != nil {
		slog.Error("gave up", "error", err.Error())
		os.Exit(1)
	}
}

// serve plays one service of the catalogue until ctx ends.
func serve(ctx context.Context, env *environment) error {
	cfg, err := serviceConfig(env)
	if err != nil {
		return err
	}
	flush, err := setupTracing(ctx, cfg.name)
	if err != nil {
		return err
	}
	svc, err := newService(cfg)
	if err != nil {
		return err
	}
	front := &gate{address: fmt.Sprintf(":%d", cfg.port), handler: svc.handler()}
	if err := front.open(); err != nil {
		return err
	}
	control := &gate{address: fmt.Sprintf(":%d", cfg.controlPort), handler: controlHandler(svc.faults, front, os.Exit)}
	if err := control.open(); err != nil {
		return err
	}
	slog.Info("serving", "address", front.address, "control", control.address)
	<-ctx.Done()
	svc.draining.Store(true) // /readyz fails first, so that no new request is routed here while the last ones finish
	time.Sleep(cfg.drain)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return errors.Join(front.shutdown(last), control.shutdown(last), flush(last))
}

// serveUntil answers on address until ctx ends, then lets running requests finish.
func serveUntil(ctx context.Context, address string, handler http.Handler) error {
	g := &gate{address: address, handler: handler}
	if err := g.open(); err != nil {
		return err
	}
	slog.Info("serving", "address", address)
	<-ctx.Done()
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	return g.shutdown(last)
}

func listen(address string) (net.Listener, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("cannot listen on %s: %w", address, err)
	}
	return listener, nil
}
