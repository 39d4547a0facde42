from __future__ import annotations

import os
import random
import subprocess
import time
import tracemalloc
from typing import TYPE_CHECKING

import pytest
from twinhub_library.ignoring import Ignoring, walk_kept

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize(
    ("text", "path", "is_folder", "ignored"),
    [
        ("*.log", "a/b/x.log", False, True),
        ("/*.log", "a/x.log", False, False),
        ("build/", "build", False, False),
        ("build/", "a/build/x", False, True),
        ("a/**/z", "a/z", False, True),
        ("a/**/z", "a/b/c/z", False, True),
        ("a/**", "a", True, False),
        ("**/x", "x", False, True),
        ("*.log\n!keep.log", "keep.log", False, False),
        ("out/\n!out/keep", "out/keep", False, True),
        ("# no\n\\#yes", "#yes", False, True),
        ("x\\ ", "x ", False, True),
        ("x  ", "x", False, True),
        ("[!a-c]x", "dx", False, True),
        ("[[:digit:]]", "7", False, True),
        ("a?c", "a/c", False, False),
        ("[unclosed", "[unclosed", False, False),
    ],
)
def test_rules_are_those_of_gitignore(
    text: str, path: str, *, is_folder: bool, ignored: bool
) -> None:
    assert Ignoring.parse(text).ignores(path, is_folder=is_folder) is ignored


_PIECES = ("a", "b", "ab", "*", "**", "?", "[ab]", "[!a]", "/", "!", "\\a", "c", "/", "a*", "*b")


def test_random_rules_decide_as_git_does(tmp_path: Path) -> None:
    """Asks git check-ignore about the same paths: 60 files of rules, seed fixed."""
    chance = random.Random(20261126)  # noqa: S311 - not a secret
    paths = sorted({"/".join(chance.choices(("a", "b", "c", "ab", "bb", "abc"), k=length))
                    for length in (1, 2, 3, 4) for _ in range(25)})  # fmt: skip
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    for _ in range(60):
        rules = "\n".join(
            "".join(chance.choices(_PIECES, k=chance.randint(1, 5)))
            for _ in range(chance.randint(1, 4))
        )
        (tmp_path / ".gitignore").write_text(f"{rules}\n")
        asked = subprocess.run(
            ["git", "-C", str(tmp_path), "check-ignore", "--no-index", "--stdin"],
            input="\n".join(paths), capture_output=True, text=True, check=False,
            env={**os.environ, "GIT_CONFIG_GLOBAL": "/dev/null"},
        )  # fmt: skip
        by_git = set(asked.stdout.splitlines())
        ignoring = Ignoring.parse(rules)
        assert {path for path in paths if ignoring.ignores(path)} == by_git, rules


def test_no_pattern_takes_long() -> None:
    rules = Ignoring.parse("*a" * 100 + "b\n" + "**/a/" * 60 + "b")
    started = time.perf_counter()
    assert not rules.ignores("/".join(["a" * 255] * 60))
    assert time.perf_counter() - started < 5


def test_patterns_of_people_take_no_memory_that_lasts() -> None:
    assert Ignoring.parse("*" * 500).ignores("a")
    tracemalloc.start()
    try:
        for number in range(10):
            assert not Ignoring.parse(f"{'?a' * 8_000}{number}").ignores("a" * 255)
        assert tracemalloc.get_traced_memory()[0] < 1 << 20
    finally:
        tracemalloc.stop()


def test_walk_leaves_out_what_each_folder_says(tmp_path: Path) -> None:
    for name in (
        "keep.txt", "x.log", "sub/x.log", "sub/deep/y.tmp", "sub/z.tmp", ".git/config",
        "__pycache__/m.pyc", "out/a", "sub/.git",
    ):  # fmt: skip
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("x")
    (tmp_path / ".twinignore").write_text("*.log\nout/\n!.git\n")
    (tmp_path / "sub" / ".twinignore").write_text("!x.log\n/z.tmp\n")
    folder = os.open(tmp_path, os.O_RDONLY)
    try:
        found = [one.path for one in walk_kept(folder) if one.is_file]
    finally:
        os.close(folder)
    assert found == [
        ".twinignore", "keep.txt", "sub/.twinignore", "sub/deep/y.tmp", "sub/x.log",
    ]  # fmt: skip
