"""Starts ``jupyterhub-singleuser`` without the half of JupyterHub that only a hub needs.

Importing the single-user server also imports the hub's handlers and database layer, for one class
that only the hub's own health check uses and a few names that are never called in a workspace:
about a third of the time until a workspace answers, and of its memory. While the import runs,
stand-ins take their place; afterwards they are gone, and whoever asks for the real modules gets
them. A version of JupyterHub that needs more of them fails here at once, which the tests of the
image show, and not later.
"""

from __future__ import annotations

import gc
import importlib.util
import os
import sys
from contextlib import contextmanager
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STAND_INS = {
    "jupyterhub.handlers": (),
    "jupyterhub.handlers.pages": ("HealthCheckHandler",),
    "sqlalchemy": ("func",),
    "sqlalchemy.exc": ("SQLAlchemyError",),
}
"""Modules that the import gets in place of the real ones, with all that it takes from each."""

LAZY = "jupyterhub.orm"
"""A module that is imported by name only: the real one, loaded when it is first used."""

CERTIFICATES = "SSL_CERT_FILE"


@contextmanager
def light_imports() -> Iterator[None]:
    """Keep the hub's own half out of what is imported in this context."""
    stand_ins = {name: _stand_in(name, names) for name, names in STAND_INS.items()}
    sys.modules.update(stand_ins)
    _make_lazy(LAZY)
    try:
        yield
    finally:
        for name in stand_ins:
            del sys.modules[name]


@contextmanager
def quick_certificates() -> Iterator[None]:
    """Let TLS contexts made in this context look certificates up when they need one.

    aiohttp makes two at import. OpenSSL reads a bundle of 140 certificates into each, but a folder
    only when a connection is made; both hold the same certificates.
    """
    bundle = os.environ.get(CERTIFICATES)
    os.environ[CERTIFICATES] = os.devnull
    try:
        yield
    finally:
        del os.environ[CERTIFICATES]
        if bundle is not None:
            os.environ[CERTIFICATES] = bundle


def main() -> None:
    """Become the server; the arguments are those of ``jupyterhub-singleuser``."""
    gc.disable()  # nothing that is imported ever becomes garbage
    with light_imports(), quick_certificates():
        from jupyterhub.singleuser import extension  # noqa: PLC0415
    gc.freeze()
    gc.enable()
    extension.main()


def _stand_in(name: str, names: tuple[str, ...]) -> ModuleType:
    module = ModuleType(name)
    module.__path__ = []
    for attribute in names:
        # An exception is a class as well: good for `except` and for `isinstance`.
        setattr(module, attribute, type(attribute, (Exception,), {}))
    return module


def _make_lazy(name: str) -> None:
    spec = importlib.util.find_spec(name)
    if spec is None or spec.loader is None:
        raise ModuleNotFoundError(f"{name} is not installed", name=name)
    spec.loader = importlib.util.LazyLoader(spec.loader)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)
    parent, _, child = name.rpartition(".")
    setattr(sys.modules[parent], child, module)


if __name__ == "__main__":
    main()
