"""Public interface for packages that add a language of fences.

The public interface for packages that add a language (entry points of the group ``kbtools.languages``) is what stands
here. kb's own languages are registered and called in the same way.
"""

from __future__ import annotations

from kbtools.fences.annotations import Options
from kbtools.fences.expected.expected_output import Shown
from kbtools.fences.languages.protocol import Language, Reading, Session, SnippetFailed
from kbtools.fences.python.names import Names
from kbtools.fences.python.pycode import Fault, Places

__all__ = ["Fault", "Language", "Names", "Options", "Places", "Reading", "Session", "Shown", "SnippetFailed"]
