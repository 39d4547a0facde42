"""Whether a file system itself keeps folders within a limit: the project quotas of ext4 and XFS.

Both need the mount option ``prjquota`` (XFS also calls it ``pquota``), and a folder whose project
new files inherit; a user with ``CAP_SYS_ADMIN`` gives a folder its project (``chattr -p`` and
``+P``) and its limit (``setquota -P``). Such a folder's statfs(2) tells the limit and what is used
to everybody, which is why nothing here needs a privilege. See xfs_quota(8) and ext4(5).
"""

from __future__ import annotations

import errno
import fcntl
import os
import re
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOUNTS = "/proc/self/mountinfo"
_GET_ATTRIBUTES = 0x801C581F
"""FS_IOC_FSGETXATTR: struct fsxattr of linux/fs.h."""
_ATTRIBUTES = struct.Struct("=IIIII8s")
_INHERITS_PROJECT = 0x200
_OPTIONS = frozenset({"prjquota", "pquota"})
_KNOWN = frozenset({"ext4", "xfs"})


@dataclass(frozen=True, slots=True)
class QuotaSupport:
    """What the file system of a folder can do."""

    file_system: str
    """Its type, such as ``ext4``; empty where it is not known."""
    is_on: bool
    """Whether it counts by project."""

    def __str__(self) -> str:
        """Return what an administrator should know, with the remedy."""
        name = self.file_system or "an unknown file system"
        if self.is_on:
            return (
                f"{name} has project quotas: an area whose folder has a project with a limit is "
                "kept within it at once, any other is measured each minute"
            )
        if self.file_system in _KNOWN:
            return (
                f"{name} without project quotas: areas are measured each minute; mount it with "
                "'prjquota' and give each area's folder a project with a limit to have the file "
                "system keep it"
            )
        return f"{name} knows no project quotas: areas are measured each minute"


@dataclass(frozen=True, slots=True)
class ProjectLimit:
    """The limit that the file system keeps for a folder, in bytes."""

    limit: int
    used: int


def find_quota_support(folder: Path, *, mounts: str | None = None) -> QuotaSupport:
    """Return what the file system of a folder can do.

    ``mounts`` is text as in ``/proc/self/mountinfo`` (proc_pid_mountinfo(5)).
    """
    if mounts is None:
        try:
            with open(MOUNTS, encoding="utf-8", errors="surrogateescape") as file:  # noqa: PTH123
                mounts = file.read()
        except OSError:
            return QuotaSupport("", is_on=False)
    path = os.path.realpath(folder)
    best, support = "", QuotaSupport("", is_on=False)
    for line in mounts.splitlines():
        before, _, after = line.partition(" - ")
        fields, kinds = before.split(" "), after.split(" ")
        if len(fields) < 6 or len(kinds) < 3:  # noqa: PLR2004 - as the format has it
            continue
        point = re.sub(r"\\([0-7]{3})", lambda octal: chr(int(octal[1], 8)), fields[4])
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            options = {*fields[5].split(","), *kinds[2].split(",")}
            is_on = kinds[0] in _KNOWN and not options.isdisjoint(_OPTIONS)
            best, support = point, QuotaSupport(kinds[0], is_on=is_on)
    return support


def read_project_limit(
    folder: int, root: int,
    *, project_of: Callable[[int], int] | None = None,
    space_of: Callable[[int], os.statvfs_result] = os.fstatvfs,
) -> ProjectLimit | None:  # fmt: skip
    """Return the limit of an open folder that its project has; None where there is none.

    ``root`` is an open folder of the same file system without a project of its own.
    """
    if (project_of or find_project)(folder) == 0:
        return None
    here, whole = space_of(folder), space_of(root)
    if here.f_blocks >= whole.f_blocks:
        return None
    return ProjectLimit(
        here.f_blocks * here.f_frsize, (here.f_blocks - here.f_bfree) * here.f_frsize
    )


def find_project(folder: int) -> int:
    """Return the number of the project that new files in an open folder get; 0 for none."""
    content = bytearray(_ATTRIBUTES.size)
    try:
        fcntl.ioctl(folder, _GET_ATTRIBUTES, content)
    except OSError as error:
        if error.errno in {errno.ENOTTY, errno.EOPNOTSUPP, errno.EINVAL, errno.EPERM}:
            return 0
        raise
    flags, _, _, project, _, _ = _ATTRIBUTES.unpack(bytes(content))
    return int(project) if flags & _INHERITS_PROJECT else 0
