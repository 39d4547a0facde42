"""Likely secrets in files: what looks like one stops publishing, a push and a save.

Known forms of keys and tokens are found wherever they stand; a password or a token in general is
found by the name that it is given to. Looking is bounded: of each file its first `MOST_OF_A_FILE`
bytes, of all files together `MOST_IN_ALL`, for `MOST_SECONDS`; what is beyond is not looked at, and
the log says so. Long lines take no longer than their length.
"""

from __future__ import annotations

import codecs
import fnmatch
import itertools
import logging
import math
import re
import time
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_library.errors import LibraryError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twinhub_kit.files.paths import RelativePath

    from twinhub_library.opened import OpenFolder
    from twinhub_library.tree import Tree

MOST_OF_A_FILE = 2 << 20
MOST_IN_ALL = 512 << 20
MOST_SECONDS = 60.0
MOST_FINDINGS = 100

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class SecretFinding:
    """A place at which there is likely a secret; the secret itself is not told."""

    file: str
    line: int
    what: str

    def __str__(self) -> str:
        """Return it as ``file:line: what``."""
        return f"{self.file}:{self.line}: {self.what}"


_FORMS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (what, re.compile(pattern))
    for what, pattern in (
        ("a private key", r"-----BEGIN [A-Z0-9 ]{0,30}PRIVATE KEY(?: BLOCK)?-----"),
        ("a private key", r"PuTTY-User-Key-File-[23]:"),
        ("a token of GitLab", r"\bgl(?:pat|oas|dt|rt|cbt|ptt|ft|agent|soat|imt)-[\w-]{20,300}"),
        ("a token of GitHub", r"\b(?:gh[pousr]_[A-Za-z0-9]{36,255}|github_pat_\w{60,255})"),
        ("a key of AWS", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
        ("a token of Slack", r"\bxox[abeoprs]-[\w-]{20,200}"),
        ("a key of Google", r"\bAIza[\w-]{35}\b"),
        ("a token of Google", r"\bya29\.[\w-]{20,400}"),
        ("a key of Stripe", r"\b[rs]k_live_[A-Za-z0-9]{20,200}"),
        ("a token of npm", r"\bnpm_[A-Za-z0-9]{36}\b"),
        ("a token of PyPI", r"\bpypi-AgE[\w-]{50,400}"),
        ("a token of Hugging Face", r"\bhf_[A-Za-z0-9]{34}\b"),
        ("a key of a language model", r"\bsk-(?:ant-|proj-)?[A-Za-z0-9][\w-]{30,200}"),
        ("a token of Grafana", r"\bgl(?:sa|c)_[A-Za-z0-9+/=_]{32,400}"),
        ("a signed token", r"\beyJ[\w-]{10,2000}\.eyJ[\w-]{10,4000}\.[\w-]{20,1000}"),
        ("a storage key of Azure", r"\bAccountKey=[A-Za-z0-9+/]{60,100}={0,2}"),
    )
)
_IN_URL = re.compile(
    r"\b[a-z][a-z0-9+.-]{1,15}://[^\s/:@'\"<>{}$]{0,100}:([^\s/@'\"]{3,200})@[\w\[]"
)
_NAME = (
    r"(?i:[\w.-]{0,40}?(?:passw(?:or)?d|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key"
    r"|private[_-]?key|auth[_-]?key|credentials?)(?:[_-]?(?:key|value|id|\d))?)"
)
_QUOTED = re.compile(
    rf"(?<![\w.-])[\"']?({_NAME})[\"']?\s{{0,8}}(?::\s{{0,4}}\w{{1,20}}\s{{0,4}})?(?:=|:|=>|:=)"
    r"\s{0,8}[rbuRBU]?([\"'])([^\"'\\\n]{1,400})\2"
)
_BARE = re.compile(
    rf"^\s{{0,40}}(?:export\s|- )?\s{{0,8}}({_NAME})\s{{0,8}}[=:]"
    r"\s{0,8}([^\s\"'#;,]{1,400})\s*$"
)
_BARE_FILES = (
    "*.env", ".env*", "*.ini", "*.cfg", "*.conf", "*.properties", "*.yaml", "*.yml", "*.toml",
    "*.sh", ".netrc", ".npmrc", ".pypirc",
)  # fmt: skip
_ANY = re.compile(
    r"[\"']?(?<![\w.-])([\w.-]{1,200}+)[\"']?\s{0,8}[=:]\s{0,8}[\"']([A-Za-z0-9+/_=-]{32,120})[\"']"
)
_NO_SECRET_NAMES = re.compile(
    r"(?i)sha|md5|digest|hash|checksum|integrity|fingerprint|guid|uuid|(?:^|[_-])id$|ids$|public"
    r"|path|file|url|name|image|commit|revision|etag|nonce|seed|charset|alphabet"
)
_PLACEHOLDERS = re.compile(
    r"(?i)^(?:.{0,5}|x+|\*+|\.+|-+|none|null|true|false|undefined|secret|token|string|text"
    r"|(?:the[ _-]|my[ _-]|your[ _-]|a[ _-]|some[ _-])?(?:own[ _-])?"
    r"(?:pass(?:word|wd|phrase)?|api[_-]?key|secret|token)s?"
    r"(?:[ _-]?(?:here|value|goes here|of .{0,40}))?)$"
    r"|change[_-]?(?:me|this|it)|example|placeholder|dummy|redacted|sample|insert|replace|fill[_-]?in"
    r"|\$[{(\w]|\{\{|<[\w -]|%\(|%[A-Z]|\.\.\.|…|env[.\[(]|getenv|(?:^|[^a-z])todo"
)
_FILES = (
    (".env", "a file of secrets by its name"), (".env.local", "a file of secrets by its name"),
    (".env.production", "a file of secrets by its name"), (".netrc", "a file of passwords"),
    (".pgpass", "a file of passwords"), (".git-credentials", "a file of passwords"),
    ("*.kdbx", "a safe of passwords"), ("*.p12", "a private key"), ("*.pfx", "a private key"),
    ("id_rsa", "a private key"), ("id_ed25519", "a private key"), ("id_ecdsa", "a private key"),
)  # fmt: skip
_IDENTIFIER = re.compile(r"[a-z]+(?:[_-][a-z]+)*")
_VERSION = re.compile(r"[\^~<>=v ]{0,3}\d{1,6}(?:\.[\dx*]{1,6}){1,3}(?:[-+.][\w.]{1,40})?")
_LEAST_ENTROPY = 4.3
_LONGEST_LINE = 20_000
_STEP = _LONGEST_LINE - 8_000
"""Longer lines are looked at in pieces, which share more than the longest secret has."""
_SHORTEST_WORD = 6


def find_secrets(tree: Tree, path: RelativePath) -> list[SecretFinding]:
    """Return the likely secrets in a file or folder, at most `MOST_FINDINGS`.

    Raises:
        NotThereError: nothing is there.
    """
    try:
        with tree.open_folder(path) as folder:
            names = (found.path for found in folder.walk(skip=_is_git) if found.is_file)
            return _scan(folder, names)
    except LibraryError:
        with tree.open_folder(path.parent) as folder:
            if folder.find(path.name) is None:
                raise
            return _scan(folder, iter([path.name]))


def _scan(folder: OpenFolder, names: Iterator[str]) -> list[SecretFinding]:
    findings: list[SecretFinding] = []
    left, end = MOST_IN_ALL, time.monotonic() + MOST_SECONDS
    for name in names:
        by_name = _judge_name(name.rpartition("/")[2])
        content = _read_start(folder, name, min(left, MOST_OF_A_FILE))
        left -= len(content)
        if by_name and content:
            findings.append(SecretFinding(name, 1, by_name))
        else:
            findings += scan_text(name, _decode(content))
        if len(findings) >= MOST_FINDINGS:
            break
        if left <= 0 or time.monotonic() > end:
            _log.warning("secrets not looked for beyond file=%r", name)
            break
    return findings[:MOST_FINDINGS]


def _decode(content: bytes) -> str:
    """Return content as text, empty if it is none; what begins with a mark of UTF-16 is text."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    return "" if b"\0" in content[:8192] else content.decode("utf-8", "replace")


def scan_text(file: str, text: str) -> Iterator[SecretFinding]:
    """Yield the likely secrets in a text, at most one for each line."""
    is_settings = any(fnmatch.fnmatch(file.rpartition("/")[2], one) for one in _BARE_FILES)
    for number, line in enumerate(text.split("\n"), 1):
        pieces = (line[at : at + _LONGEST_LINE] for at in range(0, len(line) or 1, _STEP))
        found = (_judge_line(piece, is_settings=is_settings) for piece in pieces)
        if what := next(filter(None, found), None):
            yield SecretFinding(file, number, what)


def _judge_line(line: str, *, is_settings: bool) -> str | None:
    if what := _find_form(line):
        return what
    if "=" not in line and ":" not in line:
        return None
    return _find_value(line, is_settings=is_settings) or _find_random(line)


def _find_form(line: str) -> str | None:
    for what, form in _FORMS:
        found = form.search(line)
        if found and not _PLACEHOLDERS.search(found[0]) and len(set(found[0])) > _SHORTEST_WORD:
            return what
    addresses = _IN_URL.finditer(line) if "://" in line else ()
    if any(not _is_placeholder(found[1]) for found in addresses):
        return "a password in an address"
    return None


def _find_value(line: str, *, is_settings: bool) -> str | None:
    for found in _QUOTED.finditer(line):
        if _is_secret_value(found[1], found[3]):
            return f"a value of {found[1][:40]}"
    if is_settings and (bare := _BARE.match(line)) and _is_secret_value(bare[1], bare[2]):
        return f"a value of {bare[1][:40]}"
    return None


def _find_random(line: str) -> str | None:
    found = (one for one in _ANY.finditer(line) if _is_random(one[1], one[2]))
    return next((f"a random value of {one[1][:40]}" for one in found), None)


def _is_secret_value(name: str, value: str) -> bool:
    if _is_placeholder(value) or (" " in value and _NO_SECRET_NAMES.search(name)):
        return False
    if name.lower().rpartition(".")[2] == "secret" and _IDENTIFIER.fullmatch(value):
        return False  # a twin's `secret: lake_key` names one
    if _VERSION.fullmatch(value):
        return False  # of a package that is called so
    is_sentence = value.count(" ") > 1
    is_other_name = value.lower().replace("-", "_") == name.lower().replace("-", "_")
    return not is_sentence and not is_other_name and not _NO_SECRET_NAMES.search(name)


def _is_placeholder(value: str) -> bool:
    return (
        len(set(value)) < _SHORTEST_WORD - 2
        or _PLACEHOLDERS.search(value) is not None
    )  # fmt: skip


def _is_random(name: str, value: str) -> bool:
    """Tell whether a value looks drawn at random, and its name does not say that it is public."""
    kinds = (str.islower, str.isupper, str.isdigit)
    return (
        not _NO_SECRET_NAMES.search(name)
        and "/" not in name
        and all(any(map(kind, value)) for kind in kinds)
        and _entropy(value) >= _LEAST_ENTROPY
        and _changes(value) > len(value) / 4
    )


def _entropy(text: str) -> float:
    """Return the bits of each character."""
    counts = Counter(text).values()
    return -sum(one / len(text) * math.log2(one / len(text)) for one in counts)


def _changes(text: str) -> int:
    """Return how often letters change between small, big and digits: words hardly do."""
    classes = ["d" if one.isdigit() else "u" if one.isupper() else "l" for one in text]
    return sum(one != other for one, other in itertools.pairwise(classes))


def _judge_name(name: str) -> str | None:
    return next((what for pattern, what in _FILES if fnmatch.fnmatch(name, pattern)), None)


def _read_start(folder: OpenFolder, path: str, most: int) -> bytes:
    content = b""
    try:
        for chunk in folder.chunks(path):
            content += chunk
            if len(content) >= most:
                break
    except FileNotFoundError:
        return b""
    return content[:most]


def _is_git(path: str, is_folder: bool) -> bool:  # noqa: FBT001 - as `OpenFolder.walk` asks
    return is_folder and path.rpartition("/")[2] == ".git"
