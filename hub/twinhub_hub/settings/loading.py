"""From ``twinhub.yaml`` and its secret files to settings, or to everything that is wrong."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pydantic import ValidationError
from twinhub_dtconfig.documents import Document, DocumentError, load_document
from twinhub_dtconfig.explanations import fault_at
from twinhub_dtconfig.fields import dotted

from twinhub_hub.settings.errors import Fault, SettingsError
from twinhub_hub.settings.fields import EXPLAINER
from twinhub_hub.settings.models import Settings
from twinhub_hub.settings.secret_files import FORMS, SecretFileError, read_secret
from twinhub_hub.settings.site import Site
from twinhub_hub.settings.trusted_files import KEYS, TrustedFileError, read_trusted

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pydantic import SecretStr
    from twinhub_dtconfig.documents import Key

    from twinhub_hub.settings.certificates import Certificate


@dataclass(frozen=True, slots=True)
class LoadedSettings:
    """Settings, and what the files beside them say."""

    settings: Settings
    path: Path
    """The file, absolute."""
    folder: Path
    """Where relative paths of the file start: its folder, absolute."""
    secrets: Mapping[str, SecretStr]
    """``cookie_secret`` and ``proxy_token``, each only if its ``…_file`` is set."""
    assets: Path
    """The assets root, absolute; it need not exist yet."""


def load_settings(path: Path, *, port: int | None = None) -> LoadedSettings:
    """Return the settings in a file, with another port if one is given; only reads files.

    Raises:
        SettingsError: the file cannot be used; holds every fault that can be found at once.
        ValueError: the given port is no port.
    """
    faults: list[Fault] = []
    document = _read(path, faults)
    settings = _validate(document, faults)
    folder = path.absolute().parent
    secrets = _read_secrets(document, folder, faults)
    assets = folder / (_text_at(document, ("storage", "assets")) or settings.storage.assets)
    _check_assets(document, assets, faults)
    _check_trusted(document, folder, faults)
    if faults:
        raise SettingsError(faults)
    if port is not None:
        site = Site.model_validate({**dict(settings.site), "port": port})
        settings = settings.model_copy(update={"site": site})
    return LoadedSettings(settings, path.absolute(), folder, secrets, assets)


def check_certificate(loaded: LoadedSettings) -> Certificate | None:
    """Return the site's own certificate, or None where it has none or an authority gives them.

    Apart from `load_settings`, so that a certificate that ends does not keep the hub from starting.

    Raises:
        SettingsError: it cannot be served.
    """
    site, tls = loaded.settings.site, loaded.settings.site.tls
    if tls is None or tls.certificate_file is None or tls.key_file is None:
        return None
    from twinhub_hub.settings.certificates import (  # noqa: PLC0415 - only where there is one
        CertificateError,
        read_certificate,
        wanted_names,
    )

    names = wanted_names(site.domain, wildcard=site.wildcard)
    files = (loaded.folder / tls.certificate_file, loaded.folder / tls.key_file)
    try:
        return read_certificate(*files, names=names)
    except CertificateError as error:
        place = ("site", "tls", error.key)
        what = f"{dotted(place)}: {error.what}"
        fault = fault_at(load_document(loaded.path), place, what, remedy=error.remedy)
        raise SettingsError([fault]) from error


def _read(path: Path, faults: list[Fault]) -> Document:
    try:
        return load_document(path)
    except DocumentError as error:
        if error.document is None:
            raise SettingsError(error.faults) from error
        faults += error.faults
        return error.document


def _validate(document: Document, faults: list[Fault]) -> Settings:
    """Return the settings, or the defaults where there are faults, which are added."""
    # Strict JSON takes a list for a tuple and text for a path, but neither '1' nor true for 1.
    text = json.dumps({} if document.data is None else document.data)
    try:
        return Settings.model_validate_json(text, strict=True)
    except ValidationError as error:
        faults += EXPLAINER.explain_errors(error, document)
        return Settings()


def _read_secrets(document: Document, folder: Path, faults: list[Fault]) -> dict[str, SecretStr]:
    secrets = {}
    for key, form in FORMS.items():
        place = ("secrets", key)
        name = _text_at(document, place)
        if name is None:
            continue
        try:
            secrets[key.removesuffix("_file")] = read_secret(folder / name, form)
        except SecretFileError as error:
            what = f"{dotted(place)}: {error.what}"
            faults.append(fault_at(document, place, what, remedy=error.remedy))
    return secrets


def _check_trusted(document: Document, folder: Path, faults: list[Fault]) -> None:
    for key in KEYS:
        place = ("library", "git", key)
        name = _text_at(document, place)
        if name is None:
            continue
        try:
            read_trusted(key, folder / name)
        except TrustedFileError as error:
            what = f"{dotted(place)}: {error.what}"
            faults.append(fault_at(document, place, what, remedy=error.remedy))


def _check_assets(document: Document, assets: Path, faults: list[Fault]) -> None:
    try:
        is_usable = not assets.exists() or assets.is_dir()
    except OSError:  # a folder on the way may not be entered
        is_usable = False
    if not is_usable:
        place = ("storage", "assets")
        what = f"{dotted(place)}: {assets} is no folder that can be read"
        faults.append(fault_at(document, place, what, remedy="name a folder, or one to be made"))


def _text_at(document: Document, path: Sequence[Key]) -> str | None:
    value = document.data
    for key in path:
        value = value.get(str(key)) if isinstance(value, dict) else None
    return value if isinstance(value, str) else None
