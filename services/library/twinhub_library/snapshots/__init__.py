"""Previous versions: snapshots of private and team areas, and how files come back from them.

A snapshot is ``.library/snapshots/<area>/<time>/`` with ``files/`` (what the area held),
``marks`` (one line for each of them, see `marks`) and ``summary.json``. What has not changed since
the snapshot before is a hard link to *that snapshot's* copy, never to a live file, for programs
write those in place. What has changed is a clone that shares its blocks (``FICLONE``) where the
file system can, else a copy.
"""
