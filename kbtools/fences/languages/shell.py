"""Shell fences: scripts are checked for syntax and run with ``.run``; so are the commands of transcripts.

The syntax is checked by a shell in a process: see ``kbtools.run.processes.shell_syntax``. This module extracts the
commands.
"""

from __future__ import annotations

import re
from typing import cast

from kbtools.fences.languages.protocol import Interior, Language, Session

SHELLS = {"bash": "bash", "sh": "sh", "shell": "bash", "zsh": "zsh"}
"""The program that runs a fence of the language."""

# A word in angle brackets is a placeholder for the reader; a shell reads it as a redirection.
_PLACEHOLDER = re.compile(r"(?<![<>&\d\"'])<[^\W\d][^<>\n\"'`$;&()]{0,60}>(?!>)")
# user@host, a virtual environment in parentheses, then $, # (root) or % (zsh).
_PROMPT = re.compile(r"[ \t]*(?:\([\w.-]{1,40}\) ?)?(?:[\w.-]{1,40}@[\w.-]{1,60}[: ][^\s$#%]{0,80} ?)?[$#%] (?=\S)")
_OTHER_PROMPT = re.compile(
    r"^[ \t]*(?:[➜❯]|(?:\(gdb\)|pwndbg>|gdb-peda\$|gef➤|mysql>|sqlite>|>>>|PS [A-Z]:\\[^>\n]*>)(?:[ \t]|$))",
    re.MULTILINE,
)
"""A prompt of a themed shell, a debugger or another program: the surrounding text is output."""
_MORE = re.compile(r"[ \t]*> ?")


class Script(Language):
    """``bash``, ``sh``, ``shell`` and ``zsh``."""

    title = "shell"
    runs = "asked"
    why_not = "shell: its syntax is checked; add .run to run it"

    def run(self, code: str, session: Session) -> None:
        cast(Interior, session).shell()


class Transcript(Language):
    """``console``: commands behind ``$``, and their output."""

    title = "console"
    why_not = "console: the syntax of its commands is checked; .run is for bash, sh, shell, zsh"


class Foreign(Language):
    """Shells for which kb runs no program."""

    title = "shell"
    why_not = "shown, not run: .run is for bash, sh, shell, zsh"


def commands(language: str, code: str) -> tuple[str, bool] | None:
    """The parts of a fence that a shell can check, with line numbers kept, and whether it is a transcript; None for
    nothing.

    ``<name>`` is treated as a word. For a transcript (or a script with prompts) only the commands are included;
    nothing of a session whose commands cannot be distinguished from their output.
    """
    lines = code.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if language in SHELLS and _OTHER_PROMPT.search(code) is not None:
        return None
    transcript = language not in SHELLS or (_PROMPT.match(first) is not None and not first.lstrip().startswith("#"))
    if transcript:
        lines = _typed(lines)
    text = "\n".join(lines).replace("\0", "\N{REPLACEMENT CHARACTER}")
    text = _PLACEHOLDER.sub(lambda m: "x" * len(m[0]), text)
    return (text, transcript) if text.strip() else None


def _typed(lines: list[str]) -> list[str]:
    out: list[str] = []
    goes_on = False
    for line in lines:
        prompt = _PROMPT.match(line) or (_MORE.match(line) if goes_on else None)
        goes_on = prompt is not None or (goes_on and out[-1].endswith("\\"))
        out.append(line[prompt.end() :] if prompt is not None else line if goes_on else "")
    return out


_WORD = r"(?:[\w./:=@%+,~-]|\\[ .]|\$\w|\"[^\"$`\\\n]*\"|'[^'\n]*')"
_PLAIN = re.compile(rf"[ \t]*(?:#[^\n]*|(?:{_WORD}+[ \t]+)*(?:{_WORD}+)?(?:\\|[ \t]#[^\n]*)?)[ \t]*")
_RESERVED = frozenset(
    "if then else elif fi case esac for select while until do done in function time coproc { } ! [[ ]]".split()  # noqa: SIM905
)


def is_plain(text: str) -> bool:
    """Whether every line is a command of plain words, which is always valid: true for most pages."""
    for line in text.split("\n"):
        if _PLAIN.fullmatch(line) is None or not _RESERVED.isdisjoint(line.split()):
            return False
    return True
