"""Writes users' files: backup first, atomic replacement, exact undo. Nothing else writes them.

What it promises, and how:

* Every page is at any moment its old or its new bytes: new text goes to a temporary file beside the page, is flushed
  to the disk and renamed over it. Killed, out of power or out of space, no page is ever cut short.
* Nothing is replaced before the original of every page lies flushed in ``_link_reconcile_backup/<run>/files/`` and a
  manifest there says what is about to happen. A run that was killed is found again (``Backups.unfinished``) and goes
  either way: ``finish`` or ``undo``.
* A file that gets another name is found under the old name, the new one, or both, and never replaces another
  (``move``). A new file is made whole or not at all, with the folders it needs, and never replaces another either.
* A run is all or nothing. What can be known to fail is refused before the first page is touched, every file with its
  reason; what fails later is rolled back.
* Nobody's words are lost: a page that is no longer what was read when its edit was computed is not replaced, and a
  page that changed since a run is not restored. Both are looked at again directly before the rename.
* Nothing outside the vault is written: a symbolic link is followed to its file when that lies in the vault, and
  refused otherwise.

A page with several names (hard links) is refused: a rename would part them, writing in place could be cut short.
"""

from __future__ import annotations

from kbtools.rewrite.apply import Change
from kbtools.rewrite.journal import BACKUP_FOLDER, FileRecord, Run, State
from kbtools.rewrite.resolve_path import Refusal, RefusedError
from kbtools.rewrite.transaction import Backups, Undone

__all__ = [
    "BACKUP_FOLDER",
    "Backups",
    "Change",
    "FileRecord",
    "Refusal",
    "RefusedError",
    "Run",
    "State",
    "Undone",
]
