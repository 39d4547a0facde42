"""The process that has the edge serve a certificate as soon as it lies in its place.

Apart from everything that imports JupyterHub: it waits all its life, and should be small.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path
from time import sleep

from twinhub_api.log_lines import log_to_stderr

from twinhub_hub.installation import Installation
from twinhub_hub.operate.edge_client import reload, served_certificate
from twinhub_hub.operate.errors import OperateError
from twinhub_hub.settings.errors import SettingsError
from twinhub_hub.settings.loading import check_certificate, load_settings

_INTERVAL_SECONDS = 5
_LOG = logging.getLogger("twinhub.certificates")


def watch(installation: Installation) -> None:
    """Look every few seconds, for ever; say each trouble once."""
    said = ""
    while True:
        trouble = ensure_served(installation)
        if trouble and trouble != said:
            _LOG.warning("%s", trouble)
        said = trouble
        sleep(_INTERVAL_SECONDS)


def ensure_served(installation: Installation) -> str:
    """Have the edge serve the certificate in the files; return what prevents that, or ``""``.

    What cannot be served is left: the edge goes on with what it has.
    """
    try:
        loaded = load_settings(installation.settings_file)
        certificate = check_certificate(loaded)
    except SettingsError as error:
        return f"The edge goes on with the certificate that it has: {error}"
    site, running = loaded.settings.site, installation.running
    if certificate is None:
        return ""
    served = served_certificate(site.nearby, running.port, site.domain)
    if served in {None, certificate.leaf}:  # an edge that starts reads the files itself
        return ""
    try:
        reload(installation.edge_socket, installation.edge_config.read_text("utf-8"))
    except (OSError, OperateError) as error:
        return f"The new certificate is not served: {error}"
    _LOG.warning("A new certificate is served, valid until %s", f"{certificate.ends:%Y-%m-%d}")
    return ""


if __name__ == "__main__":
    log_to_stderr("certificates")
    watch(Installation(Path(os.environ["TWINHUB_HOME"])))
