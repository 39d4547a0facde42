"""Checksums of files: SHA-256, streamed."""

from __future__ import annotations

import hashlib
import os

_READ = 1 << 20


def digest_file(descriptor: int) -> str:
    """Return the SHA-256 of an open file from its beginning, as hexadecimal digits."""
    digest, buffer, at = hashlib.sha256(), bytearray(_READ), 0
    while size := os.preadv(descriptor, [buffer], at):
        digest.update(memoryview(buffer)[:size])
        at += size
    return digest.hexdigest()
