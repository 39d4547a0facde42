"""Site layers: what may stand in them, what they are built from, and who gets them."""

from __future__ import annotations

import io
import tarfile
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from packaging.requirements import InvalidRequirement, Requirement
from pydantic import ValidationError
from twinhub_hub.broker.policy import Policy
from twinhub_hub.installation import share
from twinhub_hub.layers.checks import check_locks, find_doubtful_groups
from twinhub_hub.layers.errors import LayerError
from twinhub_hub.layers.locks import read_lock
from twinhub_hub.layers.logs import ENDED, read_end, writing
from twinhub_hub.layers.offering import starts_of, with_layers
from twinhub_hub.layers.recipe import Sources, layer_in, make_recipe, tag_of, tags_of
from twinhub_hub.layers.records import Offered, offer, read_offered, write_offered
from twinhub_hub.layers.remedies import find_remedy
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.images import OWN, Image
from twinhub_hub.settings.layers import Layer
from twinhub_hub.settings.loading import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_HASH = "sha256:" + "0123456789abcdef" * 4
_BASE = OWN["workspace"].image


def layer(**values: object) -> Layer:
    """A layer with some packages, unless others are given."""
    return Layer.model_validate({"name": "trees", "title": "Trees", "system": ("tree",)} | values)


def sources(folder: Path) -> Sources:
    """Those of this checkout."""
    return Sources(share(), folder, "twinhub", 1000)


# What may stand in a layer


@pytest.mark.parametrize("name", ["tree", "g++", "libstdc++-12-dev", "python3.11", "tree=2.1.0-1"])
def test_names_of_debian_packages_are_taken(name: str) -> None:
    assert layer(system=(name,)).system == (name,)


@pytest.mark.parametrize(
    "name",
    [
        "", "a", "-y", "--force-yes", "tree-", "Tree", "tree sl", "tree;sl", "tree\nsl", "./x.deb",
        "/srv/x.deb", "tree/sid", "tree*", "^tree$", "$(sl)", "`sl`", "tree=", "tree=a b",
        "tree&&sl",
        "tree=1\nUSER", "~nvim", "tree\t", "tree\\", "'tree'", "tr\u0435e", "t" * 301,
    ],
)  # fmt: skip
def test_nothing_else_is_taken_for_a_debian_package(name: str) -> None:
    with pytest.raises(ValidationError):
        layer(system=(name,))


@given(st.text(max_size=30))
def test_a_debian_package_is_one_word_that_no_shell_reads(name: str) -> None:
    try:
        layer(system=(name,))
    except ValidationError:
        return
    assert name.isascii()
    assert not set(name) & set(" \t\n\r'\"$`\\;&|<>(){}*?[]!#/")
    assert name[0].isalnum()
    assert not name.endswith("-")


@pytest.mark.parametrize(
    ("given_text", "plain"),
    [
        ("numpy", "numpy"), ("networkx >=3, <4", "networkx<4,>=3"),
        ("a[b] ; python_version > '3.8'", 'a[b]; python_version > "3.8"'),
        (f"a @ https://files.example/a.whl#sha256={'0' * 64}",) * 2,
    ],
)  # fmt: skip
def test_requirements_are_kept_in_their_plain_form(given_text: str, plain: str) -> None:
    assert layer(python=(given_text,)).python == (plain,)


@pytest.mark.parametrize(
    "text",
    [
        "", "-r other.txt", "--index-url https://a.example", "-e .", "./a", "../a.whl", "/a.whl",
        "a.whl --hash=x", "a @ file:///a.whl", "a @ http://a.example/a.whl#sha256=" + "0" * 64,
        "a @ https://a.example/a.whl", "a @ git+https://a.example/a", "numpy\n-r other.txt",
        "numpy # \u2028-r x", "a @ https://a.example/${HOME}#sha256=" + "0" * 64, "a; b", "a\\\nb",
    ],
)  # fmt: skip
def test_options_paths_and_unchecked_addresses_are_no_requirements(text: str) -> None:
    with pytest.raises(ValidationError):
        layer(python=(text,))


@given(st.text(max_size=40))
def test_a_requirement_is_one_line_that_names_a_package(text: str) -> None:
    try:
        found = layer(python=(text,)).python[0]
    except ValidationError:
        return
    assert len(found.splitlines()) == 1
    assert found[0].isalnum()
    try:
        Requirement(found)
    except InvalidRequirement:
        pytest.fail(f"{found!r} is no requirement")


@pytest.mark.parametrize(
    "name", ["", "Trees", "a b", "-a", "a-", "a/b", "a:b", "a" * 33, "workspace"]
)
def test_a_layer_has_a_name_that_a_tag_can_have_and_no_image_has(name: str) -> None:
    with pytest.raises(ValidationError):
        layer(name=name)


def test_packages_stand_in_one_place_and_once() -> None:
    for wrong in (
        {"python": ("a",), "lock": "a.txt"}, {"system": ()}, {"system": ("tree", "tree=1")},
        {"groups": ("a", "A")}, {"base": "workspce"},
    ):  # fmt: skip
        with pytest.raises(ValidationError):
            layer(**wrong)


def test_a_base_is_one_of_our_images_or_a_tag() -> None:
    assert layer().base_tag == _BASE
    assert layer(base="workspace-full").base_tag == OWN["workspace-full"].image
    assert layer(base="site/own:3").base_tag == "site/own:3"


# What is wrong is said with its place


def check(folder: Path, text: str) -> list[str]:
    """What `twinhub check` says of a file: faults, else warnings."""
    path = folder / "twinhub.yaml"
    path.write_text(text)
    try:
        loaded = load_settings(path)
        check_locks(loaded)
    except SettingsError as error:
        return [str(fault).removeprefix(f"{folder}/") for fault in error.faults]
    return [str(fault).removeprefix(f"{folder}/") for fault in find_doubtful_groups(loaded)]


_FILE = """\
groups:
  - name: forest
workspace:
  layers:
    - name: trees
      title: Trees
"""


def test_unknown_keys_and_images_are_named_with_their_place_and_the_nearest(tmp_path: Path) -> None:
    faults = check(tmp_path, _FILE + "      sistem: [tree]\n      base: workspace-desk\n")
    assert any(f.startswith("twinhub.yaml:7:7: unknown key 'sistem'") for f in faults)
    assert any("did you mean 'system'?" in f for f in faults)
    assert any(
        f.startswith("twinhub.yaml:8:13: ") and "did you mean 'workspace-desktop'?" in f
        for f in faults
    )


def test_a_group_that_is_nearly_one_of_the_file_is_doubtful(tmp_path: Path) -> None:
    told = check(tmp_path, _FILE + "      system: [tree]\n      groups: [forrest, forest, sea]\n")
    assert [line.split(":")[1:3] for line in told] == [["8", "16"]]
    assert "did you mean 'forest'?" in told[0]


def test_a_lock_that_is_missing_or_has_no_hashes_is_named(tmp_path: Path) -> None:
    text = _FILE + "      lock: trees.txt\n"
    assert "twinhub.yaml:7:13: workspace.layers[0].lock:" in check(tmp_path, text)[0]
    (tmp_path / "trees.txt").write_text(f"a==1 --hash={_HASH}\nnumpy==1\n")
    assert "trees.txt:2: this is no package with version and hashes" in check(tmp_path, text)[0]
    (tmp_path / "trees.txt").write_text(f"a==1 --hash={_HASH}\n")
    assert check(tmp_path, text) == []


# Locks


def test_a_lock_is_read_as_uv_writes_it(tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    path.write_text(
        f"# made by uv\na==1.0 \\\n    --hash={_HASH} \\\n    --hash={_HASH}\n    # via b\n"
        f"b[c]==2 ; python_version >= '3.9' \\\n    --hash={_HASH}\n"
    )
    assert read_lock(path).splitlines() == [
        f"a==1.0 --hash={_HASH} --hash={_HASH}",
        f'b[c]==2; python_version >= "3.9" --hash={_HASH}',
    ]  # fmt: skip


@pytest.mark.parametrize(
    "line",
    [
        "-r other.txt", "--index-url https://a.example/simple", "a", "a==1",
        f"a==1.* --hash={_HASH}", "-e .", "./a.whl",
        f"a>=1 --hash={_HASH}", f"a @ https://a.example/a.whl --hash={_HASH}", "a==1 --hash=md5:00",
        f"a==1 --hash={_HASH} --index-url x", f"a==1 ; x --index-url=y --hash={_HASH}",
        f"a==1 \\\n--extra-index-url x --hash={_HASH}",
    ],
)  # fmt: skip
def test_a_lock_has_nothing_but_packages_with_hashes(line: str, tmp_path: Path) -> None:
    path = tmp_path / "lock.txt"
    path.write_text(f"{line}\n")
    with pytest.raises(LayerError, match=r"lock\.txt:1"):
        read_lock(path)


# Recipes


def test_what_a_site_writes_is_data_beside_our_own_dockerfile(tmp_path: Path) -> None:
    wanted = layer(title='"; RUN id', system=("tree", "sl"), python=("a==1",))
    recipe = make_recipe(wanted, sources(tmp_path), base=_BASE, base_id="sha256:1")
    with tarfile.open(fileobj=io.BytesIO(recipe.archive)) as archive:
        files = {
            member.name: (archive.extractfile(member) or io.BytesIO()).read().decode()
            for member in archive
        }
    assert files["Dockerfile"] == (share() / "images/layer/Dockerfile").read_text()
    assert files["system.txt"] == "sl\ntree\n"
    assert files["python.txt"] == "a==1\n"
    assert recipe.labels["org.opencontainers.image.title"] == '"; RUN id'


def test_the_dockerfile_ends_without_root(tmp_path: Path) -> None:
    lines = (share() / "images/layer/Dockerfile").read_text().split("\n")
    users = [line for line in lines if line.startswith("USER")]
    assert users == ["USER 0:0", "USER ${TWINHUB_UID}:${TWINHUB_UID}"]
    recipe = make_recipe(layer(), sources(tmp_path), base=_BASE, base_id="sha256:1")
    assert recipe.arguments["TWINHUB_UID"] == "1000"


@pytest.mark.parametrize(
    "change",
    [
        lambda one: (layer(system=("sl",)), one[1], "1"),
        lambda one: (layer(python=("a",)), one[1], "1"),
        lambda one: (one[0], one[1], "2"),
        lambda one: (one[0], replace(one[1], uid=1001), "1"),
    ],
    ids=["system", "python", "base", "uid"],
)
def test_whatever_an_image_is_made_of_decides_its_digest(
    change: Callable[[tuple[Layer, Sources, str]], tuple[Layer, Sources, str]], tmp_path: Path
) -> None:
    def digest(wanted: Layer, place: Sources, base_id: str) -> str:
        return make_recipe(wanted, place, base=_BASE, base_id=base_id).digest

    one = (layer(), sources(tmp_path), "1")
    assert digest(*one) == digest(*one)
    assert digest(*change(one)) != digest(*one)


def test_the_order_of_packages_title_and_groups_build_nothing_anew(tmp_path: Path) -> None:
    def digest(**values: object) -> str:
        made = make_recipe(layer(**values), sources(tmp_path), base=_BASE, base_id="1")
        return made.digest

    assert digest(system=("a1", "b1")) == digest(system=("b1", "a1"), title="x", groups=("g",))


def test_a_changed_lock_is_built_anew(tmp_path: Path) -> None:
    wanted = layer(system=(), lock="a.txt")
    digests = set()
    for version in ("1", "2"):
        (tmp_path / "a.txt").write_text(f"a=={version} --hash={_HASH}\n")
        made = make_recipe(wanted, sources(tmp_path), base=_BASE, base_id="1")
        digests.add(made.digest)
    assert len(digests) == 2


def test_a_tag_tells_layer_and_installation() -> None:
    assert layer_in("th", tag_of("th", "trees")) == "trees"
    assert layer_in("th", tag_of("th-2", "trees")) is None
    assert layer_in("th", "th/workspace:0.1.0") is None


# Who gets what

PLAIN = Image(image="site/plain:1", title="Plain", tools=("Octave",), picture="desktop")
OTHER = Image(image="site/other:1", title="Other")
TREES = Offered("trees", "th/layer-trees:1", "site/plain:1", "Trees", "", ("forest",))
RIVERS = Offered("rivers", "th/layer-rivers:1", "site/plain:1", "Rivers", "", ("water",))
OPEN = Offered("open", "th/layer-open:1", "site/other:1", "Open", "", ())


def names(groups: list[str], *layers: Offered) -> list[str]:
    """The images on the start page, the default first."""
    return [image.image for image in with_layers([OTHER, PLAIN], layers, groups)]


def test_a_layer_is_the_default_of_its_groups_instead_of_its_base() -> None:
    assert names(["forest"], TREES, RIVERS) == [TREES.image, OTHER.image]
    assert names(["forest", "water"], TREES, RIVERS) == [TREES.image, RIVERS.image, OTHER.image]


def test_others_are_not_offered_it() -> None:
    assert names([], TREES) == [OTHER.image, PLAIN.image]
    assert TREES.image not in starts_of([OTHER, PLAIN], [TREES], ["water"])


def test_a_layer_without_groups_is_a_choice_of_everybody_and_nobodys_default() -> None:
    assert names([], OPEN) == [OTHER.image, PLAIN.image, OPEN.image]


def test_an_earlier_choice_of_the_base_starts_the_layer() -> None:
    starts = starts_of([OTHER, PLAIN], [TREES, RIVERS], ["forest", "water"])
    assert starts[PLAIN.image] == TREES.image
    assert next(iter(starts.values())) == TREES.image
    assert starts[OTHER.image] == OTHER.image


def test_a_layer_looks_like_its_base_on_the_start_page() -> None:
    shown = with_layers([PLAIN], [TREES], ["forest"])[0]
    assert (shown.title, shown.picture, shown.tools) == ("Trees", "desktop", ("Octave",))


def test_the_hub_reads_what_a_build_wrote(tmp_path: Path) -> None:
    path = tmp_path / "layers.json"
    assert read_offered(path) == ()
    wanted = layer(groups=("forest",))
    write_offered(path, [offer(wanted, "th", wanted.base_tag)])
    (found,) = read_offered(path)
    assert found == Offered("trees", tag_of("th", "trees"), _BASE, "Trees", "", ("forest",))


@pytest.mark.d4(52)
def test_the_broker_starts_layers_of_its_own_installation_and_no_others() -> None:
    policy = Policy(
        prefix="th", networks=(), images=("site/plain:1",), uid=1000, assets="", home="",
        workspace="", memory=1, cpus=1, processes=1, shared_memory=1, layers=tags_of("th"),
    )  # fmt: skip
    assert policy.has_image("site/plain:1")
    assert policy.has_image(tag_of("th", "trees"))
    for other in (
        tag_of("th-2", "trees"), "th/layer-trees", "th/layer-:1", "th/layer-a/b:1", "th/layer-a:x",
        "x/th/layer-trees:0.1.0", "th/layer-a:1@sha256:0", "debian:1", 1, None, ["site/plain:1"],
    ):  # fmt: skip
        assert not policy.has_image(other)
    assert not replace(policy, layers="").has_image("trees:1")


# What went wrong


@pytest.mark.parametrize(
    ("output", "remedy"),
    [
        ("site layer: no Debian package treee; near: tree treeline", "did you mean 'tree'?"),
        ("site layer: no Debian package qqq; near: ", "apt has no package 'qqq': check its name"),
        ("Could not resolve 'packages.example'\nE: Unable to locate", "network was not reached"),
        ("E: Version '9' for 'tree' was not found", "apt has tree in another version than 9"),
        ("write error: No space left on device", "twinhub images prune"),
        ("Because nnumpy was not found in the package registry", "no Python package nnumpy"),
        ("No solution found when resolving", "do not fit together"),
        ("tree : Depends: x\nE: Unable to correct problems, you have held broken packages", "fit"),
        ("SSL: CERTIFICATE_VERIFY_FAILED", "certificate"),
        ("something else", "look at the lines above"),
    ],
)
def test_a_failed_build_says_what_to_do(output: str, remedy: str) -> None:
    assert remedy in find_remedy(output)


def test_the_log_tells_how_a_build_ended_and_the_one_before_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "images" / "trees.log"
    shown: list[str] = []
    with writing(path, "first", show=shown.append) as line:
        line("<b>one</b>")
    assert read_end(path, 2)[0] == "<b>one</b>"
    assert read_end(path, 1)[0].startswith("# built, ")

    def fail() -> None:
        with writing(path, "second", show=shown.append):
            raise LayerError("too bad")

    with pytest.raises(LayerError):
        fail()
    assert read_end(path, 1)[0].startswith(ENDED)
    assert read_end(path.with_suffix(".log.1"), 9)[0].startswith("# first")
    assert shown == ["<b>one</b>"]
    assert read_end(tmp_path / "none.log", 5) == ()
