"""Languages of fences: what each says about its code without running it, and how it runs.

The public interface for packages that add a language (entry points of the group ``kbtools.languages``) is what stands
here. kb's own languages are registered and called in the same way.
"""

from __future__ import annotations

from kbtools.codefence.annotations import Options
from kbtools.codefence.expected_output import Shown
from kbtools.codefence.names import Names
from kbtools.codefence.pycode import Fault, Places
from kbtools.languages.protocol import Language, Reading, Session, SnippetFailed

__all__ = ["Fault", "Language", "Names", "Options", "Places", "Reading", "Session", "Shown", "SnippetFailed"]
