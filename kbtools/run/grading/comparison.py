"""Compares the output of a step with what its page expects, and with its output in other runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from kbtools.fences import value_forms
from kbtools.fences.expected import agreement, expect
from kbtools.fences.expected.form import Form
from kbtools.fences.expected.raised import raised
from kbtools.run.job import ExpectedOutput, Step
from kbtools.run.results.outcomes import Compared, Comparison, Printed

_NAMED = 80
_PATHS = "paths are written otherwise on this system"
_ERRORS = "it went to standard error, which is not compared"
_SHOWS_NOTHING = "the snippet prints nothing and has no value"


class ActualOutput(NamedTuple):
    """Output of a step: its whole standard output, and the output and values of each observed statement."""

    stdout: str
    printed: Sequence[Printed]
    whole: bool = True
    """The step ran to its end."""
    stderr: str = ""


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
    alone: bool = False
    """The step ran without the earlier ones: only whether output agrees with the page here matters."""


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

    def reviewed(self, first: ActualOutput, runs: Sequence[OtherRun]) -> OutputCheck:
        """The comparison in view of other runs: output that differs between any of them and the first is not
        compared."""
        if self.actual is None:
            return self
        want = self.want
        reached = (
            r.output for r in runs if r.output.whole or want.statement is None or _at(want.statement, r.output).texts
        )
        if not _varies(want, output_of(want, first), [output_of(want, output) for output in reached]):
            return self
        return self.excused(runs[-1].excuse)

    def excused(self, why: str) -> OutputCheck:
        """The comparison, left out if the output differs."""
        return self if self.actual is None else OutputCheck(self.want, why, None)


def reviewed(
    step: Step, checks: list[OutputCheck], first: ActualOutput, again: Iterable[OtherRun]
) -> list[OutputCheck]:
    """The comparisons in view of other runs, as many as are needed. Output that agrees with the page in one of them is
    not compared."""
    runs: list[OtherRun] = []
    for other in again:
        if other.if_none_agrees:
            equal = (check.want for check in checks if check.why_not is None and check.actual is None)
            if other.agreed or any(output_of(want, first) != output_of(want, other.output) for want in equal):
                continue
        pairs = zip(checks, compare(step, other.output), strict=True)
        checks = [one if two.actual is not None or two.why_not else one.excused(other.excuse) for one, two in pairs]
        if other.alone:
            continue
        runs.append(other)
        alike = [run for run in runs if run.excuse == other.excuse]
        checks = [check.reviewed(first, alike) for check in checks]
        if all(check.actual is None for check in checks):
            break
    return checks


def compare(step: Step, given: ActualOutput, *, cut: bool = False) -> list[OutputCheck]:
    """Compares each expectation of a step with its output; ``cut``: the output was truncated."""
    checks = []
    for want in step.expects:
        why, actual = want.why_not, None
        if why is None and want.statement is None:
            alone, *with_value = _whole(want, given)
            typed = _typed(want, given)
            forms = (alone, *with_value, *typed)
            is_met = any(expect.matches(want.text, text) for text in forms)
            is_met = is_met or _ends_in_value(want.text, alone, with_value)
            is_met = is_met or (value_forms.says_nothing(want.text) and not alone.strip())
            if not is_met and any(agreement.is_path_elsewhere(want.text, text) for text in forms):
                why = _PATHS
            if not is_met and any(expect.matches(want.text, text) for text in _terminal(given)):
                why = _ERRORS
            if not is_met and why is None and want.shows == () and not given.stdout:
                why = _SHOWS_NOTHING
            actual = None if is_met or why is not None else output_of(want, given)
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
        errors = [given.stderr] if _is_only_error(given) else []
        forms = [alone, *with_value[:1], *_typed(want, given), *errors]
        count = len(want.text.strip().split("\n"))
        enough = (form for form in forms if form.strip() and len(form.strip().split("\n")) >= count)
        return next(enough, forms[-1])
    found = _at(want.statement, given)
    return "".join(found.texts) or "\n".join(value[0] for value in found.values if value is not None)


def _at(place: tuple[int, int] | None, given: ActualOutput) -> Printed:
    return next((one for one in given.printed if one.statement == place), Printed((0, 0), ()))


def _whole(want: ExpectedOutput, given: ActualOutput) -> list[str]:
    """The whole output, followed by the value of the last expression, as a notebook shows it."""
    (*_, value) = (None, *_at(want.last, given).values) if want.last is not None else (None,)
    return [given.stdout, *(f"{given.stdout}{form}\n" for form in value or ())]


def _is_only_error(given: ActualOutput) -> bool:
    return bool(given.stderr.strip()) and not given.stdout.strip()


def _terminal(given: ActualOutput) -> list[str]:
    """What a terminal shows, where the step writes to standard error as well, such as messages of ``logging``."""
    if not given.stderr.strip():
        return []
    return [given.stderr] if _is_only_error(given) else [given.stdout + given.stderr, given.stderr + given.stdout]


def _typed(want: ExpectedOutput, given: ActualOutput) -> list[str]:
    """What the prompt shows of the snippet: the value of each expression below what it printed. Nothing if other
    statements printed as well."""
    found = [_at(place, given) for place in want.shows or ()]
    if not found or "".join(text for one in found for text in one.texts) != given.stdout:
        return []
    shown = (text + (f"{value[0]}\n" if value else "") for one in found for text, value in _valued(one))
    return ["".join(shown)]


def _valued(one: Printed) -> Iterable[tuple[str, tuple[str, str] | None]]:
    """What each execution of a statement printed, and its value."""
    return zip(one.texts, (*one.values, *(None,) * (len(one.texts) - len(one.values))), strict=True)


def _ends_in_value(shown: str, printed: str, with_value: Sequence[str]) -> bool:
    """Whether an output fence shows what was printed, and below it the value of the last expression."""
    if not with_value:
        return False
    count = len(printed.strip().split("\n")) if printed.strip() else 0
    lines = shown.strip("\n").split("\n")
    above, below = "\n".join(lines[:count]), "\n".join(lines[count:])
    return expect.matches(above, printed) and _spelled(below, with_value[0][len(printed) :].strip("\n"))


def _spelled(shown: str, value: str) -> bool:
    """Whether a value, which is not printed, is shown as notebooks and people spell it."""
    strings = agreement.strings(shown, value)
    return strings[0] == strings[1] if strings is not None else agreement.transcribed(shown, value, dicts=True)


def _varies(want: ExpectedOutput, one: str, others: Sequence[str]) -> bool:
    """Whether every difference from the expectation also varies between runs; compared by line if lines match."""
    exception = raised(want.text)
    if exception is not None and exception.has_header and not any(map(raised, (one, *others))):
        return False  # nothing is raised in any run
    wanted, first = (text.strip("\n").split("\n") for text in (want.text, one))
    different = [other.strip("\n").split("\n") for other in others if other != one]
    if not different:
        return False
    if want.statement is not None and (len(first) == 1 or any(_ends_otherwise(one, other) for other in others)):
        return True
    alike = [second for second in different if len(second) == len(first)]
    varied = [any(second[at] != line for second in alike) for at, line in enumerate(first)]
    if len(wanted) != len(first):
        return all(varied)
    return all(v or expect.matches(text, line) for v, text, line in zip(varied, wanted, first, strict=True))


def _ends_otherwise(one: str, other: str) -> bool:
    """Whether an exception ends just one of two outputs at the prompt."""
    return (raised(one) is None) != (raised(other) is None)


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
        if want.form is Form.OUTPUT and want.value and value is not None and _spelled(want.text, value[0]):
            continue
        if want.form is Form.OUTPUT and agreement.is_path_elsewhere(want.text, text):
            return _PATHS, None
        if want.form is Form.TRANSCRIPT and agreement.raises_alike(want.text, text):
            return "the exception's message is another", None
        # Below a prompt all is output, unless it is a mark such as "?".
        is_claim = want.form is Form.TRANSCRIPT and any(map(str.isalnum, want.text))
        kinds = value if value is not None and want.form is not Form.OUTPUT and not is_claim else ()
        if kinds and not any(agreement.same_kind(want.text, form) for form in kinds):
            return "the value is of another kind", None
        if want.value and want.form is not Form.OUTPUT and not text and value is None:
            return "it has no value and prints nothing", None
        wrong = wrong if wrong is not None else text or (value[0] if value else "")
    return None, wrong


def holds(want: ExpectedOutput, text: str) -> bool:
    """Whether the output or a value meets an expectation."""
    if not text.strip() and value_forms.says_nothing(want.text):
        return True
    if want.form is Form.COMMENT:
        return agreement.agrees(want.text, text, short=want.short, value=want.value)
    if want.form is Form.TRANSCRIPT:
        return agreement.transcribed(want.text, text, dicts=want.value)
    return expect.matches(want.text, text)
