from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from twinhub_library.index.memory import MemoryIndex
from twinhub_library.index.tantivy import TantivyIndex

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twinhub_library.index.base import Index


@pytest.fixture(name="index", params=["memory", "tantivy"])
def _index(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Index]:
    index = MemoryIndex() if request.param == "memory" else TantivyIndex(tmp_path / "index")
    yield index
    index.close()
