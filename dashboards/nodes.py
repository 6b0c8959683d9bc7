"""Nodes: use, saturation and errors of each resource of the machines, and what Kubernetes thinks of them."""

from dashboards import style
from dashboards.board import About, Board, Row, board, choice, metrics_source
from dashboards.queries import now, over_time, rows
from dashboards.style import Look

UID = "nodes"

_NODE = 'job="node-exporter", node=~"$node"'
_DISKS = f'{_NODE}, fstype!~"tmpfs|ramfs|squashfs|overlay"'
_CARDS = f'{_NODE}, device!~"lo|veth.*|cni.*|cali.*"'


def nodes() -> Board:
    """The machines that everything runs on."""
    about = About(
        uid=UID,
        title="System resources",
        description="CPU, memory, disks and network of the nodes: how much is used, what waits, what fails; and the volumes of pods.",
    )
    node = choice("node", "Node", 'label_values(node_uname_info{job="node-exporter"}, node)')
    return board(about, [metrics_source(), node], [node_states(), processors(), memory(), disks(), network(), volumes()])


def system_resources() -> Row:
    """What dashboards of systems show of the machines."""
    return Row(
        title="System resources", panels=(*processors().panels[:1], *memory().panels[:1], *disks().panels[:1], *network().panels[:1])
    )


def node_states() -> Row:
    """Whether Kubernetes can use them."""
    boot = f"max by (node) (node_boot_time_seconds{{{_NODE}}}) * 1000"
    started = f"max by (node, release) (node_uname_info{{{_NODE}}} * on (node) group_left () {boot})"
    ready = 'max by (node) (kube_node_status_condition{job="kube-state-metrics", condition="Ready", status="true", node=~"$node"})'
    return Row(
        panels=(
            style.states(
                "Nodes", "Green: Kubernetes can use the node. Red: it cannot.", [now(ready, "{{node}}")], Look(unit=style.NAME, height=5)
            ),
            style.table(
                "Age",
                "Since when each node runs, and its kernel.",
                rows(started),
                Look(unit=style.AGO, height=5),
                columns=("node", "release"),
                value="Started",
            ),
        )
    )


def processors() -> Row:
    """Use and saturation of processors."""
    busy = f'1 - avg by (node) (rate(node_cpu_seconds_total{{{_NODE}, mode="idle"}}[$__rate_interval]))'
    count = 'max by (node) (kube_node_status_capacity{job="kube-state-metrics", resource="cpu"})'
    return Row(
        title="CPU",
        panels=(
            style.graph(
                "CPU used",
                "Share of time that the processors of each node are busy.",
                [over_time(busy, "{{node}}")],
                Look(unit=style.SHARE),
            ),
            style.graph(
                "Load for each processor",
                "Processes that want to run, for each processor, over 1 and 15 minutes. Above 1 some wait.",
                [over_time(f"max by (node) (node_load{m}{{{_NODE}}}) / {count}", f"{{{{node}}}} {m} min") for m in (1, 15)],
                Look(unit=style.COUNT),
            ),
        ),
    )


def memory() -> Row:
    """Use and saturation of memory."""
    used = f"1 - max by (node) (node_memory_MemAvailable_bytes{{{_NODE}}}) / max by (node) (node_memory_MemTotal_bytes{{{_NODE}}})"
    faults = f"sum by (node) (rate(node_vmstat_pgmajfault{{{_NODE}}}[$__rate_interval]))"
    return Row(
        title="Memory",
        panels=(
            style.graph(
                "Memory used", "Share of memory that cannot be given to anybody.", [over_time(used, "{{node}}")], Look(unit=style.SHARE)
            ),
            style.graph(
                "Major page faults",
                "Pages per second that had to be read from disk: a node that runs out of memory reads what it just dropped.",
                [over_time(faults, "{{node}}")],
                Look(unit=style.EVENTS),
            ),
        ),
    )


def disks() -> Row:
    """Use, load and errors of disks."""
    by = "by (node, mountpoint)"
    full = f"1 - max {by} (node_filesystem_avail_bytes{{{_DISKS}}}) / (max {by} (node_filesystem_size_bytes{{{_DISKS}}}) > 0)"
    inodes = f"1 - max {by} (node_filesystem_files_free{{{_DISKS}}}) / (max {by} (node_filesystem_files{{{_DISKS}}}) > 0)"
    moved = {
        kind: f"sum by (node, device) (rate(node_disk_{kind}_bytes_total{{{_NODE}}}[$__rate_interval]))" for kind in ("read", "written")
    }
    busy = f"max by (node, device) (rate(node_disk_io_time_seconds_total{{{_NODE}}}[$__rate_interval]))"
    return Row(
        title="Disks",
        panels=(
            style.graph(
                "File systems used",
                "Share of each file system that is full.",
                [over_time(full, "{{node}} {{mountpoint}}")],
                Look(unit=style.SHARE),
            ),
            style.graph(
                "Disks busy", "Share of time that each disk works.", [over_time(busy, "{{node}} {{device}}")], Look(unit=style.SHARE)
            ),
            style.graph(
                "Disk traffic",
                "Bytes per second read from and written to each disk.",
                [over_time(query, f"{{{{node}}}} {{{{device}}}} {kind}") for kind, query in moved.items()],
                Look(unit=style.BYTES_PER_SECOND),
            ),
            style.graph(
                "Inodes used",
                "Share of the files that each file system can hold.",
                [over_time(inodes, "{{node}} {{mountpoint}}")],
                Look(unit=style.SHARE),
            ),
        ),
    )


def network() -> Row:
    """Traffic and errors of network cards."""
    traffic = {
        kind: f"sum by (node) (rate(node_network_{kind}_bytes_total{{{_CARDS}}}[$__rate_interval]))" for kind in ("receive", "transmit")
    }
    errors = {
        kind: f"sum by (node) (rate(node_network_{kind}_errs_total{{{_CARDS}}}[$__rate_interval]))" for kind in ("receive", "transmit")
    }
    return Row(
        title="Network",
        panels=(
            style.graph(
                "Network traffic",
                "Bytes per second that each node receives and transmits.",
                [over_time(query, f"{{{{node}}}} {kind}") for kind, query in traffic.items()],
                Look(unit=style.BYTES_PER_SECOND),
            ),
            style.graph(
                "Network errors",
                "Packets per second that could not be received or transmitted.",
                [over_time(query, f"{{{{node}}}} {kind}") for kind, query in errors.items()],
                Look(unit=style.EVENTS),
            ),
        ),
    )


def volumes() -> Row:
    """What the pods keep."""
    used = (
        'max by (namespace, persistentvolumeclaim) (kubelet_volume_stats_used_bytes{job="kubelet"}'
        ' / (kubelet_volume_stats_capacity_bytes{job="kubelet"} > 0))'
    )
    return Row(
        title="Volumes",
        panels=(
            style.graph(
                "Volumes used",
                "Share of each persistent volume that is full.",
                [over_time(used, "{{namespace}} {{persistentvolumeclaim}}")],
                Look(unit=style.SHARE, width=style.WIDTH, nothing="The storage does not measure its volumes"),
            ),
        ),
    )
