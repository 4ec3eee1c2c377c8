"""The messages in the code and the scripts of the site, and the catalogues that hold them in other languages.

``python tests/site/catalogues.py`` writes messages that are new into every catalogue, to be translated there.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages import Catalog
from babel.messages.pofile import read_po, write_po

SITE = Path(__file__).parents[2] / "kbtools" / "site"
LOCALES = SITE / "locale"
_IN_SCRIPT = re.compile(r'\b(_|many)\(\s*"((?:[^"\\]|\\.)*)"(?:,\s*"((?:[^"\\]|\\.)*)")?')

Message = str | tuple[str, str]


def messages() -> dict[Message, str]:
    """Every message with a place where it stands; those about a number of things as a pair."""
    found: dict[Message, str] = {}
    for file in sorted(SITE.rglob("*.py")):
        for message, line in _in_python(ast.parse(file.read_text(encoding="utf-8"))):
            found.setdefault(message, f"{file.relative_to(SITE).as_posix()}:{line}")
    for file in sorted({*SITE.parent.rglob("*.py")} - {*SITE.rglob("*.py")}):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Reason":
                message = ast.literal_eval(node.args[0])
                found.setdefault(message, f"{file.relative_to(SITE.parent).as_posix()}:{node.lineno}")
    for file in sorted((SITE / "assets").rglob("*.js")):
        if ".min." not in file.name and file.name != "words.js":
            text = file.read_text(encoding="utf-8")
            for m in _IN_SCRIPT.finditer(text):
                message = (m[2], m[3]) if m[1] == "many" else m[2]
                found.setdefault(
                    message, f"{file.relative_to(SITE).as_posix()}:{text.count(chr(10), 0, m.start()) + 1}"
                )
    return found


def _in_python(tree: ast.AST) -> Iterator[tuple[Message, int]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        given = [a.value for a in node.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        if isinstance(node.func, ast.Attribute) and node.func.attr == "many" and len(given) == 2:
            yield (given[0], given[1]), node.lineno
        elif _is_words(node.func) and given:
            yield given[0], node.lineno


def _is_words(function: ast.expr) -> bool:
    """``words("…")``, ``wiki.words("…")``, and ``self("…")`` within ``Words``."""
    if isinstance(function, ast.Name):
        return function.id in ("words", "self")
    return isinstance(function, ast.Attribute) and function.attr == "words"


def catalogue(language: str) -> Catalog:
    with (LOCALES / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def languages() -> list[str]:
    return sorted(file.stem for file in LOCALES.glob("*.po"))


def update(language: str) -> None:
    old = catalogue(language) if (LOCALES / f"{language}.po").is_file() else Catalog(locale=language)
    new = Catalog(locale=language, project="kbtools", copyright_holder="kbtools", charset="utf-8", fuzzy=False)
    for message, place in messages().items():
        key = message if isinstance(message, str) else message[0]
        held = old.get(key)
        new.add(message, held.string if held is not None else "", locations=[(place.rpartition(":")[0], None)])
    out = BytesIO()
    write_po(out, new, width=120, sort_output=True, include_lineno=False)
    head, _, rest = out.getvalue().decode().partition("\n\n")
    kept = [line for line in head.split("\n") if line.startswith(("msg", '"Language:', '"Plural', '"Content-Type'))]
    (LOCALES / f"{language}.po").write_text("\n".join([*kept, "", rest]), encoding="utf-8", newline="\n")


if __name__ == "__main__":
    for name in languages() or ["ko"]:
        update(name)
