"""Python: one namespace a session, its names known before it runs."""

from __future__ import annotations

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
        parsed = pycode.parse(places)
        if isinstance(parsed, Fault):
            return Reading((parsed,), names.UNKNOWN)
        tree, nodes = parsed.tree, parsed.nodes
        found = names.UNKNOWN if nodes is None else names.analyse(tree, places.name, flat=True)
        if options.repl:
            found = without_underscore(found)
        shown: tuple[Shown, ...] = ()
        if options.compare:
            comments = print_comments.find(tree, places, repl=options.repl, nodes=nodes)
            shown = tuple(Shown(c.span, c.text, c.print_line) for c in comments)
        return Reading((), found, device_needs.needs(tree, nodes), shown)

    def run(self, code: str, session: Session) -> None:
        cast(Interior, session).python()


def without_underscore(found: Names) -> Names:
    """A prompt binds ``_`` to the last value it has shown."""
    reads = tuple(read for read in found.reads if read.name != "_")
    return Names(found.defines, found.removes, reads, found.open)
