"""Python: one namespace a session, its names known before it runs."""

from __future__ import annotations

from typing import cast

from kbtools.codefence import device_needs, expected_output, names, pycode
from kbtools.codefence.annotations import Options
from kbtools.codefence.pycode import Fault, Places
from kbtools.languages import pycon
from kbtools.languages.protocol import Interior, Language, Reading, Session


class Python(Language):
    """``python`` and ``py``."""

    title = "Python"
    runs = "always"
    portable = True

    def read(self, places: Places, options: Options) -> Reading:
        if pycon.has_prompts(places.text):
            return pycon.read(places, loose=True)
        by = pycode.margin(places.lines)
        if by:
            places = places.behind(
                [line[by:] for line in places.lines], dict.fromkeys(range(1, len(places.lines) + 1), by)
            )
        parsed = pycode.parse(places)
        if isinstance(parsed, Fault):
            return Reading((parsed,), names.UNKNOWN)
        tree, nodes = parsed.tree, parsed.nodes
        found = names.UNKNOWN if nodes is None else names.analyse(tree, places.name, flat=True)
        if options.repl:
            found = names.without_underscore(found)
        output = expected_output.find(tree, places, repl=options.repl, nodes=nodes)
        return Reading((), found, device_needs.needs(tree, nodes), output.shown, output.stray)

    def run(self, code: str, session: Session) -> None:
        cast(Interior, session).python()
