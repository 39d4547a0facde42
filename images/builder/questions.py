"""What the command answers without building: which images there are, and what is in them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from images.builder.errors import ImagesError
from images.builder.reading import read_image
from images.builder.sbom import make_sbom
from images.builder.table import render_table, replace_between_marks

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from images.builder.building import Builder
    from images.builder.engine import Engine
    from images.builder.hierarchy import Hierarchy
    from images.builder.recording import Recorder


class Questions:
    """Answers about the images of one hierarchy, as texts."""

    def __init__(
        self, engine: Engine, hierarchy: Hierarchy, *, builder: Builder, recorder: Recorder
    ) -> None:
        """Ask the engine about tags of the builder, and the recorder about builds."""
        self._engine = engine
        self._hierarchy = hierarchy
        self._builder = builder
        self._recorder = recorder

    def answer(self, asked: argparse.Namespace) -> str | None:
        """Return the answer to what the command line asks; None when it asks for a build."""
        if asked.list:
            return self._list(asked.names)
        if asked.manifest:
            tag = self._tag_of(asked.manifest)
            return self._recorder.manifest_of(asked.manifest, tag).model_dump_json(indent=1)
        if asked.diff:
            return self._recorder.last_change(self._tag_of(asked.diff))
        if asked.sbom:
            return self._sbom(asked.sbom)
        if asked.table:
            return self._write_table(asked.table)
        return None

    def _list(self, names: list[str]) -> str:
        images = self._hierarchy.lineage(names) if names else self._hierarchy.images
        images = tuple(image for image in images if self._builder.has_sources(image))
        tag_of, state_of = self._builder.tag_of, self._builder.state_of
        return "\n".join(f"{i.name:18} {tag_of(i):34} {state_of(i)}" for i in images)

    def _sbom(self, name: str) -> str:
        tag = self._tag_of(name)
        found = self._engine.describe(tag)
        return make_sbom(read_image(self._engine, found.id), tag=tag, found=found)

    def _write_table(self, page: Path) -> str:
        known = [
            (image, self._recorder.best_of(image.name, self._builder.tag_of(image)))
            for image in self._hierarchy.images
        ]
        try:
            text = page.read_text("utf-8")
            page.write_text(replace_between_marks(text, render_table(known), page), "utf-8")
        except OSError as error:
            raise ImagesError(f"{page} cannot be written: {error.strerror}") from error
        return f"{page}: {sum(manifest is not None for _, manifest in known)} images measured"

    def _tag_of(self, name: str) -> str:
        return self._builder.tag_of(self._hierarchy.find(name))
