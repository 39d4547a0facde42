"""Which images are offered to whom, and how a file names them."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path

import pytest
from twinhub_dtconfig.documents import load_document
from twinhub_hub.images import all_images, images_for, own_names
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.images import OWN, VERSION, Image
from twinhub_hub.settings.loading import load_settings
from twinhub_hub.settings.models import GroupRules, Settings, Workspace
from twinhub_hub.settings.writing import render_effective

CHECKOUT = Path(__file__).resolve().parents[3]
PLAIN, SOLVERS, EXAM = (
    Image(image=f"site/{name}:1", title=name) for name in ("plain", "solvers", "exam")
)
SETTINGS = Settings(
    workspace=Workspace(images=(PLAIN,)),
    groups=(
        GroupRules(name="course", images=(SOLVERS, PLAIN)),
        GroupRules(name="exam", images=(EXAM, SOLVERS)),
        GroupRules(name="large", cpus=8),
    ),
)


def test_who_is_in_no_group_with_a_list_may_choose_what_everybody_may() -> None:
    assert images_for(SETTINGS, []) == [PLAIN]
    assert images_for(SETTINGS, ["large", "unknown"]) == [PLAIN]


def test_a_group_has_its_own_list_and_its_own_default() -> None:
    assert images_for(SETTINGS, ["course", "large"]) == [SOLVERS, PLAIN]


def test_members_of_several_groups_may_choose_what_any_of_them_may() -> None:
    assert images_for(SETTINGS, ["exam", "course"]) == [SOLVERS, PLAIN, EXAM]


def test_what_anybody_may_choose_is_what_the_broker_lets_through() -> None:
    assert all_images(SETTINGS) == [PLAIN, SOLVERS, EXAM]


def _write(folder: Path, text: str) -> Path:
    path = folder / "twinhub.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def test_short_names_stand_for_images_of_twinhubs_own(tmp_path: Path) -> None:
    text = (
        "workspace:\n  images: [workspace, workspace-full]\n"
        "groups:\n  - name: course\n    images:\n      - workspace-desktop\n"
        "      - image: site/solvers:1\n        title: Solvers\n        tools: [Octave]\n"
    )
    path = _write(tmp_path, text)
    settings = load_settings(path).settings
    assert settings.workspace.images == (OWN["workspace"], OWN["workspace-full"])
    assert [image.title for image in settings.groups[0].images or ()] == [
        OWN["workspace-desktop"].title,
        "Solvers",
    ]
    assert own_names(settings) == ["workspace", "workspace-desktop", "workspace-full"]
    again = _write(tmp_path, render_effective(settings))
    assert load_settings(again).settings == settings


def test_without_settings_only_the_quick_one_is_offered_and_built() -> None:
    assert own_names(Settings()) == ["workspace"]


def test_a_site_with_images_of_its_own_only_has_none_built() -> None:
    assert own_names(SETTINGS) == []


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("workspace-ful", "did you mean 'workspace-full'?"),
        ("matlab", "known: workspace, workspace-desktop, workspace-full"),
        ("site/solvers:1", "`- image: site/solvers:1`"),
    ],
)
def test_another_short_name_is_refused_with_its_place(
    written: str, said: str, tmp_path: Path
) -> None:
    path = _write(tmp_path, f'workspace:\n  images:\n    - workspace\n    - "{written}"\n')
    with pytest.raises(SettingsError) as refused:
        load_settings(path)
    (fault,) = refused.value.faults
    assert (fault.line, "workspace.images[1]" in fault.what) == (4, True)
    assert said in str(fault)


@pytest.mark.parametrize(
    "section", ["workspace:\n  images: {0}", "groups:\n  - name: a\n    images: {0}"]
)
def test_an_image_is_offered_once_in_a_list(section: str, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="two entries offer the image"):
        load_settings(_write(tmp_path, section.format("[workspace, workspace]\n")))


def test_the_words_for_our_own_images_are_those_of_the_hierarchy() -> None:
    data = load_document(CHECKOUT / "images" / "hierarchy.yaml").data
    assert isinstance(data, dict)
    summaries = {entry["name"]: entry.get("summary") for entry in data["images"]}  # type: ignore[call-overload,union-attr,index]
    for name, image in OWN.items():
        assert image.image.startswith(f"twinhub/{name}:")
        assert summaries[name] == image.summary
    assert version("twinhub-hub") == VERSION
