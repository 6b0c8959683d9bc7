#!/bin/sh
# Makes the database cluster on the first start, as the official image does, then becomes the server.
# Of the official image's settings it knows POSTGRES_USER, POSTGRES_DB, POSTGRES_PASSWORD, POSTGRES_PASSWORD_FILE and PGDATA.
set -eu

case "${1:-postgres}" in
    -*) set -- postgres "$@" ;;
esac

if [ "$1" = postgres ] && [ ! -s "$PGDATA/PG_VERSION" ]; then
    user=${POSTGRES_USER:-postgres}
    database=${POSTGRES_DB:-$user}
    password=${POSTGRES_PASSWORD:-}
    if [ -n "${POSTGRES_PASSWORD_FILE:-}" ]; then
        # read fails on a file without a newline at its end, having read it all the same
        IFS= read -r password < "$POSTGRES_PASSWORD_FILE" || [ -n "$password" ]
    fi
    if [ -z "$password" ]; then
        echo "error: set POSTGRES_PASSWORD_FILE (or POSTGRES_PASSWORD) to the superuser's password" >&2
        exit 1
    fi
    printf '%s\n' "$password" | initdb --username="$user" --pwfile=/dev/stdin --encoding=UTF8 --locale=C \
        --auth-local=trust --auth-host=scram-sha-256
    echo "listen_addresses = '*'" >> "$PGDATA/postgresql.conf"
    echo "host all all all scram-sha-256" >> "$PGDATA/pg_hba.conf"
    if [ "$database" != postgres ]; then
        printf 'CREATE DATABASE "%s";\n' "$database" | postgres --single -D "$PGDATA" postgres
    fi
fi
exec "$@"
