package main

import (
	"bufio"
	"context"
	"database/sql"
	"fmt"
	"net"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/lib/pq"
	"go.opentelemetry.io/otel"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

const askTimeout = time.Second

// datastore is a database or cache. Every request asks it something small.
type datastore struct {
	name, address, system, question string
	needed                          bool // a request fails without it
	ask                             func(context.Context) error
}

func openDatastore(p peer) (datastore, error) {
	switch p.url.Scheme {
	case "postgres":
		database, err := openDatabase(p.url.String())
		return datastore{p.name, p.url.Host, "postgresql", "SELECT 1", true, func(ctx context.Context) error {
			_, err := database.ExecContext(ctx, "SELECT 1")
			return err
		}}, err
	case "redis":
		return datastore{p.name, p.url.Host, "redis", "PING", false, func(ctx context.Context) error {
			return ping(ctx, p.url)
		}}, nil
	}
	return datastore{}, fmt.Errorf("DATASTORES: %q given, must be a postgres:// or redis:// address", p.url.Redacted())
}

func openDatabase(address string) (*sql.DB, error) {
	connector, err := pq.NewConnector(address)
	if err != nil {
		return nil, fmt.Errorf("not a PostgreSQL address: %w", err)
	}
	database := sql.OpenDB(connector)
	database.SetMaxOpenConns(2)
	return database, nil
}

// query asks within askTimeout, under a span of its own.
func (d datastore) query(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, askTimeout)
	defer cancel()
	ctx, span := otel.Tracer("demo").Start(ctx, d.question, trace.WithSpanKind(trace.SpanKindClient), trace.WithAttributes(
		attribute.String("db.system.name", d.system), attribute.String("peer.service", d.name), attribute.String("server.address", d.address)))
	defer span.End()
	if err := d.ask(ctx); err != nil {
		span.SetStatus(codes.Error, err.Error())
		return fmt.Errorf("%s: %w", d.name, err)
	}
	return nil
}

// ping speaks just enough of the Redis protocol to know that it answers to our password.
func ping(ctx context.Context, address *url.URL) error {
	var dialer net.Dialer
	connection, err := dialer.DialContext(ctx, "tcp", address.Host)
	if err != nil {
		return err
	}
	defer connection.Close()
	if deadline, ok := ctx.Deadline(); ok {
		_ = connection.SetDeadline(deadline)
	}
	replies := bufio.NewReader(connection)
	if password, ok := address.User.Password(); ok {
		if err := command(connection, replies, "AUTH "+strconv.Quote(password), "+OK"); err != nil {
			return err
		}
	}
	return command(connection, replies, "PING", "+PONG")
}

func command(connection net.Conn, replies *bufio.Reader, line, expected string) error {
	if _, err := connection.Write([]byte(line + "\r\n")); err != nil {
		return err
	}
	reply, err := replies.ReadString('\n')
	if err != nil {
		return err
	}
	if reply = strings.TrimSpace(reply); reply != expected {
		name, _, _ := strings.Cut(line, " ") // the rest may be a password
		return fmt.Errorf("answered %q to %s", reply, name)
	}
	return nil
}
