"""Redis: memory, hits, commands and clients. Alerts on caches lead here."""

from dashboards import style
from dashboards.board import About, Board, Row, board, choice, metrics_source, systems
from dashboards.queries import now, over_time
from dashboards.style import Look

UID = "redis"

_CHOSEN = 'job="redis", system=~"$system", service=~"$datastore"'


def redis() -> Board:
    """The caches of the catalogues."""
    about = About(uid=UID, title="Redis", description="Caches of the catalogues: memory, hits, commands, clients and evictions.")
    datastore = choice("datastore", "Cache", 'label_values(catalogue:datastore:info{kind="redis", system=~"$system"}, service)')
    return board(about, [metrics_source(), systems(), datastore], [state(), load()])


def per_second(metric: str) -> str:
    """A counter as a rate of each cache."""
    return f"sum by (system, service) (rate({metric}{{{_CHOSEN}}}[$__rate_interval]))"


def hits() -> str:
    """The share of look-ups that found something; 1 when nobody looks."""
    hit, missed = per_second("redis_keyspace_hits_total"), per_second("redis_keyspace_misses_total")
    return f"({hit} / ({hit} + {missed} > 0)) or 0 * {hit} + 1"


def state() -> Row:
    """Whether they answer, and how they do."""
    return Row(
        panels=(
            style.states(
                "Caches",
                "Green: the exporter can log in. Red: it cannot.",
                [now(f"max by (system, service) (redis_up{{{_CHOSEN}}})", "{{system}} {{service}}")],
                Look(unit=style.NAME, width=8, height=4),
            ),
            style.stat(
                "Hits",
                "Share of look-ups that found something.",
                [now(f"min({hits()})")],
                Look(unit=style.SHARE, width=4, height=4),
                style.SUCCESS,
            ),
            style.stat(
                "Clients",
                "Connections to all caches.",
                [now(f"sum(redis_connected_clients{{{_CHOSEN}}})")],
                Look(unit=style.COUNT, width=4, height=4),
            ),
            style.stat(
                "Memory", "Bytes in use.", [now(f"sum(redis_memory_used_bytes{{{_CHOSEN}}})")], Look(unit=style.BYTES, width=4, height=4)
            ),
            style.stat(
                "Refused",
                "Connections that were refused in the time that is shown, as there were too many.",
                [now(f"sum(increase(redis_rejected_connections_total{{{_CHOSEN}}}[$__range]))")],
                Look(unit=style.COUNT, width=4, height=4),
                style.NONE_IS_GOOD,
            ),
        )
    )


def load() -> Row:
    """Everything else about them."""
    keys = f"sum by (service, db) (redis_db_keys{{{_CHOSEN}}})"
    return Row(
        title="Load",
        panels=(
            style.graph(
                "Commands",
                "Commands per second.",
                [over_time(per_second("redis_commands_processed_total"), "{{service}}")],
                Look(unit=style.EVENTS),
            ),
            style.graph(
                "Hits over time", "Share of look-ups that found something.", [over_time(hits(), "{{service}}")], Look(unit=style.SHARE)
            ),
            style.graph(
                "Memory over time",
                "Bytes in use, and the limit where there is one.",
                [
                    over_time(f"max by (service) (redis_memory_used_bytes{{{_CHOSEN}}})", "{{service}} used"),
                    over_time(f"max by (service) (redis_memory_max_bytes{{{_CHOSEN}}}) > 0", "{{service}} limit"),
                ],
                Look(unit=style.BYTES),
            ),
            style.graph(
                "Evicted and expired",
                "Keys per second that went for lack of memory, and because their time was over.",
                [
                    over_time(per_second("redis_evicted_keys_total"), "{{service}} evicted"),
                    over_time(per_second("redis_expired_keys_total"), "{{service}} expired"),
                ],
                Look(unit=style.EVENTS),
            ),
            style.graph("Keys", "Keys in each database.", [over_time(keys, "{{service}} {{db}}")], Look(unit=style.COUNT)),
            style.graph(
                "Clients over time",
                "Connections, and those that wait for something to come.",
                [
                    over_time(f"max by (service) (redis_connected_clients{{{_CHOSEN}}})", "{{service}} connected"),
                    over_time(f"max by (service) (redis_blocked_clients{{{_CHOSEN}}})", "{{service}} waiting"),
                ],
                Look(unit=style.COUNT),
            ),
        ),
    )
