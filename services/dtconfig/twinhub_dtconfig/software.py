"""Which Debian packages an environment comes down to."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twinhub_dtconfig.models.environment import Environment

_PACKAGES_OF = {
    "c": ("gcc", "libc6-dev", "make"), "cmake": ("cmake",), "fortran": ("gfortran",),
    "rust": ("cargo",), "go": ("golang-go",), "node": ("nodejs", "npm"), "maven": ("maven",),
    "gradle": ("gradle",),
}  # fmt: skip


def debian_packages(environment: Environment) -> tuple[str, ...]:
    """Return those that it names, and those of its toolchains and its Java."""
    chains = [name for tool in environment.toolchains for name in _PACKAGES_OF.get(tool, ())]
    java = () if environment.java is None else (f"openjdk-{environment.java}-jdk-headless",)
    return (*environment.system, *chains, *java)


def toolchains_without_packages(environment: Environment) -> tuple[str, ...]:
    """Return the toolchains that Debian has no package of."""
    return tuple(tool for tool in environment.toolchains if tool not in _PACKAGES_OF)
