"""Names of the scopes that the hub gives and the services ask for."""

from __future__ import annotations

USE_LIBRARY = "access:services!service=library"
"""May speak to the library at all; without it every answer is a refusal."""

USE_RUNNER = "access:services!service=runner"
"""May speak to the runner at all."""

INSTRUCT = "custom:twinhub:instruct"
"""May do what instructors do: switch on teams, publish any kind, see who opened a link."""

GIT_TOKEN = "custom:twinhub:git-token"  # noqa: S105 - the name of a right
"""May have the token that a user's login came with, for git: of the library alone."""

READ_ACCESS = "custom:twinhub:read-access"
"""May know whether somebody may still be here: of the runner alone."""

ADMIN = "admin:users"
"""JupyterHub's own: who may administer its users administers the library too."""

READ_METRICS = "read:metrics"
"""JupyterHub's own: may read the numbers of the hub and of the services."""

DELETE_USERS = "delete:users"
"""JupyterHub's own: may delete users in the hub, and have services forget them."""
