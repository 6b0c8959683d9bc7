"""One case for each field that the official provider replaces an object on: the kind, the field, a value and another."""

from sandbox.providers.values import Json

Case = tuple[str, str, str, Json, Json]
_NAMED: list[Json] = [{"name": "a"}]
_OTHER: list[Json] = [{"name": "b"}]
_LABELS: Json = {"matchLabels": {"app": "a"}}
_OTHER_LABELS: Json = {"matchLabels": {"app": "b"}}
_PROBE: Json = {"tcpSocket": {"port": 1}}
_OTHER_PROBE: Json = {"tcpSocket": {"port": 2}}


def _pod_template(image: str) -> Json:
    return {"metadata": {"labels": {"app": "a"}}, "spec": {"containers": [{"name": "main", "image": image}]}}


def _claim(size: str) -> list[Json]:
    return [{"metadata": {"name": "data"}, "spec": {"resources": {"requests": {"storage": size}}}}]


_WORKLOADS: list[Case] = [
    ("apps/v1", "Deployment", "spec.selector", _LABELS, _OTHER_LABELS),
    ("apps/v1", "DaemonSet", "spec.selector", _LABELS, _OTHER_LABELS),
    ("apps/v1", "StatefulSet", "spec.selector", _LABELS, _OTHER_LABELS),
    ("apps/v1", "StatefulSet", "spec.podManagementPolicy", "Parallel", "OrderedReady"),
    ("apps/v1", "StatefulSet", "spec.revisionHistoryLimit", 3, 4),
    ("apps/v1", "StatefulSet", "spec.serviceName", "a", "b"),
    ("apps/v1", "StatefulSet", "spec.volumeClaimTemplates", _claim("1Gi"), _claim("2Gi")),
    ("batch/v1", "Job", "spec.selector", _LABELS, _OTHER_LABELS),
    ("batch/v1", "Job", "spec.completions", 1, 2),
    ("batch/v1", "Job", "spec.parallelism", 1, 2),
    ("batch/v1", "Job", "spec.template", _pod_template("a"), _pod_template("b")),
]
_ROLE: Json = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "a"}
_OTHER_ROLE: Json = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "b"}
_OBJECTS: list[Case] = [
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "roleRef", _ROLE, _OTHER_ROLE),
    ("rbac.authorization.k8s.io/v1", "ClusterRoleBinding", "roleRef", _ROLE, _OTHER_ROLE),
    ("storage.k8s.io/v1", "StorageClass", "parameters", {"a": "1"}, {"a": "2"}),
    ("storage.k8s.io/v1", "StorageClass", "provisioner", "a", "b"),
    ("v1", "ConfigMap", "data", {"a": "1"}, {"a": "2"}),
    ("v1", "ConfigMap", "binaryData", {"a": "MQ=="}, {"a": "Mg=="}),
    ("v1", "ConfigMap", "metadata.name", "a", "b"),
    ("v1", "ConfigMap", "metadata.namespace", "default", "kube-public"),
    ("v1", "Secret", "data", {"a": "MQ=="}, {"a": "Mg=="}),
    ("v1", "Secret", "type", "Opaque", "example.com/other"),
    ("v1", "Service", "spec.clusterIP", "10.0.0.1", "10.0.0.2"),
    ("v1", "ResourceQuota", "spec.scopes", ["BestEffort"], ["NotBestEffort"]),
    ("v1", "PersistentVolumeClaim", "spec.accessModes", ["ReadWriteOnce"], ["ReadOnlyMany"]),
    ("v1", "PersistentVolumeClaim", "spec.selector", _LABELS, _OTHER_LABELS),
    ("v1", "PersistentVolumeClaim", "spec.storageClassName", "a", "b"),
    ("v1", "PersistentVolumeClaim", "spec.volumeName", "a", "b"),
]
_SOURCES: dict[str, tuple[str, str]] = {
    # volume source: its field to change, and a field that it needs
    "awsElasticBlockStore": ("volumeID", ""),
    "azureDisk": ("diskName", "diskURI"),
    "azureFile": ("secretName", "shareName"),
    "cephfs": ("path", ""),
    "cinder": ("volumeID", ""),
    "csi": ("volumeHandle", "driver"),
    "fc": ("fsType", ""),
    "flexVolume": ("driver", ""),
    "flocker": ("datasetName", ""),
    "gcePersistentDisk": ("pdName", ""),
    "glusterfs": ("path", "endpoints"),
    "hostPath": ("path", ""),
    "iscsi": ("iqn", "targetPortal"),
    "local": ("path", ""),
    "nfs": ("path", "server"),
    "photonPersistentDisk": ("pdID", ""),
    "portworxVolume": ("volumeID", ""),
    "quobyte": ("volume", "registry"),
    "rbd": ("image", ""),
    "scaleIO": ("system", "gateway"),
    "storageos": ("volumeName", ""),
    "vsphereVolume": ("volumePath", ""),
}


def _source(fields: tuple[str, str], value: str) -> Json:
    changing, needed = fields
    return {changing: value, **({needed: "x"} if needed else {})}


_VOLUMES: list[Case] = [
    ("v1", "PersistentVolume", f"spec.{name}", _source(fields, "/a"), _source(fields, "/b")) for name, fields in _SOURCES.items()
]
_POD_FIELDS: dict[str, tuple[Json, Json]] = {
    "affinity": ({"nodeAffinity": {}}, {"podAffinity": {}}),
    "automountServiceAccountToken": (True, False),
    "dnsConfig": ({"nameservers": ["10.0.0.1"]}, {"nameservers": ["10.0.0.2"]}),
    "dnsPolicy": ("Default", "ClusterFirst"),
    "enableServiceLinks": (True, False),
    "hostAliases": ([{"ip": "10.0.0.1"}], [{"ip": "10.0.0.2"}]),
    "hostIPC": (True, None),
    "hostNetwork": (True, None),
    "hostPID": (True, None),
    "hostname": ("a", "b"),
    "imagePullSecrets": (_NAMED, _OTHER),
    "nodeName": ("a", "b"),
    "nodeSelector": ({"a": "1"}, {"a": "2"}),
    "overhead": ({"cpu": "1"}, {"cpu": "2"}),
    "preemptionPolicy": ("Never", "PreemptLowerPriority"),
    "priority": (1, 2),
    "priorityClassName": ("a", "b"),
    "readinessGates": ([{"conditionType": "a"}], [{"conditionType": "b"}]),
    "restartPolicy": ("Never", "Always"),
    "runtimeClassName": ("a", "b"),
    "schedulerName": ("a", "b"),
    "securityContext": ({"runAsUser": 1}, {"runAsUser": 2}),
    "serviceAccount": ("a", "b"),
    "serviceAccountName": ("a", "b"),
    "shareProcessNamespace": (True, False),
    "subdomain": ("a", "b"),
    "terminationGracePeriodSeconds": (1, 2),
    "volumes": (_NAMED, _OTHER),
}
_CONTAINER_FIELDS: dict[str, tuple[Json, Json]] = {
    "args": (["a"], ["b"]),
    "command": (["a"], ["b"]),
    "env": ([{"name": "A", "value": "1"}], [{"name": "A", "value": "2"}]),
    "image": ("a", "b"),
    "imagePullPolicy": ("Always", "Never"),
    "lifecycle": ({"preStop": _PROBE}, {"preStop": _OTHER_PROBE}),
    "livenessProbe": (_PROBE, _OTHER_PROBE),
    "ports": ([{"containerPort": 1}], [{"containerPort": 2}]),
    "readinessProbe": (_PROBE, _OTHER_PROBE),
    "resources": ({"limits": {"cpu": "1"}}, {"limits": {"cpu": "2"}}),
    "securityContext": ({"runAsUser": 1}, {"runAsUser": 2}),
    "stdin": (True, None),
    "stdinOnce": (True, None),
    "terminationMessagePath": ("/a", "/b"),
    "terminationMessagePolicy": ("File", "FallbackToLogsOnError"),
    "tty": (True, None),
    "volumeDevices": ([{"name": "a", "devicePath": "/a"}], [{"name": "a", "devicePath": "/b"}]),
    "volumeMounts": ([{"name": "a", "mountPath": "/a"}], [{"name": "a", "mountPath": "/b"}]),
    "workingDir": ("/a", "/b"),
}
_PODS: list[Case] = [
    *(("v1", "Pod", f"spec.{name}", old, new) for name, (old, new) in _POD_FIELDS.items()),
    *(("v1", "Pod", f"spec.containers.0.{name}", old, new) for name, (old, new) in _CONTAINER_FIELDS.items()),
    *(("v1", "Pod", f"spec.initContainers.0.{name}", old, new) for name, (old, new) in _CONTAINER_FIELDS.items()),
]
REPLACING: list[Case] = [*_WORKLOADS, *_OBJECTS, *_VOLUMES, *_PODS]

IN_PLACE: list[Case] = [
    ("apps/v1", "Deployment", "spec.replicas", 1, 2),
    ("apps/v1", "Deployment", "spec.template", _pod_template("a"), _pod_template("b")),
    ("apps/v1", "StatefulSet", "spec.template", _pod_template("a"), _pod_template("b")),
    ("apps/v1", "StatefulSet", "spec.replicas", 1, 2),
    ("apps/v1", "DaemonSet", "spec.template", _pod_template("a"), _pod_template("b")),
    ("batch/v1", "Job", "spec.suspend", True, False),
    ("rbac.authorization.k8s.io/v1", "RoleBinding", "subjects", _NAMED, _OTHER),
    ("storage.k8s.io/v1", "StorageClass", "allowVolumeExpansion", True, False),
    ("v1", "ConfigMap", "metadata.labels", {"a": "1"}, {"a": "2"}),
    ("v1", "Secret", "metadata.annotations", {"a": "1"}, {"a": "2"}),
    ("v1", "PersistentVolumeClaim", "spec.resources", {"requests": {"storage": "1Gi"}}, {"requests": {"storage": "2Gi"}}),
    ("v1", "PersistentVolume", "spec.persistentVolumeReclaimPolicy", "Retain", "Delete"),
    ("v1", "Pod", "metadata.labels", {"a": "1"}, {"a": "2"}),
    ("v1", "Pod", "spec.activeDeadlineSeconds", 1, 2),
    ("v1", "Service", "spec.selector", {"a": "1"}, {"a": "2"}),
    ("v1", "ResourceQuota", "spec.hard", {"pods": "1"}, {"pods": "2"}),
]
