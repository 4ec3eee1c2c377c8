"""Compares the output of a step with what its page expects, and with its output in other runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kbtools.fences.expected import agreement, expect
from kbtools.fences.expected.form import Form
from kbtools.fences.expected.raised import raised
from kbtools.run.job import ExpectedOutput, Step
from kbtools.run.results.outcomes import Compared, Comparison, Printed

_NAMED = 80


class ActualOutput(NamedTuple):
    """Output of a step: its whole standard output, and the output and values of each observed statement."""

    stdout: str
    printed: Sequence[Printed]
    whole: bool = True
    """The step ran to its end."""


class OtherRun(NamedTuple):
    """The result of a step under other conditions."""

    output: ActualOutput
    excuse: str
    """The reason why output that differs between the runs is not compared."""
    if_none_agrees: bool
    """Such output is not compared only if none of it agrees with the page: if some does, the page shows this very
    run."""
    agreed: bool
    """Such output of an earlier step agrees with the page."""


class OutputCheck(NamedTuple):
    """Comparison of one expectation with the actual output."""

    want: ExpectedOutput
    why_not: str | None
    """Why the expectation is not compared."""
    actual: str | None
    """The actual output when it differs; None when it is as expected."""

    def compared(self, step: Step) -> Compared:
        """The comparison as stored in the outcome."""
        different = Comparison.EQUAL if self.actual is None else Comparison.DIFFERENT
        state = Comparison.NOT_COMPARED if self.why_not else different
        return Compared(self.want.line - step.line, state, self.why_not)

    def line(self, step: Step) -> int:
        """The page line to report."""
        return self.want.line if self.want.statement is None else step.line + self.want.statement[0]

    def description(self, step: Step) -> str:
        """Message that describes the difference."""
        return f"line {self.line(step)}: {expect.explain(self.want.text, self.actual or '')}"

    def reviewed(self, first: ActualOutput, other: OtherRun) -> OutputCheck:
        """The comparison in view of another run: output that differs between the two runs is not compared."""
        if self.actual is None:
            return self
        reached = other.output.whole or self.want.statement is None or _at(self.want.statement, other.output).texts
        if not reached or not _varies(self.want, output_of(self.want, first), output_of(self.want, other.output)):
            return self
        return OutputCheck(self.want, other.excuse, None)


def reviewed(checks: list[OutputCheck], first: ActualOutput, again: Iterable[OtherRun]) -> list[OutputCheck]:
    """The comparisons in view of other runs, as many as are needed."""
    for other in again:
        if other.if_none_agrees:
            equal = (check.want for check in checks if check.why_not is None and check.actual is None)
            if other.agreed or any(output_of(want, first) != output_of(want, other.output) for want in equal):
                continue
        checks = [check.reviewed(first, other) for check in checks]
        if all(check.actual is None for check in checks):
            break
    return checks


def compare(step: Step, given: ActualOutput, *, cut: bool = False) -> list[OutputCheck]:
    """Compares each expectation of a step with its output; ``cut``: the output was truncated."""
    checks = []
    for want in step.expects:
        why, actual = want.why_not, None
        if why is None and want.statement is None:
            whole = _whole(want, given)
            actual = None if any(expect.matches(want.text, text) for text in whole) else output_of(want, given)
        elif why is None:
            found = _at(want.statement, given)
            why, actual = _unlike(want, found)
            missing = _not_written(found, given.stdout) if why is None else None
            if missing is not None and actual is None:
                why, actual = ("too much was written", None) if cut else (None, f"nothing like {missing!r}")
        checks.append(OutputCheck(want, why, actual))
    return checks


def _not_written(found: Printed, stdout: str) -> str | None:
    """The first text that a statement reportedly printed and that is missing in the output, in order; None if all is
    there.

    The worker, in which the page's code runs, reports the output of statements; stdout was read by this process.
    """
    at = 0
    for reported in found.texts:
        if "\N{REPLACEMENT CHARACTER}" in reported:
            continue  # not decodable, and truncated at another place in the output
        error = raised(reported)
        # A traceback at the prompt is not part of standard output.
        text = error.before.removesuffix("\n") if error is not None and error.has_header else reported
        at = stdout.find(text, at)
        if at < 0:
            return text if len(text) <= _NAMED else text[:_NAMED] + "…"
        at += len(text)
    return None


def output_of(want: ExpectedOutput, given: ActualOutput) -> str:
    """The actual output for an expectation."""
    if want.statement is None:
        alone, *with_value = _whole(want, given)
        more = len(want.text.strip().split("\n")) > len(alone.strip().split("\n"))
        return with_value[0] if with_value and (more or not alone.strip()) else alone
    found = _at(want.statement, given)
    return "".join(found.texts) or "\n".join(value[0] for value in found.values if value is not None)


def _at(place: tuple[int, int] | None, given: ActualOutput) -> Printed:
    return next((one for one in given.printed if one.statement == place), Printed((0, 0), ()))


def _whole(want: ExpectedOutput, given: ActualOutput) -> list[str]:
    """The whole output, followed by the value of the last expression, as a notebook shows it."""
    (*_, value) = (None, *_at(want.last, given).values) if want.last is not None else (None,)
    return [given.stdout, *(f"{given.stdout}{form}\n" for form in value or ())]


def _varies(want: ExpectedOutput, one: str, other: str) -> bool:
    """Whether every difference from the expectation also varies between two runs; compared by line if lines match."""
    if one == other:
        return False
    wanted, first, second = (text.strip("\n").split("\n") for text in (want.text, one, other))
    if want.statement is not None and len(first) == 1:
        return True
    if len(first) != len(second) or len(wanted) != len(first):
        return len(first) == len(second) and all(a != b for a, b in zip(first, second, strict=True))
    return all(a != b or expect.matches(text, a) for text, a, b in zip(wanted, first, second, strict=True))


def _unlike(want: ExpectedOutput, found: Printed) -> tuple[str | None, str | None]:
    """(reason why it cannot be compared, differing output) of an expectation; both are None if it is met."""
    if not found.texts:
        return "never reached", None
    if holds(want, "".join(found.texts)):
        return None, None
    worth = found.values if want.value else ()
    wrong = None
    for at, text in enumerate(found.texts):
        value = worth[at] if at < len(worth) else None
        # None is a value too, except at the prompt, which does not show it.
        nothing = value is None and not text and want.value and want.form is not Form.TRANSCRIPT
        forms = ("None",) if nothing else value or ()
        strings = agreement.strings(want.text, value[0]) if value is not None and want.form is not Form.OUTPUT else None
        if strings is not None:
            # In quotes, a line break is shown as such: only printed text may differ in blanks.
            if strings[0] == strings[1]:
                continue
            forms = forms[:1]
        if any(holds(want, form) for form in (*([text] if text or value is None else ()), *forms)):
            continue
        if want.form is Form.TRANSCRIPT and agreement.raises_alike(want.text, text):
            return "the exception's message is another", None
        kinds = value if value is not None and want.form is not Form.OUTPUT else ()
        if kinds and not any(agreement.same_kind(want.text, form) for form in kinds):
            return "the value is of another kind", None
        if want.value and want.form is not Form.OUTPUT and not text and value is None:
            return "it has no value and prints nothing", None
        wrong = wrong if wrong is not None else text or (value[0] if value else "")
    return None, wrong


def holds(want: ExpectedOutput, text: str) -> bool:
    """Whether the output or a value meets an expectation."""
    if want.form is Form.COMMENT:
        return agreement.agrees(want.text, text, short=want.short, value=want.value)
    if want.form is Form.TRANSCRIPT:
        return agreement.transcribed(want.text, text, dicts=want.value)
    return expect.matches(want.text, text)
