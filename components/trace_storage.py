"""How the storage of traces is reached, whoever runs it: address, authority, user and password; and the job that deletes old traces."""

from collections.abc import Mapping
from dataclasses import dataclass

from pulumi import Input, Output, ResourceOptions
from pulumi_kubernetes.batch.v1 import CronJob, CronJobSpecArgs, JobSpecArgs, JobTemplateSpecArgs
from pulumi_kubernetes.core.v1 import ConfigMap, EnvVarArgs, PodTemplateSpecArgs, Secret, VolumeArgs, VolumeMountArgs

from components.base import Component, Identity
from components.pods import Pod, config_volume, mount, pod_metadata, pod_spec, secret_volume, version_of
from model.quantities import Cpu, Size
from model.resources import Resources
from model.traces import Traces

USER = 1000
"""The user of Elasticsearch's image."""

BUILT_IN_USER = "elastic"
"""The user that Elasticsearch itself has from the start."""

FOLDER = "/etc/trace-storage"
"""Where pods find what is public: the authority's certificate."""

SECRETS_FOLDER = "/etc/trace-storage-secrets"
"""Where pods find what is not: the password."""

AUTHORITY = "ca.crt"
"""The file with the certificate of the authority."""

PASSWORD = "password"  # noqa: S105 (the name of a file)
"""The file with the password."""

_SCRIPT = "delete-old-indices.sh"
_SCRIPTS_FOLDER = "/etc/trace-retention"
_RESOURCES = Resources(cpu=Cpu("10m"), memory=Size("32Mi"))


@dataclass(frozen=True, kw_only=True)
class Access:
    """What a program needs to know to reach the storage."""

    url: str
    """Where it answers."""

    username: str
    """The user; the password is in the file ``PASSWORD``."""

    name: str
    """The name of the ConfigMap and the Secret to mount."""

    authority: bool
    """Whether there is an authority of its own, in the file ``AUTHORITY``."""

    @property
    def authority_file(self) -> str | None:
        """The path of the authority's certificate in pods that mount it; None for those authorities that everybody believes."""
        return f"{FOLDER}/{AUTHORITY}" if self.authority else None

    @property
    def password_file(self) -> str:
        """The path of the password in pods that mount it."""
        return f"{SECRETS_FOLDER}/{PASSWORD}"


def access_volumes(access: Access) -> tuple[VolumeArgs, ...]:
    """What a pod mounts to reach the storage."""
    public = (config_volume("trace-storage", access.name),) if access.authority else ()
    return (*public, secret_volume("trace-storage-secrets", access.name))


def access_mounts(access: Access) -> tuple[VolumeMountArgs, ...]:
    """Where it mounts that."""
    public = (mount("trace-storage", FOLDER),) if access.authority else ()
    return (*public, mount("trace-storage-secrets", SECRETS_FOLDER))


@dataclass(frozen=True, kw_only=True)
class TraceStorageArgs:
    """What the way to the storage is made from."""

    identity: Identity
    """Its name, namespace and labels; the job runs under it."""

    image: str
    """An image with bash and curl: that of Elasticsearch."""

    access: Access
    """Where the storage is."""

    settings: Traces
    """The retention."""

    password: Output[str]
    """The password of the user."""

    public: Mapping[str, str]
    """The authority's certificate by file name; nothing when everybody believes it."""

    scripts: Mapping[str, str]
    """What the job runs, by file name."""


class TraceStorage(Component):
    """The Secret and the ConfigMap that all who reach the storage mount, and the job that deletes what is old."""

    secret_version: Output[str]
    """The version of the Secret, for those who read it when they start and never again."""

    def __init__(self, name: str, args: TraceStorageArgs, opts: ResourceOptions | None = None) -> None:
        super().__init__("observability:index:TraceStorage", name, opts)
        identity = args.identity
        if args.public:
            ConfigMap(name, metadata=identity.metadata(), data=args.public, opts=self.child())
        secret = Secret(name, metadata=identity.metadata(), string_data={PASSWORD: args.password}, opts=self.child())
        scripts = ConfigMap(f"{name}-scripts", metadata=identity.metadata("scripts"), data=args.scripts, opts=self.child())
        CronJob(name, metadata=identity.metadata("retention"), spec=cron_job_spec(args), opts=self.child(after=[secret, scripts]))
        self.secret_version = version_of(secret)
        self.register_outputs({"url": args.access.url})


def cron_job_spec(args: TraceStorageArgs) -> CronJobSpecArgs:
    """Every hour, so that what is old is gone within the hour after midnight (UTC), and a failure is made good by the next run."""
    return CronJobSpecArgs(
        schedule="5 * * * *",
        time_zone="UTC",  # not Etc/UTC, which needs a database of zones wherever the schedule is read: kube-state-metrics dies without one
        concurrency_policy="Forbid",
        starting_deadline_seconds=1800,
        successful_jobs_history_limit=1,
        failed_jobs_history_limit=2,
        job_template=JobTemplateSpecArgs(
            spec=JobSpecArgs(backoff_limit=2, active_deadline_seconds=900, ttl_seconds_after_finished=7200, template=retention_pod(args))
        ),
    )


def retention_pod(args: TraceStorageArgs) -> PodTemplateSpecArgs:
    """Runs the script once."""
    access = args.access
    values: dict[str, Input[str]] = {"STORAGE_URL": access.url, "STORAGE_USER": access.username, "DAYS": str(args.settings.days)}
    pod = Pod(
        identity=args.identity,
        image=args.image,
        args=("bash", f"{_SCRIPTS_FOLDER}/{_SCRIPT}"),
        env=tuple(EnvVarArgs(name=name, value=value) for name, value in values.items()),
        ports={},
        resources=_RESOURCES,
        probes=None,
        volumes=(*access_volumes(access), config_volume("scripts", f"{args.identity.name}-scripts")),
        mounts=(*access_mounts(access), mount("scripts", _SCRIPTS_FOLDER)),
        user=USER,
    )
    spec = pod_spec(pod)
    spec.restart_policy = "Never"
    return PodTemplateSpecArgs(metadata=pod_metadata(pod), spec=spec)


def curl_options(access: Access) -> str:
    """How the scripts call the storage: the password goes through a pipe, so that no list of processes shows it."""
    authority = f' --cacert "{access.authority_file}"' if access.authority else ""
    encoded = f"""$(printf '%s:%s' "$STORAGE_USER" "$(<{access.password_file})" | base64 --wrap=0)"""
    credentials = f"""--config <(printf 'header = "Authorization: Basic %s"\\n' "{encoded}")"""
    return f"--silent --show-error --fail --max-time 60{authority} {credentials}"


def deletion_script(access: Access) -> str:
    """Deletes indices by the day in their name, which is the day on which their spans began.

    Not by when they were made, as Jaeger's own cleaner does: a span from a clock that is a second ahead makes tomorrow's index today, and
    a whole day of traces would be deleted a day too early (docs/decisions/0009-trace-retention.md).
    """
    return f"""\
#!/bin/bash
# Deletes the daily indices of Jaeger that are $DAYS days old and older.
set -euo pipefail
storage() {{ curl {curl_options(access)} "$@"; }}
newest=$(date --utc --date="$DAYS days ago" +%F)
indices=$(storage "$STORAGE_URL/_cat/indices/jaeger-*?h=index")
failed=0
for index in $indices; do
  [[ $index =~ ^jaeger-[a-z]+-([0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}})$ ]] || continue
  [[ ${{BASH_REMATCH[1]}} > $newest ]] && continue
  if storage --output /dev/null --request DELETE "$STORAGE_URL/$index"; then echo "deleted $index"; else failed=1; fi
done
exit "$failed"
"""
