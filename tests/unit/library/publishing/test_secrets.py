from __future__ import annotations

import time
from pathlib import Path

import pytest
from twinhub_kit.files.paths import RelativePath
from twinhub_library.publishing.secrets import find_secrets, scan_text
from twinhub_library.tree import Tree

ROOT = Path(__file__).parents[4]
_KEY = "-----BEGIN " + "OPENSSH PRIVATE KEY-----"
_RANDOM = "q7Rt2ZxV9mK4bN8sLw3P" + "yH6cJ1dF5gT0aQeUoIiX"


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("a", _KEY),
        ("a.py", 'password = "hunter22!"'),
        ("a.py", "client = Client(token='a9f8e7d6c5b4')"),
        ("a.json", '  "api_key": "7f3c9a1e5b8d2046",'),
        ("a.ini", "password=hunter22"),
        ("a.yaml", "  influx_token: 9fX2mQ7wL4"),
        (".env.test", "export DB_PASSWORD=hunter22"),
        ("a.md", "git clone https://me:tops3cret@example.org/x.git"),
        ("a.md", "amqp://twin:tops3cret@broker:5672/"),
        ("a.txt", "glpat-" + "x1Y2z3A4b5C6d7E8f9G0"),
        ("a.txt", "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"),
        ("a.txt", "AKIA" + "QW3RTY4UIOP5ASDF"),
        ("a.py", f'x = "{_RANDOM}"'),
        ("a.m", "Password := 'hunter22!'"),
    ],
)
def test_what_looks_like_a_secret_is_found_with_its_line(file: str, line: str) -> None:
    found = list(scan_text(file, f"first\n{line}\nlast\n"))
    assert [(one.file, one.line) for one in found] == [(file, 2)]
    assert "hunter22" not in str(found[0])


@pytest.mark.parametrize(
    ("file", "line"),
    [
        ("a.py", "password = os.environ['DB_PASSWORD']"),
        ("a.py", 'password = ""'),
        ("a.py", 'password = "<your password>"'),
        ("a.py", 'password = "changeme"'),
        ("a.yaml", "password: ${secrets.broker}"),
        ("a.yaml", "  secret: lake_key"),
        ("twin.yaml", "secrets: {broker_password: Password of the broker}"),
        ("a.md", "The password is in the settings: ask an administrator."),
        ("a.md", "https://user:password@example.org"),
        ("a.json", '"sha256": "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"'),
        ("a.ipynb", '"image/png": "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJ"'),
        ("a.json", '"registry-auth-token": "^5.1.1"'),
        ("a.xml", 'guid="{8c4e810f-3df3-4a00-8276-176fa3c9f9e0}"'),
        ("a.py", "token_file = 'secrets/token.txt'"),
        ("a.py", "def login(user, password=None): ..."),
    ],
)
def test_what_is_no_secret_is_not_taken_for_one(file: str, line: str) -> None:
    assert list(scan_text(file, line)) == []


@pytest.mark.heavy
@pytest.mark.parametrize("folder", ["config", "images/workspace", "docs"])
def test_what_is_shipped_holds_no_likely_secret(folder: str) -> None:
    with Tree(ROOT) as tree:
        found = find_secrets(tree, RelativePath.parse(folder))
    assert [str(one) for one in found] == []


@pytest.mark.heavy
def test_scan_is_bounded_whatever_is_in_the_files(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    hostile = (
        "password" * 3000, "a://" * 5000, "x:" * 8000, '"' * 20_000, "token = " + "'a" * 9000,
        "eyJ" + "a" * 9000 + "." + "eyJ" * 3000, "_" * 19_000 + "secret" + "-" * 900, "=" * 20_000,
    )  # fmt: skip
    for number, line in enumerate(hostile):
        (tmp_path / "a" / f"{number}.env").write_text(f"{line}\n" * 3)
    begin = time.process_time()
    with Tree(tmp_path) as tree:
        find_secrets(tree, RelativePath.parse("a"))
    assert time.process_time() - begin < 10


def test_binary_files_and_what_git_keeps_are_not_read_as_text(tmp_path: Path) -> None:
    (tmp_path / "a/.git").mkdir(parents=True)
    (tmp_path / "a/.git/config").write_text("url = https://me:tops3cret@example.org\n")
    (tmp_path / "a/b.bin").write_bytes(b"\0password = 'hunter22!'\n")
    (tmp_path / "a/.env").write_text("X=1\n")
    with Tree(tmp_path) as tree:
        found = find_secrets(tree, RelativePath.parse("a"))
    assert [(one.file, one.line) for one in found] == [(".env", 1)]


def test_secret_is_found_at_the_end_of_a_long_line_and_in_utf_16(tmp_path: Path) -> None:
    token = "glpat-" + "x1Y2z3A4b5C6d7E8f9G0"
    (tmp_path / "a").mkdir()
    (tmp_path / "a/long.json").write_text(f"[{'0, ' * 100_000}'{token}']")
    (tmp_path / "a/wide.txt").write_text(f"first\n{token}\n", encoding="utf-16")
    with Tree(tmp_path) as tree:
        found = find_secrets(tree, RelativePath(("a",)))
    assert sorted((one.file, one.line) for one in found) == [("long.json", 1), ("wide.txt", 2)]


def test_secret_where_two_pieces_of_a_line_meet_is_found() -> None:
    token = "glpat-" + "x1Y2z3A4b5C6d7E8f9G0"
    for at in range(19_970, 20_010, 3):
        line = f"{'0' * (at - 1)} {token} {'0' * 20_000}"
        assert [one.line for one in scan_text("a.txt", line)] == [1], at
