"""The key of what a database keeps sealed, where nobody gives one."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

import pytest
from twinhub_kit.sealing import load_sealer

if TYPE_CHECKING:
    from pathlib import Path


def test_key_is_made_once_for_its_owner_alone(tmp_path: Path) -> None:
    file = tmp_path / "key"
    sealed = load_sealer((), file).seal("secret")
    assert load_sealer((), file).open(sealed) == "secret"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert list(tmp_path.iterdir()) == [file]


def test_making_that_is_cut_off_leaves_no_key_that_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def cut_off(_: int) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "key"
    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", cut_off)
        with pytest.raises(KeyboardInterrupt):
            load_sealer((), file)
    sealer = load_sealer((), file)
    assert sealer.open(sealer.seal("secret")) == "secret"
