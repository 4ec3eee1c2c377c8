"""Has the shell fences of pages checked by a shell, if there are any."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kbtools.run.processes.shell_syntax import SyntaxResults
    from kbtools.vault.page import Page


def judge_of(state: Path) -> Callable[[Iterable[Page]], SyntaxResults | None]:
    """Checks the shell fences of pages with shells; None if the pages have none. Results are cached in ``state``."""

    def judge(pages: Iterable[Page]) -> SyntaxResults | None:
        fenced = [page for page in pages if page.structure.fences]
        if not fenced:
            return None
        from kbtools.fences.languages.registry import JUDGED

        asked = [page for page in fenced if any(f.header.language.lower() in JUDGED for f in page.structure.fences)]
        if not asked:
            return None
        from kbtools.run.processes.shell_syntax import check

        return check((snippet for page in asked for snippet in page.snippets), state)

    return judge
