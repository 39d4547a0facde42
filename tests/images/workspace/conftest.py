"""What tests of a workspace are given: see ``tests/images/conftest.py``."""

from tests.images.starting import MakeVolume, StartWorkspace

__all__ = ["MakeVolume", "StartWorkspace"]
