"""Uploads that can be resumed; they themselves are spoken by tus 1.0.0."""

from __future__ import annotations

from datetime import datetime

from pydantic import Field

from twinhub_api.wire import Wire


class OpenUpload(Wire):
    """An upload that was begun."""

    id: str
    path: str = Field(description="Where the file is to be.")
    size: int = Field(description="Bytes of the whole file.")
    offset: int = Field(description="Bytes that have arrived.")
    expires_at: datetime


class OpenUploads(Wire):
    """The caller's own uploads that can be resumed."""

    uploads: tuple[OpenUpload, ...]
