"""OpenSearch from Maven Central, by Maven: the one on PATH, else Debian's, unpacked. Every file is checked against the pinned list."""

import hashlib
import os
import re
import shutil
import ssl
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption
from cryptography.hazmat.primitives.serialization.pkcs12 import PKCS12Certificate, serialize_java_truststore

from sandbox import registries
from sandbox.cache import ToolError, digest, publish, root
from sandbox.progress import run
from sandbox.toolchain import directory

_HERE = Path(__file__).resolve().parent / "tools/opensearch"
_PLUGIN = "org.apache.maven.plugins:maven-dependency-plugin:3.6.1:copy-dependencies"
_WORD = "changeit"  # what Java itself uses: certificates of authorities are public


def opensearch() -> Path:
    """Directory of the jar files of OpenSearch with a program that starts it. ToolError when they cannot be had or are not those pinned."""
    pinned = _HERE / "jars.sha256"
    entry = root() / "maven/opensearch" / digest((_HERE / "pom.xml").read_bytes(), pinned.read_bytes())
    return publish(entry, "OpenSearch", _fetch) / "lib"


def check(pinned: str, lib: Path) -> None:
    """Raises ToolError unless `lib` holds just the files of the list `pinned`, in the form of sha256sum."""
    wanted = {name: checksum for checksum, name in re.findall(r"^([0-9a-f]{64})  (\S+)$", pinned, re.MULTILINE)}
    found = {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in lib.iterdir()}
    if wrong := sorted(name for name in wanted.keys() | found.keys() if wanted.get(name) != found.get(name)):
        raise ToolError(f"OpenSearch: these files are missing or not those that {_HERE.name}/jars.sha256 lists: {', '.join(wrong)}")


def _fetch(into: Path, lock: int) -> None:
    log = root() / "log/opensearch.log"
    repository = into / "repository"
    goals = [
        "--batch-mode",
        f"-Dmaven.repo.local={repository}",
        f"--file={_HERE / 'pom.xml'}",
        _PLUGIN,
        f"-DoutputDirectory={into / 'lib'}",
    ]
    if run("OpenSearch from Maven Central", [*_maven(into), *goals], log=log, cwd=into, environment=dict(os.environ), keep=[lock]) != 0:
        written = log.read_text(errors="replace")
        errors = [line for line in written.splitlines() if "ERROR" in line][:3]
        why = registries.problem(registries.MAVEN, written) or " ".join(errors) or "see the log"
        raise ToolError(f"OpenSearch cannot be had from Maven Central: {why}; what was built stays (log: {log})")
    check((_HERE / "jars.sha256").read_text(), into / "lib")
    for name in ("repository", "trust.p12"):
        left = into / name
        shutil.rmtree(left) if left.is_dir() else left.unlink(missing_ok=True)


def _maven(into: Path) -> list[str]:
    """The command that is Maven. Debian's, unpacked, has neither its settings nor its authorities where it looks for them."""
    if found := shutil.which("mvn"):
        return [found]
    files, java = directory("maven"), next((directory("openjdk") / "usr/lib/jvm").glob("java-17-openjdk-*"))
    trust = into / "trust.p12"
    authorities = ssl.create_default_context().get_ca_certs(binary_form=True)
    certificates = [
        PKCS12Certificate(x509.load_der_x509_certificate(each), str(number).encode()) for number, each in enumerate(authorities)
    ]
    trust.write_bytes(serialize_java_truststore(certificates, BestAvailableEncryption(_WORD.encode())))
    home = files / "usr/share/maven"
    properties = {
        "classworlds.conf": files / "etc/maven/m2.conf",
        "maven.home": home,
        "maven.multiModuleProjectDirectory": into,
        "javax.net.ssl.trustStore": trust,
        "javax.net.ssl.trustStorePassword": _WORD,
    }
    options = [f"-D{key}={value}" for key, value in properties.items()]
    classpath = str(home / "boot/plexus-classworlds-2.x.jar")
    return [str(java / "bin/java"), *options, "-classpath", classpath, "org.codehaus.plexus.classworlds.launcher.Launcher"]
