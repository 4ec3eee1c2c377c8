"""Writes users' files: backup first, atomic replacement, exact undo. Nothing else writes them.

Guarantees, and how they are kept:

* Replacement is atomic: new text is written to a temporary file beside the page, flushed to the disk and renamed over
  the page. A kill, a power failure or a full disk never leaves a truncated page.
* Before any page is replaced, the originals of all pages are flushed to ``_link_reconcile_backup/<run>/files/``, with
  a manifest of the planned changes. A killed run is detected (``Backups.unfinished``) and can be completed
  (``finish``) or reverted (``undo``).
* A renamed file exists under the old name, the new name, or both, and never replaces another file (``move``). A new
  file is created completely or not at all, with the folders it needs, and never replaces another file either.
* A run is all or nothing. Predictable failures are refused before the first page is changed, with a reason for every
  file; later failures are rolled back.
* Concurrent edits are kept: a page that has changed since its edit was computed is not replaced, and a page that has
  changed since a run is not restored. Both are checked again directly before the rename.
* Nothing outside the vault is written: a symbolic link is followed if its file is in the vault, and refused
  otherwise.

A page with hard links is refused: a rename would separate its names, and writing in place is not atomic.
"""

from __future__ import annotations

from kbtools.rewrite.apply import FileChange
from kbtools.rewrite.journal import BACKUP_FOLDER, FileRecord, Run, RunState
from kbtools.rewrite.resolve_path import Refusal, RefusedError
from kbtools.rewrite.transaction import Backups, Undone

__all__ = [
    "BACKUP_FOLDER",
    "Backups",
    "FileChange",
    "FileRecord",
    "Refusal",
    "RefusedError",
    "Run",
    "RunState",
    "Undone",
]
