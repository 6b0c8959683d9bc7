"""The instance's own certificate authority, the certificates it signs, and the kubeconfigs that carry them."""

import base64
import ipaddress
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sandbox.cluster.instance import Instance

_VALIDITY = timedelta(days=3650)
PROVISIONER = "observability:provisioner"
KUBELET_CLIENT = "kube-apiserver-kubelet-client"

_PEM = serialization.Encoding.PEM


def ensure(instance: Instance) -> None:
    """Write all keys, certificates and kubeconfigs that are not there yet."""
    if instance.kubeconfig.exists():  # written last
        return
    instance.pki.mkdir(mode=0o700, parents=True, exist_ok=True)
    authority = _Authority(instance.pki)
    names = ["kubernetes", "kubernetes.default", "kubernetes.default.svc", "kubernetes.default.svc.cluster.local", "localhost"]
    addresses = [instance.node_address, instance.api_service_address, "127.0.0.1"]
    authority.sign("apiserver", "kube-apiserver", server=[*names, *addresses])
    authority.sign("kubelet-server", instance.node_name, server=[instance.node_name, instance.node_address])
    _write_key(instance.pki / "service-accounts.key", ec.generate_private_key(ec.SECP256R1()))
    authority.sign(KUBELET_CLIENT, KUBELET_CLIENT)
    for user, (name, group) in _users(instance).items():
        authority.sign(user, name, group=group)
        _write_private(instance.config / f"{user}.kubeconfig", _kubeconfig(instance, user))
    _write_private(instance.kubeconfig, _kubeconfig(instance, "admin"))


def _users(instance: Instance) -> dict[str, tuple[str, str]]:
    """The clients of the API server: file name, to user name and group."""
    return {
        "admin": ("observability-admin", "system:masters"),
        "controller-manager": ("system:kube-controller-manager", ""),
        "scheduler": ("system:kube-scheduler", ""),
        "kube-proxy": ("system:kube-proxy", ""),
        "kubelet": (f"system:node:{instance.node_name}", "system:nodes"),
        "provisioner": (PROVISIONER, ""),
    }


class _Authority:
    """Signs with a key that it makes for itself."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._key = ec.generate_private_key(ec.SECP256R1())
        self._name = _name("observability-sandbox")
        builder = _builder(self._name, self._name, self._key.public_key())
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        certificate = builder.add_extension(_usage(authority=True), critical=True).sign(self._key, hashes.SHA256())
        _write_key(directory / "ca.key", self._key)
        (directory / "ca.crt").write_bytes(certificate.public_bytes(_PEM))

    def sign(self, file: str, common_name: str, *, group: str = "", server: list[str] | None = None) -> None:
        """Write `file`.crt and `file`.key: a server certificate for the names and addresses in `server`, else a client certificate."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = _builder(_name(common_name, group), self._name, key.public_key())
        purpose = ExtendedKeyUsageOID.SERVER_AUTH if server else ExtendedKeyUsageOID.CLIENT_AUTH
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), critical=False)
        builder = builder.add_extension(_usage(authority=False), critical=True)
        if server:
            builder = builder.add_extension(x509.SubjectAlternativeName([_alternative(name) for name in server]), critical=False)
        _write_key(self._directory / f"{file}.key", key)
        (self._directory / f"{file}.crt").write_bytes(builder.sign(self._key, hashes.SHA256()).public_bytes(_PEM))


def _builder(subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePublicKey) -> x509.CertificateBuilder:
    begin = datetime.now(UTC) - timedelta(hours=1)  # clocks differ
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key)
        .serial_number(x509.random_serial_number())
        .not_valid_before(begin)
        .not_valid_after(begin + _VALIDITY)
    )


def _name(common_name: str, group: str = "") -> x509.Name:
    groups = [x509.NameAttribute(NameOID.ORGANIZATION_NAME, group)] if group else []
    return x509.Name([*groups, x509.NameAttribute(NameOID.COMMON_NAME, common_name)])


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _alternative(name: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ipaddress.ip_address(name))
    except ValueError:
        return x509.DNSName(name)


def _kubeconfig(instance: Instance, user: str) -> bytes:
    """A kubeconfig that carries its certificates, so that it works wherever it is copied. JSON is YAML."""
    embed = {name: base64.b64encode((instance.pki / name).read_bytes()).decode() for name in ("ca.crt", f"{user}.crt", f"{user}.key")}
    context = instance.context
    document = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": context,
        "clusters": [{"name": context, "cluster": {"server": instance.api_url, "certificate-authority-data": embed["ca.crt"]}}],
        "users": [
            {"name": context, "user": {"client-certificate-data": embed[f"{user}.crt"], "client-key-data": embed[f"{user}.key"]}},
        ],
        "contexts": [{"name": context, "context": {"cluster": context, "user": context}}],
    }
    return json.dumps(document, indent=1).encode()


def _write_key(path: Path, key: ec.EllipticCurvePrivateKey) -> None:
    _write_private(path, key.private_bytes(_PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()))


def _write_private(path: Path, content: bytes) -> None:
    path.touch(mode=0o600)
    path.write_bytes(content)
