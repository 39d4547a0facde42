"""``config/defaults/hub.yaml`` shows every key with the value that it has when left out."""

from __future__ import annotations

from pathlib import Path

import pytest
from twinhub_dtconfig.documents import load_document, parse_document
from twinhub_dtconfig.sections import Section
from twinhub_hub.settings.loading import load_settings
from twinhub_hub.settings.models import Settings
from twinhub_hub.settings.reference import render_files

CHECKOUT = Path(__file__).parents[3]
DEFAULTS = CHECKOUT / "config/defaults/hub.yaml"


def test_the_defaults_load_as_the_defaults() -> None:
    assert load_settings(DEFAULTS).settings == Settings()


def test_the_defaults_hold_every_key() -> None:
    assert load_document(DEFAULTS).data == Settings().model_dump(mode="json")


def test_every_key_has_its_description_above_it() -> None:
    text = " ".join(line.strip(" #") for line in DEFAULTS.read_text(encoding="utf-8").splitlines())
    sections = (Settings(), *(value for _, value in Settings() if isinstance(value, Section)))
    for section in sections:
        for key, field in type(section).model_fields.items():
            assert f"{field.description} {key}:" in text


@pytest.mark.parametrize("section", ["site", "auth.accounts[]", "workspace.images[]", "secrets"])
def test_the_reference_has_a_table_for_every_section(section: str) -> None:
    reference = (CHECKOUT / "docs/reference/twinhub-yaml.md").read_text(encoding="utf-8")
    assert f"\n## `{section}`\n" in reference


def test_the_example_of_the_reference_can_be_used(tmp_path: Path) -> None:
    reference = render_files()["docs/reference/twinhub-yaml.md"]
    example = reference.split("```yaml\n")[1].split("```")[0]
    path = tmp_path / "twinhub.yaml"
    path.write_text(example, encoding="utf-8")
    settings = load_settings(path).settings
    assert parse_document(example.encode(), "example").data is not None
    assert settings.site.port == 9000
    assert [account.role for account in settings.auth.accounts] == ["admin", "user"]
