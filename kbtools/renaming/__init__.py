"""Another name for a page: its title, its file, and everything in the wiki that names it, planned as one change.

Pages in, texts out: nothing is read or written here. What every link means afterwards is looked up in the planned
texts before they are handed out (``verification``).
"""

from __future__ import annotations

from kbtools.renaming.names import file_name
from kbtools.renaming.planning import Rename, plan_rename
from kbtools.renaming.references import Respelling

__all__ = ["Rename", "Respelling", "file_name", "plan_rename"]
