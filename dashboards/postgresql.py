"""PostgreSQL: connections, load, cache, locks and size. Alerts on databases lead here."""

from dashboards import style
from dashboards.board import About, Board, Row, board, choice, metrics_source, systems
from dashboards.queries import now, over_time
from dashboards.style import Look

UID = "postgresql"

_CHOSEN = 'job="postgresql", system=~"$system", service=~"$datastore"'


def postgresql() -> Board:
    """The databases of the catalogues."""
    about = About(uid=UID, title="PostgreSQL", description="Databases of the catalogues: connections, load, cache, locks and size.")
    datastore = choice("datastore", "Database", 'label_values(catalogue:datastore:info{kind="postgresql", system=~"$system"}, service)')
    return board(about, [metrics_source(), systems(), datastore], [state(_CHOSEN), *content(_CHOSEN)])


def connections_used(chosen: str) -> str:
    """The share of connections that are taken."""
    taken = f"sum by (system, service) (pg_stat_activity_count{{{chosen}}})"
    return f"{taken} / max by (system, service) (pg_settings_max_connections{{{chosen}}})"


def hits(chosen: str) -> str:
    """The share of reads that need no disk; 1 when nothing is read."""
    hit, read = (f"sum by (system, service) (rate(pg_stat_database_blks_{kind}{{{chosen}}}[$__rate_interval]))" for kind in ("hit", "read"))
    return f"({hit} / ({hit} + {read} > 0)) or 0 * {hit} + 1"


def state(chosen: str) -> Row:
    """Whether they answer, and how near they are to their limits."""
    return Row(
        panels=(
            style.states(
                "Databases",
                "Green: the exporter can log in. Red: it cannot.",
                [now(f"max by (system, service) (pg_up{{{chosen}}})", "{{system}} {{service}}")],
                Look(unit=style.NAME, width=8, height=4),
            ),
            style.stat(
                "Connections used",
                "Share of the connections that are allowed; at 100 % new ones are refused.",
                [now(f"max({connections_used(chosen)})")],
                Look(unit=style.SHARE, width=4, height=4),
                style.USAGE,
            ),
            style.stat(
                "Cache hits",
                "Share of reads that need no disk.",
                [now(f"min({hits(chosen)})")],
                Look(unit=style.SHARE, width=4, height=4),
                style.SUCCESS,
            ),
            style.stat(
                "Longest transaction",
                "How long the oldest open transaction has been at work.",
                [now(f"max(pg_stat_activity_max_tx_duration{{{chosen}}})")],
                Look(unit=style.SECONDS, width=4, height=4),
                style.steps(style.GOOD, (30, style.WORSE), (60, style.BAD)),
            ),
            style.stat(
                "Size",
                "Bytes of all databases.",
                [now(f"sum(pg_database_size_bytes{{{chosen}}})")],
                Look(unit=style.BYTES, width=4, height=4),
            ),
        )
    )


def content(chosen: str) -> list[Row]:
    """Everything else about them."""
    databases = f'{chosen}, datname!~"template.*|"'

    def per_second(metric: str) -> str:
        return f"sum by (service, datname) (rate({metric}{{{databases}}}[$__rate_interval]))"

    return [
        Row(
            title="Load",
            panels=(
                style.graph(
                    "Connections by state",
                    "Connections by what they are doing.",
                    [over_time(f"sum by (service, state) (pg_stat_activity_count{{{chosen}}})", "{{service}} {{state}}")],
                    Look(unit=style.COUNT),
                ),
                style.graph(
                    "Transactions",
                    "Transactions per second that were committed and rolled back.",
                    [
                        over_time(per_second("pg_stat_database_xact_commit"), "{{datname}} committed"),
                        over_time(per_second("pg_stat_database_xact_rollback"), "{{datname}} rolled back"),
                    ],
                    Look(unit=style.EVENTS),
                ),
                style.graph(
                    "Cache hits over time",
                    "Share of reads that need no disk.",
                    [over_time(hits(chosen), "{{service}}")],
                    Look(unit=style.SHARE),
                ),
                style.graph(
                    "Rows",
                    "Rows per second that were returned and changed.",
                    [
                        over_time(per_second("pg_stat_database_tup_returned"), "{{datname}} returned"),
                        over_time(per_second("pg_stat_database_tup_inserted"), "{{datname}} inserted"),
                        over_time(per_second("pg_stat_database_tup_updated"), "{{datname}} updated"),
                    ],
                    Look(unit=style.EVENTS),
                ),
            ),
        ),
        Row(
            title="Locks and size",
            panels=(
                style.graph(
                    "Locks",
                    "Locks that are held, by kind.",
                    [over_time(f"sum by (service, mode) (pg_locks_count{{{databases}}})", "{{service}} {{mode}}")],
                    Look(unit=style.COUNT, width=8),
                ),
                style.graph(
                    "Deadlocks",
                    "Deadlocks per second, each of which ended a transaction.",
                    [over_time(per_second("pg_stat_database_deadlocks"), "{{datname}}")],
                    Look(unit=style.EVENTS, width=8),
                ),
                style.graph(
                    "Size over time",
                    "Bytes of each database.",
                    [over_time(f"sum by (service, datname) (pg_database_size_bytes{{{databases}}})", "{{service}} {{datname}}")],
                    Look(unit=style.BYTES, width=8),
                ),
                style.graph(
                    "Query duration",
                    "Time of the oldest open transaction, by state; mean times of statements need the extension pg_stat_statements.",
                    [over_time(f"max by (service, state) (pg_stat_activity_max_tx_duration{{{chosen}}})", "{{service}} {{state}}")],
                    Look(unit=style.SECONDS),
                ),
                style.graph(
                    "Checkpoints",
                    "Checkpoints per second, on time and because too much was written.",
                    [
                        over_time(
                            f"sum by (service) (rate(pg_stat_bgwriter_checkpoints_timed_total{{{chosen}}}[$__rate_interval]))",
                            "{{service}} on time",
                        ),
                        over_time(
                            f"sum by (service) (rate(pg_stat_bgwriter_checkpoints_req_total{{{chosen}}}[$__rate_interval]))",
                            "{{service}} forced",
                        ),
                    ],
                    Look(unit=style.EVENTS),
                ),
            ),
        ),
    ]
