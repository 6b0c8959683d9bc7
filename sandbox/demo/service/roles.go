package main

import (
	"context"
	"database/sql"
	"fmt"
	"log/slog"
	"net/url"
	"time"

	"github.com/lib/pq"
)

// keepRoles runs beside PostgreSQL and sees to it that the role of the exporter exists, also after the database was lost and made anew.
func keepRoles(ctx context.Context, env *environment) error {
	address := &url.URL{Scheme: "postgres", Host: env.required("POSTGRES_ADDRESS"), Path: env.required("POSTGRES_DB"), RawQuery: "sslmode=disable",
		User: url.UserPassword(env.required("POSTGRES_USER"), env.file("POSTGRES_PASSWORD_FILE"))}
	role, password := env.required("ROLE"), env.file("ROLE_PASSWORD_FILE")
	if err := env.problems(); err != nil {
		return err
	}
	database, err := openDatabase(address.String())
	if err != nil {
		return err
	}
	defer database.Close()
	for {
		pause := 30 * time.Second
		if err := ensureRole(ctx, database, role, password); err != nil && ctx.Err() == nil {
			slog.Warn("role not there yet", "role", role, "error", err.Error())
			pause = time.Second
		}
		if sleep(ctx, pause) != nil {
			return nil
		}
	}
}

func ensureRole(ctx context.Context, database *sql.DB, role, password string) error {
	var found bool
	if err := database.QueryRowContext(ctx, "SELECT EXISTS (SELECT FROM pg_roles WHERE rolname = $1)", role).Scan(&found); err != nil || found {
		return err
	}
	// Sent as one query, which PostgreSQL runs as one transaction: a role without its grant would never be mended.
	// These statements take no parameters, hence the quoting.
	create := fmt.Sprintf("CREATE ROLE %[1]s LOGIN PASSWORD %[2]s; GRANT pg_monitor TO %[1]s",
		pq.QuoteIdentifier(role), pq.QuoteLiteral(password))
	if _, err := database.ExecContext(ctx, create); err != nil {
		return err
	}
	slog.Info("role created", "role", role)
	return nil
}
