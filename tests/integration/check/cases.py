"""Files that no installation can start with: one mistake each, and what must be said about it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


def nothing(_home: Path) -> None:
    """Prepare nothing."""


def secret(text: str, mode: int = 0o600) -> Callable[[Path], None]:
    """Return what puts a secret file into the folder."""

    def prepare(home: Path) -> None:
        (home / "secret").write_text(text, encoding="utf-8")
        (home / "secret").chmod(mode)

    return prepare


@dataclass(frozen=True)
class Case:
    """A ``twinhub.yaml`` with one mistake, where it is, and a phrase of the message."""

    name: str
    content: str | bytes
    place: str
    phrase: str
    prepare: Callable[[Path], None] = field(default=nothing)

    def write(self, home: Path) -> Path:
        """Make the file in a folder, and what it needs beside it."""
        self.prepare(home)
        path = home / "twinhub.yaml"
        content = self.content.encode() if isinstance(self.content, str) else self.content
        path.write_bytes(content)
        return path


BOMB = "a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 10)
)
TEN_MEGABYTES = b"# padding\n" * 1_000_000

GITLAB = """  gitlab:
    url: http://localhost
    client_id: a
    allowed_groups: [org]
"""

CASES = (
    # the file as a whole
    Case("10 MB", TEN_MEGABYTES, "1:1", "the file has 10,000,000 bytes; 1,048,576 are allowed"),
    Case("UTF-16", "site: {}\n".encode("utf-16"), "1:1", "the file is in UTF-16"),
    Case("Latin-1", "site:\n  title: Café\n".encode("latin-1"), "2:13", "is not UTF-8"),
    Case("NUL", b"site:\n  title: a\x00b\n", "2:11", "the invisible character U+0000"),
    Case("escape character", b"site: {title: \x1b[31mred}\n", "1:15", "U+001B is not allowed"),
    Case("list", "- site\n- auth\n", "1:1", "must be made of keys with values, not a list"),
    Case("text", "TwinHub\n", "1:1", "must be made of keys with values, not 'TwinHub'"),
    Case("number", "8000\n", "1:1", "must be made of keys with values, not 8000"),
    Case("two documents", "uid: 1000\n---\nuid: 1001\n", "2:1", "a second document begins here"),
    # YAML that is broken
    Case("tab", "site:\n\tport: 8000\n", "2:1", "a tab cannot indent YAML; use spaces"),
    Case("open quote", "site:\n  title: 'Ours\n", "2:10", "quoted text begins here and does not"),
    Case("open list", "auth:\n  accounts: [1,\nuid: 3\n", "2:13", "a list begins here with '['"),
    Case("open mapping", "site: {port: 1\n", "1:7", "keys begin here with '{' and do not end"),
    Case("wrong indentation", "site:\n  port: 1\n title: x\n", "3:2", "align it with the keys"),
    Case("second colon", "site:\n  title: a: b\n", "2:11", "put text that holds ': ' in quotes"),
    Case(
        "no colon",
        "site:\n  port 8000\nuid: 1\n",
        "2:3",
        "site must be made of keys with values, not 'port 8000'",
    ),
    Case("no value", "uid: 1000\nsite\n", "2:1", "a key has no ':' after it"),
    Case(
        "no item", "auth:\n  accounts:\n    - name: a\n    role: b\n", "4:5", "no item of the list"
    ),
    Case("bare at", "site:\n  title: @home\n", "2:10", "text cannot begin with '@'"),
    Case("bare star", "site:\n  domain: *.example.org\n", "2:11", "put the text in quotes"),
    Case("bare percent", "site:\n  title: %home\n", "2:10", "text cannot begin with '%'"),
    Case(
        "wrong escape", 'site:\n  title: "C:\\dir"\n', "2:13", "a backslash begins no known escape"
    ),
    # YAML that is refused
    Case("alias bomb", BOMB, "5:35", "more than 50,000 values, with aliases written out"),
    Case("self-made alias", "site: &a {title: *a}\n", "1:18", "stands inside what it repeats"),
    Case("unknown alias", "site: *a\n", "1:7", "the alias *a repeats nothing"),
    Case(
        "deep nesting", "site: " + "[" * 100 + "]" * 100 + "\n", "1:38", "more than 32 levels deep"
    ),
    Case(
        "duplicate key", "uid: 1\nsite: {}\nuid: 2\n", "3:1", "'uid' is written twice, first at 1:1"
    ),
    Case(
        "duplicate inner key", "site: {port: 1, port: 2}\n", "1:17", "written twice, first at 1:8"
    ),
    Case("merge key", "site:\n  <<: {port: 1}\n", "2:3", "merge keys ('<<') are not supported"),
    Case("unknown tag", "site: !include site.yaml\n", "1:7", "the tag !include is not supported"),
    Case("object tag", "uid: !!python/object/apply:os.getuid []\n", "1:6", "is not supported here"),
    Case(
        "octal number", "uid: 0755\n", "1:6", "write 755 for a decimal number, 0o755 for an octal"
    ),
    Case("key that is a list", "[site]: 1\n", "1:1", "a key must be text, not a list"),
    # keys
    Case(
        "typo", "site:\n  prot: 8000\n", "2:3", "unknown key 'prot' in site; did you mean 'port'?"
    ),
    Case("typo at the top", "stie: {}\n", "1:1", "at the top level; did you mean 'site'?"),
    Case("case of a key", "Site: {}\n", "1:1", "unknown key 'Site' at the top level; did you mean"),
    Case("hyphens", "workspace: {idle-hours: 1}\n", "1:13", "did you mean 'idle_hours'?"),
    Case("unknown key", "colour: blue\n", "1:1", "known keys: version, uid, site, auth, workspace"),
    Case("key of a section", "port: 8000\n", "1:1", "unknown key 'port' at the top level; move it"),
    Case("top key in a section", "site: {uid: 1000}\n", "1:8", "move it to the top level"),
    Case("no section oidc", "auth:\n  method: oidc\n", "2:11", "add the section auth.oidc"),
    Case("no section gitlab", "auth:\n  method: gitlab\n", "2:11", "add the section auth.gitlab"),
    Case(
        "no secret for GitLab",
        f"auth:\n  method: gitlab\n{GITLAB}",
        "2:11",
        "name that in secrets.client_secret_file",
    ),
    Case(
        "address of GitLab",
        "auth:\n  gitlab: {url: gitlab.example.org/, client_id: a}\n",
        "2:17",
        "auth.gitlab.url",
    ),
    Case(
        "group that is no path",
        f"auth:\n{GITLAB.replace('[org]', '[org/]')}",
        "5:22",
        "auth.gitlab.allowed_groups[0]",
    ),
    Case("unknown key of an item", "auth: {accounts: [{name: a, pass: b}]}\n", "1:29", "'pass'"),
    Case("missing key", "auth:\n  accounts:\n    - role: user\n", "3:7", "has no key 'name'; add"),
    Case("missing image", "workspace:\n  images:\n  - title: A\n", "3:5", "has no key 'image'"),
    # kinds of values
    Case("text for a number", "site: {port: many}\n", "1:14", "must be a whole number, not 'many'"),
    Case("quoted number", "site: {port: '8000'}\n", "1:14", "not '8000'; remove the quotes"),
    Case("true for a number", "uid: true\n", "1:6", "uid must be a whole number, not true"),
    Case("fraction", "site: {port: 80.5}\n", "1:14", "must be a whole number, not 80.5"),
    Case("number for text", "site: {title: 2026}\n", "1:15", "must be text, not 2026; put it in"),
    Case("yes", "site: {wildcard: yes}\n", "1:18", "must be true or false, not 'yes'; write true"),
    Case(
        "empty section",
        "site:\nuid: 1000\n",
        "1:6",
        "must be made of keys with values, not nothing",
    ),
    Case("list for a section", "site: [port]\n", "1:7", "site must be made of keys with values"),
    Case("section for a list", "auth: {accounts: {a: user}}\n", "1:18", "must be a list, not keys"),
    Case(
        "names for accounts", "auth: {accounts: [ada]}\n", "1:19", "auth.accounts[0] must be made"
    ),
    Case("list for text", "site: {title: [a]}\n", "1:15", "site.title must be text, not a list"),
    # values
    Case("port too large", "site: {port: 70000}\n", "1:14", "must be at most 65535, not 70000"),
    Case("port 0", "site: {port: 0}\n", "1:14", "site.port must be at least 1, not 0"),
    Case("root", "uid: 0\n", "1:6", "uid must be at least 100, not 0"),
    Case("no number", "workspace: {cpus: .nan}\n", "1:19", "workspace.cpus must be"),
    Case("bad size", "workspace: {memory: 4X}\n", "1:21", "'4X' is no size"),
    Case("size without unit", "workspace: {memory: 4}\n", "1:21", "must be at least 64M, not 4"),
    Case("negative size", "workspace: {memory: -4G}\n", "1:21", "'-4G' is no size"),
    Case(
        "scheme in domain", "site: {domain: http://x}\n", "1:16", "site.domain cannot be 'http://x'"
    ),
    Case("address as domain", "site: {domain: 10.0.0.1}\n", "1:16", "no name can stand below"),
    Case("empty title", "site: {title: ''}\n", "1:15", "must not be empty"),
    Case("long title", f"site: {{title: {'x' * 81}}}\n", "1:15", "text of at most 80 characters"),
    Case("hidden character", 'site: {title: "a\\u202Eb"}\n', "1:15", "invisible character U+202E"),
    Case("unknown option", "engine: {kind: dokcer}\n", "1:16", "did you mean 'docker'?"),
    Case("unknown role", "auth: {accounts: [{name: a, role: root}]}\n", "1:35", "must be 'admin',"),
    Case("format of the future", "version: 2\n", "1:10", "version must be 1, not 2"),
    Case("no accounts", "auth: {accounts: []}\n", "1:18", "must not be empty"),
    Case("no images", "workspace: {images: []}\n", "1:21", "must not be empty"),
    Case(
        "image with a space", "workspace: {images: [{image: a b, title: A}]}\n", "1:30", "cannot be"
    ),
    Case("reserved name", "auth: {accounts: [{name: hub}]}\n", "1:26", "'hub' is reserved"),
    Case("name with a slash", "auth: {accounts: [{name: a/b}]}\n", "1:26", "cannot hold a slash"),
    Case(
        "duplicate account",
        "auth:\n  accounts:\n    - name: ada\n    - name: Ada\n",
        "4:13",
        "two accounts are named 'Ada'",
    ),
    Case(
        "duplicate image",
        "workspace:\n  images:\n    - {image: a, title: A}\n    - {image: a, title: B}\n",
        "4:7",
        "two entries offer the image 'a'",
    ),
    # files beside it
    Case(
        "missing secret",
        "secrets:\n  cookie_secret_file: secret\n",
        "2:23",
        "secret does not exist; write one: (umask 077; openssl rand -hex 32 >",
    ),
    Case(
        "open secret",
        "secrets: {proxy_token_file: secret}\n",
        "1:29",
        "has mode 0644, which must be 0600; chmod 600",
        secret("x" * 40, 0o644),
    ),
    Case(
        "empty secret",
        "secrets: {proxy_token_file: secret}\n",
        "1:29",
        "is empty instead of holding 32 or more",
        secret(""),
    ),
    Case(
        "short token",
        "secrets: {proxy_token_file: secret}\n",
        "1:29",
        "does not hold 32 or more visible ASCII characters",
        secret("correct-horse"),
    ),
    Case(
        "wrong cookie secret",
        "secrets: {cookie_secret_file: secret}\n",
        "1:31",
        "does not hold 32 bytes as 64 hexadecimal digits",
        secret("correct-horse" * 5),
    ),
    Case(
        "folder as secret",
        "secrets: {proxy_token_file: secret}\n",
        "1:29",
        "is a folder, not a regular file",
        lambda home: (home / "secret").mkdir(),
    ),
    Case(
        "pipe as secret",
        "secrets: {proxy_token_file: secret}\n",
        "1:29",
        "is a pipe, a socket or a device",
        lambda home: os.mkfifo(home / "secret"),
    ),
    Case("secret in the file", "secrets: {proxy_token: x}\n", "1:11", "mean 'proxy_token_file'?"),
    Case("empty path", "storage: {assets: ''}\n", "1:19", "storage.assets: the path is empty"),
    Case("tilde", "storage: {assets: ~/assets}\n", "1:19", "a path cannot begin with '~'"),
    Case(
        "file as assets root",
        "storage: {assets: assets}\n",
        "1:19",
        "is no folder that can be read",
        lambda home: (home / "assets").touch(),
    ),
)
"""More than fifty, each with a mistake of its own."""
