"""The hub's configuration file: everything is in `twinhub_hub.apply`."""

from twinhub_hub.apply.configuration import apply_settings
from twinhub_hub.apply.context import load_context

apply_settings(load_context(), get_config())  # type: ignore[name-defined]  # noqa: F821
