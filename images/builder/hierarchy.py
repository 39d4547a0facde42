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
    """One image: made from a context folder, or the foundation that ``provides`` a public tag.

    ``copies`` names images that files are taken from; ``tests`` the folders of tests that it and
    all images that stand on it have to pass; ``summary`` what it is, in plain words.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str
    summary: str = ""
    parent: str | None = None
    copies: tuple[str, ...] = ()
    provides: str | None = None
    context: str | None = None
    requirements: tuple[str, ...] = ()
    extensions: tuple[str, ...] = ()
    services: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()
    tests: tuple[str, ...] = ()
    shipped: bool = True

    @model_validator(mode="after")
    def _is_made_in_one_way(self) -> Self:
        if (self.provides is None) == (self.context is None):
            raise ValueError(f"{self.name}: give either `provides` or `context`")
        if (self.context is None) != (self.parent is None):
            raise ValueError(f"{self.name}: `context` and `parent` belong together")
        if self.copies and self.context is None:
            raise ValueError(f"{self.name}: `copies` belongs to an image with a `context`")
        return self

    @property
    def needs(self) -> tuple[str, ...]:
        """What has to be built before: the parent, then the images that it copies from."""
        return (*((self.parent,) if self.parent else ()), *self.copies)


class Hierarchy(BaseModel):
    """All images, each after those that it needs."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    images: tuple[Image, ...]

    @model_validator(mode="after")
    def _names_needed_first(self) -> Self:
        seen: set[str] = set()
        for image in self.images:
            if image.name in seen:
                raise ValueError(f"{image.name} is there twice")
            for needed in image.needs:
                if needed not in seen:
                    role = "its parent" if needed == image.parent else "what it copies,"
                    raise ValueError(f"{image.name}: {role} {needed} must stand before it")
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
        """Return the named images and all they need, parents first; no names: all shipped."""
        wanted = [self.find(name) for name in names] or [i for i in self.images if i.shipped]
        needed = {need.name for image in wanted for need in self._needs(image)}
        return tuple(image for image in self.images if image.name in needed)

    def descendants(self, name: str) -> tuple[Image, ...]:
        """Return an image and all that stand on it, parents first; copying is not standing on."""
        self.find(name)
        return tuple(i for i in self.images if name in {a.name for a in self.ancestry(i)})

    def ancestry(self, image: Image) -> tuple[Image, ...]:
        """Return an image, its parent, and so on to the foundation."""
        parent = () if image.parent is None else self.ancestry(self.find(image.parent))
        return (image, *parent)

    def tests_of(self, image: Image) -> tuple[str, ...]:
        """Return the folders of tests of an image: first what it inherits, then its own."""
        inherited = (ancestor.tests for ancestor in reversed(self.ancestry(image)))
        return tuple(dict.fromkeys(folder for folders in inherited for folder in folders))

    def _needs(self, image: Image) -> Iterable[Image]:
        yield image
        for name in image.needs:
            yield from self._needs(self.find(name))


def load_hierarchy(path: Path) -> Hierarchy:
    """Return the list in a file.

    Raises:
        HierarchyError: the file cannot be read or breaks a rule.
    """
    try:
        return Hierarchy.model_validate(load_document(path).data)
    except (DocumentError, ValidationError) as error:
        raise HierarchyError(f"{path}: {error}") from error
