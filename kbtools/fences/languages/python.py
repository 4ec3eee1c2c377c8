"""Python fences: analysed for syntax, names, devices and expected output; run in the session's namespace."""

from __future__ import annotations

from typing import cast

from kbtools.fences.annotations import Options
from kbtools.fences.expected import expected_output, stated_exception
from kbtools.fences.languages import pycon
from kbtools.fences.languages.protocol import Interior, Language, Reading, Session
from kbtools.fences.python import device_needs, names, pycode
from kbtools.fences.python.pycode import Fault, Places


class Python(Language):
    """``python`` and ``py``."""

    title = "Python"
    runs = "always"
    portable = True

    def read(self, places: Places, options: Options) -> Reading:
        code, by = pycode.runnable(places.text)
        if code != places.text:
            places = places.behind(code.split("\n"), dict.fromkeys(range(1, len(places.lines) + 1), by))
        if pycon.has_prompts(code):
            return pycon.read(places, loose=True)
        parsed = pycode.parse(places)
        if isinstance(parsed, Fault):
            # Code that should raise a SyntaxError never runs, and binds nothing.
            return Reading((parsed,), names.Names() if parsed.is_meant(options.raises) else names.UNKNOWN)
        tree, nodes = parsed.tree, parsed.nodes
        found = names.UNKNOWN if nodes is None else names.analyse(tree, places.name, flat=True)
        if options.repl:
            found = names.without_underscore(found)
        output = expected_output.find(tree, places, repl=options.repl, nodes=nodes)
        devices = device_needs.analyse(tree, nodes) if nodes is not None else device_needs.NOTHING
        return Reading(
            names=found,
            needs=devices.needs,
            ordinals=devices.ordinals,
            tree=tree if nodes is not None else None,
            shown=output.shown,
            stray=output.stray,
            raises=stated_exception.find(tree, places),
        )

    def run(self, code: str, session: Session) -> None:
        cast(Interior, session).python()
