"""Python: one namespace a session, its names known before it runs."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from kbtools.codefence import device_needs, names, print_comments, pycode
from kbtools.codefence.annotations import Options
from kbtools.codefence.names import Names
from kbtools.codefence.pycode import Fault, Places
from kbtools.languages.protocol import Interior, Language, Reading, Session, Shown


class Python(Language):
    """``python`` and ``py``."""

    title = "Python"
    runs = "always"
    portable = True

    def read(self, places: Places, options: Options) -> Reading:
        tree = pycode.parse(places)
        if isinstance(tree, Fault):
            return Reading((tree,), names.UNKNOWN)
        found = names.analyse(tree, places.name)
        if options.repl:
            found = without_underscore(found)
        shown: tuple[Shown, ...] = ()
        if options.compare:
            comments = print_comments.find(tree, places, repl=options.repl)
            shown = tuple(Shown(c.span, c.text, c.print_line) for c in comments)
        return Reading((), found, device_needs.needs(tree), shown)

    def run(self, code: str, session: Session) -> None:
        cast(Interior, session).python()


def without_underscore(found: Names) -> Names:
    """A prompt binds ``_`` to the last value it has shown."""
    return replace(found, reads=tuple(read for read in found.reads if read.name != "_"))
