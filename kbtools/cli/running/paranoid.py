"""``--paranoid``: runs a sample of the stored results again and compares."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from kbtools.cli.progress import Progress
from kbtools.cli.workspace import plural
from kbtools.run.results.outcomes import Outcome
from kbtools.run.results.verify_cache import WRONG, sample, verify


def verify_stored(
    outcomes: list[Outcome],
    share: float,
    again: Callable[[Sequence[str]], tuple[Outcome, ...]],
    progress: Progress,
) -> list[Outcome]:
    """Run a random share of the pages with stored results once more, with ``again``, and print how the results
    compare.

    Returns all outcomes, with the new ones in place of the stored ones.
    """
    pages = sample(outcomes, share)
    if not pages:
        progress.say("paranoid: nothing was taken from the store")
        return outcomes
    found = verify(outcomes, pages, again)
    wrong = sum(outcome.reason == WRONG for outcome in found.outcomes)
    summary = f"paranoid: {plural(found.compared, 'stored result')} of {plural(len(pages), 'page')} run again"
    progress.say(f"{summary}, {wrong} wrong" if wrong else f"{summary}, all as stored")
    for id in found.unsteady:
        progress.say(
            f"paranoid: {id} prints something else at every run, so it cannot be compared with its stored result"
        )
    return [*(o for o in outcomes if o.path not in pages), *found.outcomes]
