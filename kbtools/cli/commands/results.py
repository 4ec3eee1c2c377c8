"""``kb results merge``: merges the reports of several machines or shards into one."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

from kbtools.cli.arguments import Arguments
from kbtools.cli.output_file import write_output
from kbtools.cli.workspace import emit, plural, say
from kbtools.errors import KbError


def configure(arguments: Arguments) -> None:
    arguments.add_argument("action", choices=["merge"], help="merge reports written by kb run --report")
    arguments.add_argument("files", nargs="+", metavar="FILE", help="reports in JSON")
    arguments.add_argument("-o", "--output", metavar="OUT", help="file to write (default: standard output)")


def run(args: SimpleNamespace) -> int:
    from kbtools.output.json import dumps
    from kbtools.run import report as reports
    from kbtools.run.results.outcomes import Outcome
    from kbtools.run.results.parity import line, parity

    merged = reports.merge([(name, reports.load(Path(name))) for name in args.files])
    text = dumps(merged, indent=1)
    if args.output is None:
        emit((text,))
    else:
        out = Path(args.output)
        try:
            write_output(out, (text + "\n").encode("utf-8"))
        except OSError as e:
            raise KbError(f"the report cannot be written to {out}: {e.strerror}", "name another file with -o") from e
    outcomes = [Outcome.from_json(entry) for entry in merged["outcomes"]]
    compared = line(parity(outcomes))
    parts = (plural(len(args.files), "report"), reports.line(outcomes), compared)
    say(" · ".join(part for part in parts if part))
    return int(bool(reports.failed(outcomes)))
