"""Keeps what each build resulted in, and says what differs from the build before."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twinhub_hub.builds import INPUTS_LABEL

from images.builder.changes import find_changes, summarise
from images.builder.errors import EngineError, ImagesError, RecordsError
from images.builder.manifest import Contents, Manifest, read_contents
from images.builder.reading import read_image

if TYPE_CHECKING:
    from images.builder.building import Build
    from images.builder.engine import Engine
    from images.builder.records import Records

_BASE = "org.opencontainers.image.base.name"
_REVISION = "org.opencontainers.image.revision"


class Recorder:
    """Makes manifests of images, and keeps those of builds."""

    def __init__(self, engine: Engine, records: Records) -> None:
        """Read images of an engine, and keep what was read in a folder of records."""
        self._engine = engine
        self._records = records

    def record(self, build: Build) -> str:
        """Keep the manifest of a build; return in words what it changed.

        A build that cannot be recorded is a build: the reason is in the words.
        """
        try:
            if any(manifest.id == build.id for manifest in self._records.of(build.tag)):
                return "the same image as before"  # whose record tells how long its steps took
            before = self._contents_before(build)
            manifest = self._read(build.image.name, build.tag, build)
            self._records.add(manifest)
        except ImagesError as error:
            return f"not recorded: {error}"
        if before is None:
            return _count(manifest.contents)
        return summarise(find_changes(before, manifest.contents))

    def manifest_of(self, name: str, tag: str) -> Manifest:
        """Return the manifest of an image as it is now: the one of its build, or read just now.

        Raises:
            EngineError: the image is not there.
        """
        current = self._engine.describe(tag).id
        recorded = (manifest for manifest in self._records.of(tag) if manifest.id == current)
        return next(recorded, None) or self._read(name, tag)

    def best_of(self, name: str, tag: str) -> Manifest | None:
        """Return what tells most about an image: its newest build of all steps, or what it is now.

        None when there is neither.
        """
        whole = (manifest for manifest in self._records.of(tag) if manifest.cached_steps == 0)
        if found := next(whole, None):
            return found
        try:
            return self.manifest_of(name, tag)
        except EngineError:
            return None

    def last_change(self, tag: str) -> str:
        """Return in words what the last recorded build of a tag changed.

        Raises:
            RecordsError: there are no two builds to compare.
        """
        builds = self._records.of(tag)
        if len(builds) < 2:  # noqa: PLR2004 - one to compare with the other
            raise RecordsError(
                f"{tag}: {len(builds)} of the 2 builds to compare are recorded; what is in the"
                " image now is shown by --manifest"
            )
        after, before = builds[:2]
        changes = find_changes(before.contents, after.contents)
        head = f"{tag}, built {after.built:%Y-%m-%d %H:%M} after {before.built:%Y-%m-%d %H:%M} UTC"
        return "\n".join((f"{head}: {len(changes)} changed", *(f"  {c}" for c in changes)))

    def _contents_before(self, build: Build) -> Contents | None:
        """Return what was in the image before; of one without a record, the image itself tells."""
        if recorded := self._records.of(build.tag):
            return recorded[0].contents
        if build.before is None:
            return None
        return read_contents(read_image(self._engine, build.before))

    def _read(self, name: str, tag: str, build: Build | None = None) -> Manifest:
        found = self._engine.describe(build.id if build else tag)
        return Manifest(
            image=name,
            tag=tag,
            id=found.id,
            inputs=found.labels.get(INPUTS_LABEL),
            revision=found.labels.get(_REVISION),
            size=found.size,
            added=self._added(found.size, found.labels.get(_BASE)),
            built=found.created,
            seconds=round(build.seconds, 1) if build else None,
            cached_steps=build.cached_steps if build else None,
            contents=read_contents(read_image(self._engine, found.id)),
        )

    def _added(self, size: int, parent: str | None) -> int | None:
        try:
            return None if parent is None else size - self._engine.describe(parent).size
        except EngineError:
            return None


def _count(contents: Contents) -> str:
    parts = {
        "Debian packages": len(contents.debian),
        "Python distributions": sum(len(found) for found in contents.python.values()),
        "npm packages": sum(tree.packages for tree in contents.npm.values()),
    }
    return ", ".join(f"{number} {what}" for what, number in parts.items() if number)
