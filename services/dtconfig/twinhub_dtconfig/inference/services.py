"""Platform services and ports, from addresses, names of settings and Python imports."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_dtconfig.inference.guesses import Findings
    from twinhub_dtconfig.inference.reading import TwinFolder
    from twinhub_dtconfig.inference.shell import Script

_SCANNED = (".json", ".yml", ".yaml", ".conf", ".cfg", ".ini", ".toml", ".py", ".sh", ".properties")
_SIGNS = {
    "influxdb": re.compile(
        r"\binfluxdb?_?client\b|\bINFLUX(?:DB)?_\w+|[\"']?\binfluxdb\b[\"']?\s*[:=]"
    ),
    "rabbitmq": re.compile(
        r"\bimport pika\b|\b(?:RABBITMQ|AMQP)_\w+|[\"']?\brabbitmq\b[\"']?\s*[:=]"
    ),
    "mqtt": re.compile(r"\bpaho\.mqtt\b|\bMQTT_\w+|[\"']?\bmqtt\b[\"']?\s*[:=]"),
    "mongodb": re.compile(r"\bpymongo\b|\bMONGO(?:DB)?_\w+|[\"']?\bmongodb\b[\"']?\s*[:=]"),
    "grafana": re.compile(r"\bGRAFANA_\w+|[\"']?\bgrafana\b[\"']?\s*[:=]"),
}
_ADDRESS = re.compile(
    r"\b(?P<scheme>amqps?|mqtts?|mongodb(?:\+srv)?|https?)://[^\s\"'<>\\)\]},]{3,200}"
)
_KIND_OF_SCHEME = {"amqp": "rabbitmq", "amqps": "rabbitmq", "mqtt": "mqtt", "mqtts": "mqtt",
                   "mongodb": "mongodb", "mongodb+srv": "mongodb"}  # fmt: skip
_KIND_OF_PORT = {5672: "rabbitmq", 5671: "rabbitmq", 1883: "mqtt", 8883: "mqtt", 8086: "influxdb",
                 27017: "mongodb", 15672: "rabbitmq"}  # fmt: skip
_PORT_SETTING = re.compile(r"port[\"']?\s*[:=]\s*[\"']?(?P<port>\d{4,5})\b", re.IGNORECASE)
_WRITTEN_SECRET = re.compile(
    r"(?:password|passwd|token|secret|api_?key)[\"']?\s*[:=]\s*"
    r"(?:[\"'](?![$<{])[^\"']{3,}[\"']|(?![\"'$<{]|null\b|none\b|true\b|false\b)\S{3,}\s*$)",
    re.IGNORECASE,
)
_CONFIGURATION = (".json", ".yml", ".yaml", ".conf", ".cfg", ".ini", ".toml", ".properties")
_OWN_PORTS = (
    re.compile(r"--(?:server[.-])?port[= ](?P<port>\d{2,5})\b"),
    re.compile(r"\bhttp\.server\s+(?P<port>\d{2,5})\b"),
    re.compile(
        r"\b(?:app\.run|uvicorn\.run|run_server|web\.run_app)\([^)]*port\s*=\s*(?P<port>\d{2,5})"
    ),
    re.compile(r"(?:0\.0\.0\.0|\blocalhost|127\.0\.0\.1):(?P<port>\d{2,5})\b(?!/\w*:)"),
    re.compile(r"\.listen\((?P<port>\d{2,5})\b"),
    re.compile(r"(?:^|\s)(?:export\s+)?PORT=(?P<port>\d{2,5})\b"),
)
_HERE = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "::1", ""})  # noqa: S104  # compared, not bound
_NO_HOST = re.compile(r"[$<{]|^(?:host(?:name)?|ip|server|example)$|\.example$")
_MOST_PORT = 65_535


def guess_services(folder: TwinFolder, findings: Findings) -> None:
    """Guess the platform services that files of the twin connect to, never a password."""
    for path, number, text in _lines(folder):
        for address in _ADDRESS.finditer(text):
            _guess_address(address[0], f"{path}:{number}", findings)
    for path, number, text in _lines(folder):
        for kind, sign in _SIGNS.items():
            found = sign.search(text)
            if found:
                why = f"{path}:{number} has {found[0].strip()!r}"
                findings.put(("services", kind), {"managed": {}}, why, "likely")
        setting = _PORT_SETTING.search(text)
        named = _KIND_OF_PORT.get(int(setting["port"])) if setting else None
        if named is not None:
            why = f"{path}:{number} has the port that {named} usually has"
            findings.put(("services", named), {"managed": {}}, why, "unsure")


def note_written_secrets(folder: TwinFolder, findings: Findings) -> None:
    """Note where a password is written in a configuration file; it is never repeated."""
    for path, number, text in _lines(folder, _CONFIGURATION):
        if _WRITTEN_SECRET.search(text):
            what = "a password or token is written here, for all who see the twin"
            findings.note(
                path, number, what, "make it one of `secrets`, and the file one of `files`"
            )


def guess_ports(scripts: list[Script], folder: TwinFolder, findings: Findings) -> None:
    """Guess the ports that the twin itself serves."""
    texts = [(s.path, line.number, line.text) for s in scripts for line in s.lines]
    for path, number, text in (*texts, *_lines(folder, (".py",))):
        for pattern in _OWN_PORTS:
            found = pattern.search(text)
            port = int(found["port"]) if found else 0
            if (
                0 < port <= _MOST_PORT
                and port not in _KIND_OF_PORT
                and not _is_known(port, findings)
            ):
                name = "web" if not findings.get("ports") else f"port_{port}"
                why = f"{path}:{number} has {found[0].strip()!r}" if found else ""
                findings.put(("ports", name), {"port": port, "protocol": "http"}, why, "unsure")


def _is_known(port: int, findings: Findings) -> bool:
    ports = findings.get("ports")
    known = ports.values() if isinstance(ports, dict) else ()
    return any(isinstance(one, dict) and one.get("port") == port for one in known)


def _guess_address(url: str, place: str, findings: Findings) -> None:
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:  # no address after all
        return
    kind = _KIND_OF_SCHEME.get(parts.scheme) or _KIND_OF_PORT.get(port or 0)
    if kind is None:
        return
    shown = f"{parts.scheme}://{host}{f':{port}' if port else ''}"
    why = f"{place} connects to {shown}"
    if host in _HERE or _NO_HOST.search(host):
        findings.put(("services", kind), {"managed": {}}, why, "likely")
        return
    external = {"url": shown}
    if parts.username and parts.username.isidentifier():
        external["username"] = parts.username
    if parts.password or parts.username:
        external["secret"] = f"{kind}_password"
        secret = ("secrets", f"{kind}_password")
        said = f"{place} has a user or password in the address; it is not repeated here"
        findings.put(secret, f"Password of {host}", said, "likely")
    findings.put(("services", kind), {"kind": kind, "external": {**external}}, why, "likely")


def _lines(
    folder: TwinFolder, endings: tuple[str, ...] = _SCANNED
) -> Iterator[tuple[str, int, str]]:
    for path in folder.files:
        is_script = path.startswith("lifecycle/") and "." not in path.rpartition("/")[2]
        if path.endswith(endings) or (is_script and endings is _SCANNED):
            text = folder.text(path) or ""
            for number, line in enumerate(text.splitlines()[:2_000], start=1):
                if not line.lstrip().startswith(("#", "//")):
                    yield path, number, line[:1_000]
