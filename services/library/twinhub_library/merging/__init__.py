"""Three-way merges of folders in which no byte of the one side is ever lost.

`merge` brings a folder from ``base`` to ``theirs`` and keeps what its owner changed: text is merged
by line, notebooks by cell, everything else is taken whole. Where both sides changed the same,
``theirs`` takes the place and the owner's stays beside it as a named copy.
"""

from twinhub_library.merging.content import Content, FileMark, FolderContent, NoContent
from twinhub_library.merging.folders import Ending, lock_place, merge, preview, recover_merges
from twinhub_library.merging.outcomes import FileReport, MergeReport, Outcome

__all__ = [
    "Content",
    "Ending",
    "FileMark",
    "FileReport",
    "FolderContent",
    "MergeReport",
    "NoContent",
    "Outcome",
    "lock_place",
    "merge",
    "preview",
    "recover_merges",
]
