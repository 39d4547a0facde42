"""The list of images: which there are, and what each stands on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

from pydantic import BaseModel, ConfigDict, ValidationError, model_validator
from twinhub_dtconfig.documents import DocumentError, load_document

from images.builder.errors import HierarchyError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path


class Image(BaseModel):
    """One image: made from a context folder, or the foundation that ``provides`` a public tag."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    parent: str | None = None
    provides: str | None = None
    context: str | None = None
    requirements: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tests: str | None = None
    shipped: bool = True

    @model_validator(mode="after")
    def _is_made_in_one_way(self) -> Self:
        if (self.provides is None) == (self.context is None):
            raise ValueError(f"{self.name}: give either `provides` or `context`")
        if (self.context is None) != (self.parent is None):
            raise ValueError(f"{self.name}: `context` and `parent` belong together")
        return self


class Hierarchy(BaseModel):
    """All images, parents before children."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: tuple[Image, ...]

    @model_validator(mode="after")
    def _names_parents_first(self) -> Self:
        seen: set[str] = set()
        for image in self.images:
            if image.name in seen:
                raise ValueError(f"{image.name} is there twice")
            if image.parent is not None and image.parent not in seen:
                raise ValueError(f"{image.name}: its parent {image.parent} must stand before it")
            seen.add(image.name)
        return self

    def find(self, name: str) -> Image:
        """Return an image by name, or say which names there are."""
        for image in self.images:
            if image.name == name:
                return image
        known = ", ".join(image.name for image in self.images)
        raise HierarchyError(f"there is no image {name!r}: choose from {known}")

    def lineage(self, names: Sequence[str]) -> tuple[Image, ...]:
        """Return the named images and all they stand on, parents first; no names: all shipped."""
        wanted = [self.find(name) for name in names] or [i for i in self.images if i.shipped]
        needed = {ancestor.name for image in wanted for ancestor in self._ancestry(image)}
        return tuple(image for image in self.images if image.name in needed)

    def descendants(self, name: str) -> tuple[Image, ...]:
        """Return an image and all that stand on it, parents first."""
        self.find(name)
        return tuple(i for i in self.images if name in {a.name for a in self._ancestry(i)})

    def _ancestry(self, image: Image) -> Iterable[Image]:
        yield image
        if image.parent is not None:
            yield from self._ancestry(self.find(image.parent))


def load_hierarchy(path: Path) -> Hierarchy:
    """Return the list in a file.

    Raises:
        HierarchyError: the file cannot be read or breaks a rule.
    """
    try:
        return Hierarchy.model_validate(load_document(path).data)
    except (DocumentError, ValidationError) as error:
        raise HierarchyError(f"{path}: {error}") from error
