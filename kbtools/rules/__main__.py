"""``python -m kbtools.rules docs/rules``: writes the documentation of rules from their docstrings.

Pages of rules that are gone are removed; nothing else in the folder is touched, and the same rules give the same bytes.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from kbtools.rules import Rule, all_rules

GROUPS = {
    "frontmatter": "What stands between the two lines of `---` at a page's top.",
    "links": "Wikilinks, embeds and the places they lead to.",
    "snippets": "Code fences: how they are written, and what happens when they run.",
    "vault": "Pages as files and in relation to each other.",
}
MARK = "<!-- Generated from the rule's docstring by `python -m kbtools.rules`. Edit that, not this. -->"

_FENCE = re.compile(r"^(?P<m>`{3,})(?P<info>[^`\n]*)\n(?P<body>.*?)^(?P=m)$", re.MULTILINE | re.DOTALL)


def quoted(doc: str) -> str:
    """The Markdown of a docstring with all examples displayed and none executed: each becomes text in a longer
    fence."""

    def show(fence: re.Match[str]) -> str:
        if fence["info"].startswith("markdown"):
            return fence[0]
        return f"{fence['m']}`markdown\n{fence[0]}\n{fence['m']}`"

    return _FENCE.sub(show, doc)


def page(rule: Rule) -> str:
    """The page of one rule."""
    return "\n".join(
        (
            MARK,
            "",
            f"# {rule.name}",
            "",
            f"Severity: **{rule.severity.value}** · Group: [{rule.group}](index.md#{rule.group})",
            "",
            quoted(rule.doc).rstrip("\n"),
            "",
        )
    )


def index(rules: Mapping[str, Rule]) -> str:
    """The page that lists all rules by group."""
    out = [
        "---",
        "title: Rules",
        "---",
        MARK,
        "",
        "# Rules",
        "",
        "What `kb check` reports. `kb rule NAME` shows the same text at a terminal.",
        "",
        "Severities are the defaults. Set another, or `off`, in the",
        "[configuration](../guide/configuration.md#rules), or",
        "[ignore one finding](../guide/authoring.md#ignoring-a-finding) on a page.",
        "Errors fail `kb check`; warnings fail it with `--strict`; infos never do.",
    ]
    for group, about in GROUPS.items():
        rows = [r for _, r in sorted(rules.items()) if r.group == group]
        out += ["", f"## {group}", "", about, "", "| rule | severity | reports |", "|---|---|---|"]
        out += [f"| [{r.name}]({r.name}.md) | {r.severity.value} | {r.summary} |" for r in rows]
    return "\n".join((*out, ""))


def pages(rules: Mapping[str, Rule]) -> dict[str, str]:
    """Every generated page by file name. Raises ValueError for a rule of a group that has no heading."""
    if strange := {r.group for r in rules.values()} - set(GROUPS):
        raise ValueError(f"no description of the group {', '.join(sorted(strange))}")
    return {"index.md": index(rules)} | {f"{name}.md": page(rule) for name, rule in rules.items()}


def main(words: Sequence[str]) -> int:
    """Writes the pages into a folder. Returns the exit code."""
    parser = argparse.ArgumentParser("python -m kbtools.rules", description="Write the documentation of rules.")
    parser.add_argument("folder", type=Path, help="the folder of the pages, one a rule")
    folder: Path = parser.parse_args(words).folder
    folder.mkdir(parents=True, exist_ok=True)
    written = pages(all_rules())
    for name, text in written.items():
        (folder / name).write_bytes(text.encode("utf-8"))
    for old in folder.glob("*.md"):
        if old.name not in written and MARK.encode() in old.read_bytes():
            old.unlink()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
