"""From a file to settings: defaults, paths, secrets, and all faults at once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twinhub_dtconfig.sections import Section
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.loading import load_settings
from twinhub_hub.settings.models import Settings
from twinhub_hub.settings.writing import render_defaults

from tests.fixtures.requirements import need_root

if TYPE_CHECKING:
    from pathlib import Path

COOKIE = "0123456789abcdef" * 4
TOKEN = "a-token-of-forty-characters-and-no-space"


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "twinhub.yaml"


def refuse(file: Path, text: str) -> list[str]:
    """Return the faults of a file, without its path."""
    file.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError) as caught:
        load_settings(file)
    return [line.removeprefix(f"{file}:") for line in str(caught.value).splitlines()]


def write_secret(path: Path, text: str, mode: int = 0o600) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


@pytest.mark.parametrize("text", ["", "# nothing yet\n", "null\n", "{}\n"])
def test_an_empty_file_means_all_defaults(file: Path, text: str) -> None:
    file.write_text(text, encoding="utf-8")
    loaded = load_settings(file)
    assert loaded.settings == Settings()
    assert loaded.secrets == {}


def test_relative_paths_start_at_the_folder_of_the_file(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.write_text("storage: {assets: data/assets}\n", encoding="utf-8")
    monkeypatch.chdir(file.parent.parent)
    loaded = load_settings(file.relative_to(file.parent.parent))
    assert loaded.path == file
    assert loaded.folder == file.parent
    assert loaded.assets == file.parent / "data/assets"


def test_an_absolute_assets_root_stays_as_it_is(file: Path) -> None:
    file.write_text("storage: {assets: /srv/assets}\n", encoding="utf-8")
    assert str(load_settings(file).assets) == "/srv/assets"


def test_a_given_port_replaces_the_one_of_the_file(file: Path) -> None:
    file.write_text("site: {port: 9000, title: Ours}\n", encoding="utf-8")
    site = load_settings(file, port=9001).settings.site
    assert (site.port, site.title) == (9001, "Ours")


@pytest.mark.parametrize("port", [0, 65536, -1])
def test_a_given_port_must_be_one(file: Path, port: int) -> None:
    file.touch()
    with pytest.raises(ValueError, match="port"):
        load_settings(file, port=port)


def test_loading_changes_nothing(file: Path) -> None:
    file.write_text("storage: {assets: assets}\n", encoding="utf-8")
    load_settings(file)
    assert list(file.parent.iterdir()) == [file]


@pytest.mark.parametrize("mode", [0o600, 0o400])
def test_secrets_come_from_private_files_and_do_not_show(file: Path, mode: int) -> None:
    write_secret(file.parent / "cookie", f"{COOKIE}\n", mode)
    write_secret(file.parent / "token", TOKEN, mode)
    file.write_text(
        "secrets: {cookie_secret_file: cookie, proxy_token_file: token}\n", encoding="utf-8"
    )
    loaded = load_settings(file)
    assert loaded.secrets["cookie_secret"].get_secret_value() == COOKIE
    assert loaded.secrets["proxy_token"].get_secret_value() == TOKEN
    assert COOKIE not in repr(loaded)
    assert TOKEN not in repr(loaded)


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o660, 0o604, 0o700, 0o000])
def test_a_secret_file_that_others_may_use_is_refused(file: Path, mode: int) -> None:
    if mode == 0:
        need_root("only root can read a file of mode 0000")
    write_secret(file.parent / "token", TOKEN, mode)
    (fault,) = refuse(file, "secrets:\n  proxy_token_file: token\n")
    assert fault == (
        f"2:21: secrets.proxy_token_file: the file {file.parent}/token has mode {mode:04o}, "
        f"which must be 0600; chmod 600 {file.parent}/token"
    )


@pytest.mark.parametrize(
    ("key", "content", "problem"),
    [
        ("cookie_secret_file", "", "is empty instead of holding 32 bytes"),
        ("cookie_secret_file", "\n", "is empty instead of holding 32 bytes"),
        ("cookie_secret_file", COOKIE[:-1], "does not hold 32 bytes as 64 hexadecimal digits"),
        ("cookie_secret_file", "g" * 64, "does not hold 32 bytes as 64 hexadecimal digits"),
        ("cookie_secret_file", COOKIE * 2, "does not hold 32 bytes as 64 hexadecimal digits"),
        ("proxy_token_file", "x" * 31, "does not hold 32 or more visible ASCII characters"),
        ("proxy_token_file", "x " * 32, "does not hold 32 or more visible ASCII characters"),
        ("proxy_token_file", "é" * 32, "does not hold 32 or more visible ASCII characters"),
        ("proxy_token_file", "x" * 5000, "has 5,000 bytes; 4,096 are allowed"),
    ],
)
def test_a_secret_of_another_form_is_refused_without_being_shown(
    file: Path, key: str, content: str, problem: str
) -> None:
    write_secret(file.parent / "secret", content)
    (fault,) = refuse(file, f"secrets:\n  {key}: secret\n")
    assert f"secrets.{key}: the file {file.parent}/secret {problem}" in fault
    assert "openssl rand -hex 32" in fault
    assert len(content) < 2 or content[:20] not in fault


def test_the_remedy_for_a_secret_works(file: Path) -> None:
    (fault,) = refuse(file, "secrets: {cookie_secret_file: 'a secret'}\n")
    command = fault.partition("write one: ")[2]
    assert os.system(command) == 0  # noqa: S605  # what the message tells a person to type
    assert "cookie_secret" in load_settings(file).secrets


def test_all_kinds_of_faults_are_reported_together_in_order(file: Path) -> None:
    (file.parent / "assets").touch()
    faults = refuse(
        file,
        "site:\n  prot: 1\n  port: 0755\n  port: 9000\nsecrets: {proxy_token_file: none}\n"
        "storage: {assets: assets}\nuid: many\n",
    )
    assert [fault.split(": ")[0] for fault in faults] == [
        "2:3", "3:9", "4:3", "5:29", "6:19", "7:6",
    ]  # fmt: skip


def test_one_place_has_one_fault(file: Path) -> None:
    (fault,) = refuse(file, "secrets: {cookie_secret_file: ''}\n")
    assert fault == "1:31: secrets.cookie_secret_file: the path is empty; name a file or folder"


def test_a_fault_of_an_item_does_not_make_its_list_too_short(file: Path) -> None:
    assert refuse(file, "auth: {accounts: [{name: hub}]}\n") == [
        "1:26: auth.accounts[0].name: the name 'hub' is reserved for TwinHub itself: "
        "choose another; write for example alice"
    ]


def test_an_assets_root_below_a_closed_folder_is_refused(
    file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def deny(*_: object, **__: object) -> bool:  # root, as whom the tests may run, is never denied
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("pathlib.Path.exists", deny)
    (fault,) = refuse(file, "storage: {assets: /root/assets}\n")
    assert fault.startswith("1:19: storage.assets: /root/assets is no folder that can be read")


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("64M", 64 * 2**20),
        ("1.5 GiB", 3 * 2**29),
        ("4gb", 2**32),
        ("67108864", 2**26),
        (2**26, 2**26),
    ],
)
def test_sizes_are_bytes_in_powers_of_1024(file: Path, text: str | int, bound: int) -> None:
    file.write_text(f"workspace: {{memory: {text!r}}}\n", encoding="utf-8")
    assert load_settings(file).settings.workspace.memory == bound


@pytest.mark.parametrize(
    "section", [key for key, value in Settings() if isinstance(value, Section)]
)
def test_a_section_without_keys_has_all_its_defaults(file: Path, section: str) -> None:
    file.write_text(f"{section}: {{}}\n", encoding="utf-8")
    assert load_settings(file).settings == Settings()


DEFAULTS = render_defaults()
WORDS = "[ ] { } *a ' \" 1e9 null true 0777 % @ # .inf ~ \\0"
FRAGMENTS = st.sampled_from(
    [*WORDS.split(), "&a ", ": ", "- ", "? ", "!!int ", "!x ", "<<: ", "|\n", "---\n", "\t", "  "]
)


@pytest.mark.d4(69)
@given(st.lists(st.tuples(st.integers(0, len(DEFAULTS)), st.sampled_from([0, 1, 9]), FRAGMENTS)))
def test_any_edit_of_a_file_is_accepted_or_explained_in_plain_words(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, str]]
) -> None:
    text = DEFAULTS
    for start, length, fragment in edits:
        text = text[:start] + fragment + text[start + length :]
    file = tmp_path_factory.getbasetemp() / "edited.yaml"
    file.write_text(text, encoding="utf-8")
    try:
        load_settings(file)
    except SettingsError as error:
        message = str(error)
    else:
        return
    assert all(line.startswith(f"{file}:") for line in message.splitlines())
    assert "Input should" not in message
