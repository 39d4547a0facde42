"""Builds what is not there yet: one digest of all inputs decides."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from twinhub_hub.builds import digest_inputs

from images.builder.context import (
    collect_context,
    collect_sources,
    find_certificates,
    pack,
    pinned_jupyterhub,
)
from images.builder.errors import HierarchyError
from images.builder.foundation import ensure_foundation
from images.builder.labels import Facts, find_revision, render_labels

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from images.builder.engine import Engine
    from images.builder.hierarchy import Hierarchy, Image

_FROM_CACHE = "---> Using cache"


@dataclass(frozen=True, slots=True)
class Options:
    """What an installation decides about its images."""

    uid: int
    tag_prefix: str
    version: str
    foundation_seconds: float
    certificates: tuple[Path, ...]
    proxies: Mapping[str, str]
    fresh: bool = False
    """Whether images are built although they are current, and without the cache."""


@dataclass(frozen=True, slots=True)
class Build:
    """One image that was built just now."""

    image: Image
    tag: str
    id: str
    before: str | None
    """The id of the image that had the tag before; it stays."""
    seconds: float
    cached_steps: int


@dataclass(frozen=True, slots=True)
class Recipe:
    """All that one build needs, and the digest that names it."""

    tag: str
    archive: bytes
    arguments: Mapping[str, str]
    labels: Mapping[str, str]
    digest: str


class Builder:
    """Builds the images of one hierarchy for one installation."""

    def __init__(
        self, engine: Engine, folder: Path, *, hierarchy: Hierarchy, options: Options
    ) -> None:
        """Take context folders from a folder, and the locks from ``requirements/`` beside it."""
        self._engine = engine
        self._folder = folder
        self._hierarchy = hierarchy
        self._options = options

    def build(
        self,
        images: Sequence[Image],
        *,
        step: Callable[[str], None],
        output: Callable[[str], None],
        built: Callable[[Build], None] = lambda _: None,
    ) -> None:
        """Make every image current, parents first; ``step`` hears of each, ``output`` all lines.

        ``built`` hears of each that was built, before the next one is.
        """
        for image in images:
            if image.context is None:
                done = self._ensure_foundation(image)
            elif not self._options.fresh and self.state_of(image) == "current":
                done = "current"
            else:
                step(f"{image.name}: building, which can take minutes")
                build = self._build_one(image, output)
                built(build)
                done = f"built in {build.seconds:.0f} s"
            step(f"{image.name}: {self.tag_of(image)} {done}")

    def tag_of(self, image: Image) -> str:
        """Return the tag that the newest build of an image has."""
        return image.provides or f"{self._options.tag_prefix}/{image.name}:{self._options.version}"

    def has_sources(self, image: Image) -> bool:
        """Return whether the folders are here that an image is made from; some are a checkout's."""
        return all((self._folder.parent / folder).is_dir() for folder in image.sources)

    def state_of(self, image: Image) -> str:
        """Return ``current``, ``outdated`` or ``absent``."""
        tag = self.tag_of(image)
        if not self._engine.find_id(tag):
            return "absent"
        if image.context is None:
            return "current"
        if not all(self._engine.find_id(tag) for tag in self._needed_tags(image).values()):
            return "outdated"
        is_current = self._engine.find_inputs(tag) == self._recipe(image).digest
        return "current" if is_current else "outdated"

    def _ensure_foundation(self, image: Image) -> str:
        return ensure_foundation(
            self._engine,
            self.tag_of(image),
            overlay=self._folder / image.name / "overlay",
            seconds=self._options.foundation_seconds,
        )

    def _build_one(self, image: Image, output: Callable[[str], None]) -> Build:
        recipe = self._recipe(image)
        # Only the tag's own image counts: images that others build on top inherit its labels.
        before = self._engine.find_id(recipe.tag)
        cached: list[str] = []

        def show(line: str) -> None:
            if line.strip() == _FROM_CACHE:
                cached.append(line)
            output(line)

        start = time.monotonic()
        made = self._engine.build(
            recipe.archive,
            recipe.tag,
            arguments={**recipe.arguments, **self._options.proxies},
            labels=recipe.labels,
            fresh=self._options.fresh,
            show=show,
        )
        seconds = time.monotonic() - start
        return Build(image, recipe.tag, made, before, seconds, len(cached))

    def _recipe(self, image: Image) -> Recipe:
        context = self._folder / (image.context or image.name)
        locks = [self._folder.parent / "requirements" / name for name in image.requirements]
        members = [self._folder.parent / "extensions" / name for name in image.extensions]
        members += [self._folder.parent / "services" / name for name in image.services]
        certificates = find_certificates((context / "extra-ca", *self._options.certificates))
        archive = pack(
            collect_context(context, requirements=locks, certificates=certificates, members=members)
            | collect_sources(self._folder.parent, image.sources)
        )
        needed = self._needed_tags(image)
        arguments = {**needed, "TWINHUB_UID": str(self._options.uid)}
        ids = [self._engine.find_id(tag) or "" for tag in needed.values()]
        digest = digest_inputs(archive, arguments, ids)
        facts = Facts(
            name=image.name,
            summary=image.summary,
            version=self._options.version,
            inputs=digest,
            parent=needed["PARENT"],
            uid=self._options.uid,
            jupyterhub=pinned_jupyterhub(locks),
            revision=find_revision(self._folder.parent),
        )
        labels = render_labels(facts)
        return Recipe(self.tag_of(image), archive, arguments, labels, digest)

    def _needed_tags(self, image: Image) -> dict[str, str]:
        """Return the tags that an image is built from, by the build argument that names each."""
        if image.parent is None:
            raise HierarchyError(f"{image.name} stands on nothing")
        needed = {"PARENT": image.parent} | {argument_of(name): name for name in image.copies}
        return {key: self.tag_of(self._hierarchy.find(name)) for key, name in needed.items()}


def argument_of(name: str) -> str:
    """Return the build argument that names an image which another one copies from."""
    return name.upper().replace("-", "_")
