"""The process that stops idle workspaces: `jupyterhub-idle-culler`, with the log of the others."""

from __future__ import annotations

import logging

from jupyterhub_idle_culler import IdleCuller
from twinhub_api.log_lines import log_to_stderr, traitlets_logging

if __name__ == "__main__":
    log_to_stderr("culler", logging.WARNING)
    IdleCuller.launch_instance(logging_config=traitlets_logging("culler"))
