"""Every example of ``twinhub.yaml`` in the documentation is one that loads."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import pytest
from twinhub_hub.settings.loading import load_settings

DOCS = Path(__file__).parents[3] / "docs"
# Blocks below a comment `test: …` are twins, as are all of one page: test_twin_pages.py. Those of
# asset-yaml.md are assets: tests/unit/dtconfig/test_asset_files.py.
_BLOCK = re.compile(r"(?<!-->\n)^( *)```yaml\n(.*?)^ *```$", re.MULTILINE | re.DOTALL)
EXAMPLES = [
    pytest.param(textwrap.dedent(match[2]), id=f"{page.stem}-{number}")
    for page in sorted(DOCS.rglob("*.md"))
    if page.name not in {"twin-yaml.md", "asset-yaml.md"}
    for number, match in enumerate(_BLOCK.finditer(page.read_text("utf-8")))
]


_SECRET = "ab" * 32
_CONTENTS = {
    "ca_file": "-----BEGIN CERTIFICATE-----\n",
    "known_hosts": "gitlab.example.org ssh-ed25519 AAAA\n",
}


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_of_settings_loads(example: str, tmp_path: Path) -> None:
    for key, name in re.findall(r"(\w+_file|known_hosts): *(\S+)", example):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(_CONTENTS.get(key, _SECRET), encoding="ascii")
        (tmp_path / name).chmod(0o600)
    file = tmp_path / "twinhub.yaml"
    file.write_text(example, encoding="utf-8")
    load_settings(file)


def test_there_are_examples() -> None:
    assert len(EXAMPLES) >= 2
