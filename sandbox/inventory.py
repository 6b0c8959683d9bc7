"""Every program that the sandbox uses and where each can be had. Versions of Go programs are those of sandbox/tools/*/go.mod."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class GoProgram:
    """A program built from a pinned Go module."""

    name: str
    module: str
    """Directory below sandbox/tools whose go.mod pins it."""
    package: str
    """Import path of its main package; one of our own in the module's directory begins with `./`."""
    pinned: str = ""
    """The package that decides its version, where that is not its own."""
    stamp: tuple[str, ...] = ()
    """Linker variables that make it tell its version; `{version}` stands for it, without the leading v."""
    tags: tuple[str, ...] = ()
    ask: tuple[str, ...] = ("--version",)
    """Arguments that make it print its version."""
    accept: str = "{version}"
    """How the version of one found on PATH must begin: `{version}`, `{minor}` (1.34.) or `{major}` (3.)."""
    trimmed: str = ""
    """What the official program has and this build lacks, as a plain sentence for `make status`; empty when it lacks nothing."""


@dataclass(frozen=True, kw_only=True)
class DebianPackages:
    """Packages that are unpacked together into one directory."""

    name: str
    proven: str
    """The version of the first package with which all this was tried; a newer patch level is taken as it comes."""
    accept: tuple[str, ...]
    """How the upstream version of the first package must begin."""
    packages: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DebianProgram:
    """A program of unpacked Debian packages, started through a wrapper that finds its libraries, plugins and helpers."""

    name: str
    origin: DebianPackages
    path: str
    """The executable below the unpacked directory."""
    arguments: tuple[str, ...] = ()
    """What comes first on its command line."""
    ask: tuple[str, ...] = ("--version",)


@dataclass(frozen=True, kw_only=True)
class DebianDirectory:
    """A directory of unpacked Debian packages."""

    name: str
    origin: DebianPackages
    path: str


NOT_INLINED = (
    *("k8s.io/...", "sigs.k8s.io/...", "github.com/openshift/...", "github.com/google/cel-go/...", "github.com/google/gnostic-models/..."),
    *("github.com/jaegertracing/...", "github.com/open-telemetry/...", "go.opentelemetry.io/collector/...", "github.com/pulumi/..."),
    *("github.com/aws/...", "github.com/Azure/...", "github.com/IBM/...", "cloud.google.com/...", "google.golang.org/api/..."),
    *("google.golang.org/genproto/...", "github.com/envoyproxy/...", "github.com/elastic/...", "github.com/olivere/..."),
    *("github.com/pb33f/...", "github.com/ClickHouse/...", "github.com/twmb/...", "github.com/apache/arrow-go/...", "gonum.org/..."),
    *("modernc.org/...", "zombiezen.com/...", "github.com/andybalholm/brotli/...", "github.com/parquet-go/...", "github.com/redis/..."),
    *("github.com/leodido/...", "github.com/docker/...", "github.com/moby/...", "github.com/hashicorp/consul/...", "github.com/uber/..."),
    *("go.opentelemetry.io/otel/exporters/...", "go.opentelemetry.io/otel/semconv/...", "github.com/baidubce/..."),
    *("github.com/grafana/cloudflare-go/...", "github.com/alecthomas/chroma/...", "github.com/go-git/...", "github.com/dgraph-io/..."),
)
"""Packages that are compiled without inlining, which takes a quarter to a half off the compiler's time and makes them run a third slower:
Kubernetes, Jaeger, the collector, Pulumi, and clients of clouds and databases. What tests run hot (Prometheus, Loki, Promtail,
Alertmanager, etcd, gRPC, protobuf, the standard library) is not among them."""
_SHARED_TAGS = ("grpcnotrace",)
"""As Kubernetes and CoreDNS build gRPC; for all of the module `shared`, or it would be compiled twice."""
_STAGED = "k8s.io/component-base/version"
_LINKED_ONLY = "libopenapi, which is linked and never called, is a small one of our own"
_NO_DIRECT_PATH = "Google Cloud Storage is reached without Direct Path, Google's way past its load balancers"
_STAMPED = "github.com/prometheus/common/version.Version={version}"


def _kubernetes(name: str, ask: tuple[str, ...] = ("--version",)) -> GoProgram:
    return GoProgram(
        name=name,
        module="shared",
        package=f"k8s.io/kubernetes/cmd/{name}",
        stamp=(
            f"{_STAGED}.gitVersion=v{{version}}",
            f"{_STAGED}.gitMajor=1",
            f"{_STAGED}.gitMinor=34",
            f"{_STAGED}.gitTreeState=clean",
            "k8s.io/client-go/pkg/version.gitVersion=v{version}",
        ),
        tags=_SHARED_TAGS,
        ask=ask,
        accept="{minor}",
    )


def _prometheus(name: str) -> GoProgram:
    return GoProgram(
        name=name,
        module="prometheus",
        package=f"github.com/prometheus/prometheus/cmd/{name}",
        stamp=(_STAMPED,),
        tags=("remove_all_sd", "enable_kubernetes_sd"),  # static, file and http discovery are always in; the clouds double time and memory
        trimmed="service discovery only from Kubernetes, files, HTTP and static targets; no web interface; "
        "a small library of our own writes its OpenAPI document",
    )


def _alertmanager(name: str) -> GoProgram:
    return GoProgram(name=name, module="alertmanager", package=f"github.com/prometheus/alertmanager/cmd/{name}", stamp=(_STAMPED,))


_NETFILTER = ("libmnl0", "libnetfilter-conntrack3", "libnfnetlink0")
CONTAINERD = DebianPackages(name="containerd", proven="1.6.20", accept=("1.6.", "1.7."), packages=("containerd",))
RUNC = DebianPackages(name="runc", proven="1.1.5", accept=("1.",), packages=("runc",))
CNI = DebianPackages(name="cni-plugins", proven="1.1.1", accept=("1.",), packages=("containernetworking-plugins",))
IPTABLES = DebianPackages(
    name="iptables",
    proven="1.8.9",
    accept=("1.8.",),
    packages=("iptables", "libip4tc2", "libip6tc2", "libxtables12", "libnftnl11", *_NETFILTER),
)
CONNTRACK = DebianPackages(name="conntrack", proven="1.4.7", accept=("1.4.",), packages=("conntrack", *_NETFILTER))
IPROUTE = DebianPackages(
    name="iproute2",
    proven="6.1.0",
    accept=("",),
    packages=("iproute2", "libbpf1", "libelf1", "libbsd0", "libmd0", "libmnl0", "libxtables12"),
)
REDIS = DebianPackages(
    name="redis",
    proven="7.0.15",
    accept=("7.",),
    packages=("redis-server", "redis-tools", "libatomic1", "libjemalloc2", "liblzf1", "libssl3"),
)
REDIS_EXPORTER = DebianPackages(name="redis_exporter", proven="1.45.0", accept=("1.45.",), packages=("prometheus-redis-exporter",))
POSTGRESQL = DebianPackages(
    name="postgresql",
    proven="15.20",
    accept=("15.",),
    packages=(
        *("postgresql-15", "postgresql-client-15", "libpq5", "libicu72", "libldap-2.5-0", "libsasl2-2", "libxml2", "libssl3", "tzdata"),
        *("libgssapi-krb5-2", "libkrb5-3", "libkrb5support0", "libk5crypto3", "libkeyutils1", "libcom-err2"),
    ),
)


OPENJDK = DebianPackages(name="openjdk", proven="17.0.15", accept=("17.",), packages=("openjdk-17-jre-headless",))
MAVEN = DebianPackages(
    name="maven",
    proven="3.8.7",
    accept=("3.",),
    packages=(
        *("maven", "libmaven3-core-java", "libmaven-resolver-java", "libmaven-shared-utils-java", "libwagon-file-java"),
        *("libwagon-http-shaded-java", "libwagon-provider-api-java", "libplexus-cipher-java", "libplexus-classworlds-java"),
        *("libplexus-component-annotations-java", "libplexus-interpolation-java", "libplexus-sec-dispatcher-java", "libplexus-utils2-java"),
        *("libsisu-inject-java", "libsisu-plexus-java", "libguice-java", "libguava-java", "libaopalliance-java", "libcdi-api-java"),
        *("libatinject-jsr330-api-java", "libgeronimo-annotation-1.3-spec-java", "libcommons-cli-java", "libcommons-io-java"),
        *("libcommons-lang3-java", "libjansi-java", "libjsr305-java", "libslf4j-java"),
    ),
)
CURL = DebianPackages(
    name="curl",
    proven="7.88.1",
    accept=("7.", "8."),
    packages=(
        *("curl", "libcurl4", "libnghttp2-14", "libidn2-0", "librtmp1", "libssh2-1", "libpsl5", "libssl3", "libldap-2.5-0", "libzstd1"),
        *("libbrotli1", "libunistring2", "libgnutls30", "libhogweed6", "libnettle8", "libgmp10", "libsasl2-2", "libp11-kit0", "libtasn1-6"),
        *("libffi8", "libgssapi-krb5-2", "libkrb5-3", "libkrb5support0", "libk5crypto3", "libkeyutils1", "libcom-err2"),
    ),
)


def _iptables(name: str) -> DebianProgram:
    return DebianProgram(name=name, origin=IPTABLES, path="usr/sbin/xtables-nft-multi", arguments=(name,))


GO_PROGRAMS = (
    GoProgram(name="etcd", module="shared", package="go.etcd.io/etcd/server/v3", tags=_SHARED_TAGS, accept="{minor}"),
    *(_kubernetes(name) for name in ("kube-apiserver", "kubelet", "kube-controller-manager", "kube-scheduler", "kube-proxy")),
    _kubernetes("kubectl", ask=("version", "--client")),
    GoProgram(
        name="pulumi",
        module="pulumi",
        package="github.com/pulumi/pulumi/pkg/v3/cmd/pulumi",
        stamp=("github.com/pulumi/pulumi/sdk/v3/go/common/version.Version=v{version}",),
        trimmed=f"`pulumi cloud` cannot read the description of Pulumi Cloud's API; {_NO_DIRECT_PATH}",
        ask=("version",),
        accept="{major}",
    ),
    GoProgram(name="coredns", module="shared", package="./dns", pinned="github.com/coredns/coredns", tags=_SHARED_TAGS, ask=("-version",)),
    _prometheus("prometheus"),
    _prometheus("promtool"),
    _alertmanager("alertmanager"),
    _alertmanager("amtool"),
    GoProgram(
        name="alertmanager-delivery",
        module="alertmanager",
        package="./delivery",
        pinned="github.com/prometheus/alertmanager/dispatch",
        stamp=(_STAMPED,),
    ),
    GoProgram(name="node_exporter", module="node_exporter", package="github.com/prometheus/node_exporter", stamp=(_STAMPED,)),
    GoProgram(
        name="kube-state-metrics",
        module="shared",
        package="k8s.io/kube-state-metrics/v2",
        stamp=("github.com/prometheus/common/version.Version=v{version}",),
        tags=_SHARED_TAGS,
        ask=("version",),
    ),
    GoProgram(
        name="postgres_exporter",
        module="postgres_exporter",
        package="github.com/prometheus-community/postgres_exporter/cmd/postgres_exporter",
        stamp=(_STAMPED,),
    ),
    GoProgram(
        name="promtail",
        module="promtail",
        package="github.com/grafana/loki/v3/clients/cmd/promtail",
        stamp=("github.com/grafana/loki/v3/pkg/util/build.Version={version}",),
        trimmed=f"no service discovery in AWS EC2, Azure, DigitalOcean, Google Compute Engine and OpenStack; {_LINKED_ONLY}",
    ),
    GoProgram(
        name="loki",
        module="loki",
        package="github.com/grafana/loki/v3/cmd/loki",
        stamp=("github.com/grafana/loki/v3/pkg/util/build.Version={version}",),
        trimmed=f"{_NO_DIRECT_PATH}; {_LINKED_ONLY}",
    ),
    GoProgram(
        name="loki-canary",
        module="loki",
        package="github.com/grafana/loki/v3/cmd/loki-canary",
        stamp=("github.com/grafana/loki/v3/pkg/util/build.Version={version}",),
        trimmed=_LINKED_ONLY,
    ),
    GoProgram(
        name="lokitool",
        module="loki",
        package="github.com/grafana/loki/v3/cmd/lokitool",
        stamp=("github.com/grafana/loki/v3/pkg/util/build.Version={version}",),
        trimmed=_LINKED_ONLY,
        ask=("version",),
    ),
    GoProgram(
        name="jaeger",
        module="shared",
        package="github.com/jaegertracing/jaeger/cmd/jaeger",
        stamp=("github.com/jaegertracing/jaeger/internal/version.latestVersion=v{version}",),
        trimmed="a small client of our own makes its one call of Elasticsearch 8 and later, through Elastic's transport",
        tags=_SHARED_TAGS,
        ask=("version",),
    ),
    GoProgram(
        name="otelcol-contrib",
        module="shared",
        package="./collector",
        pinned="github.com/open-telemetry/opentelemetry-collector-contrib/processor/k8sattributesprocessor",
        stamp=("main.version={version}",),
        tags=_SHARED_TAGS,
    ),
    GoProgram(
        name="actionlint",
        module="actionlint",
        package="github.com/rhysd/actionlint/cmd/actionlint",
        stamp=("github.com/rhysd/actionlint.version={version}",),
        ask=("-version",),
    ),
    GoProgram(name="kwok", module="kwok", package="sigs.k8s.io/kwok/cmd/kwok"),
)

DEBIAN_PROGRAMS = (
    DebianProgram(name="containerd", origin=CONTAINERD, path="usr/bin/containerd"),
    DebianProgram(name="containerd-shim-runc-v2", origin=CONTAINERD, path="usr/bin/containerd-shim-runc-v2", ask=("-v",)),
    DebianProgram(name="ctr", origin=CONTAINERD, path="usr/bin/ctr"),
    DebianProgram(name="runc", origin=RUNC, path="usr/sbin/runc"),
    *(_iptables(f"{family}{kind}") for family in ("iptables", "ip6tables") for kind in ("", "-save", "-restore")),
    DebianProgram(name="conntrack", origin=CONNTRACK, path="usr/sbin/conntrack"),
    DebianProgram(name="ip", origin=IPROUTE, path="bin/ip", ask=("-V",)),
    DebianProgram(name="redis-server", origin=REDIS, path="usr/bin/redis-server"),
    DebianProgram(name="redis-cli", origin=REDIS, path="usr/bin/redis-cli"),
    DebianProgram(name="redis_exporter", origin=REDIS_EXPORTER, path="usr/bin/prometheus-redis-exporter"),
)

DIRECTORIES = (
    DebianDirectory(name="cni-plugins", origin=CNI, path="usr/lib/cni"),
    DebianDirectory(name="postgresql", origin=POSTGRESQL, path="."),
    DebianDirectory(name="openjdk", origin=OPENJDK, path="."),
    DebianDirectory(name="maven", origin=MAVEN, path="."),
    DebianDirectory(name="curl", origin=CURL, path="."),
)

SYSTEM = {"nsenter": "util-linux", "unshare": "util-linux", "mount": "mount", "umount": "mount"}
"""Programs that are part of every Linux system, and the Debian package to install where one is missing."""
