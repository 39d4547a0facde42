"""The committed JSON Schema of ``twinhub.yaml`` is the one of the models, and means the same."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]
from twinhub_dtconfig.documents import dump_document, load_document
from twinhub_hub.cli import generate
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    from twinhub_dtconfig.documents import Data

CHECKOUT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def validator() -> Draft202012Validator:
    schema: dict[str, Any] = json.loads(
        (CHECKOUT / "config/schemas/hub.schema.json").read_text(encoding="utf-8")
    )
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


@pytest.mark.parametrize("name", generate.generated_files())
def test_committed_files_equal_what_the_models_generate(name: str) -> None:
    assert (CHECKOUT / name).read_text(encoding="utf-8") == generate.generated_files()[name], (
        "run: python -m twinhub_hub.cli.generate"
    )


def test_the_defaults_are_valid(validator: Draft202012Validator) -> None:
    validator.validate(load_document(CHECKOUT / "config/defaults/hub.yaml").data)


@pytest.mark.parametrize(
    "data",
    [
        {},
        {"workspace": {"memory": "512M", "shared_memory": 2**26, "cpus": 1}},
        {"site": {"notice": None, "wildcard": False}},
        {"auth": {"accounts": [{"name": "ada"}]}},
    ],
)
def test_schema_and_loader_accept_alike(
    validator: Draft202012Validator, tmp_path: Path, data: Data
) -> None:
    path = tmp_path / "twinhub.yaml"
    path.write_text(dump_document(data), encoding="utf-8")
    load_settings(path)
    assert validator.is_valid(data)


@pytest.mark.parametrize(
    "data",
    [
        [],
        {"prot": 1},
        {"site": {"prot": 1}},
        {"site": {"port": "8000"}},
        {"site": {"port": True}},
        {"site": {"wildcard": "yes"}},
        {"site": {"domain": "http://x"}},
        {"site": None},
        {"auth": {"accounts": []}},
        {"auth": {"accounts": [{"role": "admin"}]}},
        {"auth": {"method": "trail"}},
        {"workspace": {"memory": "4X"}},
        {"version": 2},
    ],
)
def test_schema_and_loader_refuse_alike(
    validator: Draft202012Validator, tmp_path: Path, data: Data
) -> None:
    path = tmp_path / "twinhub.yaml"
    path.write_text(dump_document(data), encoding="utf-8")
    with pytest.raises(SettingsError):
        load_settings(path)
    assert not validator.is_valid(data)


def test_check_names_what_is_out_of_date_and_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert generate.main(["--root", str(tmp_path), "--check"]) == 1
    assert capsys.readouterr().out.count("is out of date") == len(generate.generated_files())
    assert not list(tmp_path.iterdir())


def test_what_was_generated_is_up_to_date(tmp_path: Path) -> None:
    assert generate.main(["--root", str(tmp_path)]) == 0
    assert generate.main(["--root", str(tmp_path), "--check"]) == 0
    (tmp_path / "config/defaults/hub.yaml").write_text("version: 1\n", encoding="utf-8")
    assert generate.main(["--root", str(tmp_path), "--check"]) == 1
