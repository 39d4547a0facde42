"""What `twinhub check` looks at in site layers beside the form of ``twinhub.yaml``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_dtconfig.documents import load_document
from twinhub_dtconfig.explanations import fault_at
from twinhub_dtconfig.faults import nearest_key
from twinhub_dtconfig.fields import dotted

from twinhub_hub.layers.errors import LayerError
from twinhub_hub.layers.locks import read_lock
from twinhub_hub.settings.errors import SettingsError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twinhub_dtconfig.faults import Fault

    from twinhub_hub.settings.loading import LoadedSettings
    from twinhub_hub.settings.models import Settings


def check_locks(loaded: LoadedSettings) -> None:
    """Read the lock of each layer.

    Apart from `load_settings`, so that a lock that is gone does not keep the hub from starting.

    Raises:
        SettingsError: one cannot be used.
    """
    faults = []
    for index, layer in enumerate(loaded.settings.workspace.layers):
        if layer.lock is None:
            continue
        place = ("workspace", "layers", index, "lock")
        try:
            read_lock(loaded.folder / layer.lock)
        except LayerError as error:
            document = load_document(loaded.path)
            faults.append(fault_at(document, place, f"{dotted(place)}: {error}", remedy=""))
    if faults:
        raise SettingsError(faults)


def find_doubtful_groups(loaded: LoadedSettings) -> Sequence[Fault]:
    """Return the groups of layers that are no group elsewhere in the file, but nearly one.

    A group may well stand nowhere else: it comes from the sign-in provider or the admin panel.
    """
    known = _known_groups(loaded.settings)
    doubtful = [
        (("workspace", "layers", index, "groups", number), group)
        for index, layer in enumerate(loaded.settings.workspace.layers)
        for number, group in enumerate(layer.groups)
        if group not in known and nearest_key(group, known)
    ]
    if not doubtful:
        return []
    document = load_document(loaded.path)
    return [
        fault_at(
            document, place, f"{dotted(place)}: no other place has the group {group!r}",
            remedy="", nearest=nearest_key(group, known),
        )
        for place, group in doubtful
    ]  # fmt: skip


def _known_groups(settings: Settings) -> set[str]:
    known = {rule.name for rule in settings.groups}
    if (provider := settings.auth.provider) is not None:
        known.update(provider.allowed_groups, provider.instructor_groups, provider.admin_groups)
    return known
