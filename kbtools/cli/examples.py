"""Examples shown at the end of ``kb COMMAND --help``."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "init": (
        ("kb init ~/notes", "show what was found and the proposed files"),
        ("kb init ~/notes --diff", "show the proposed files in full"),
    ),
    "check": (
        ("kb check", "check everything, snippets included"),
        ("kb check --no-run --statistics", "count the findings by rule, and say what to do first"),
        ("kb check --no-run --vault ~/notes", "check any folder, without setup"),
        ("kb check --changed-since main", "check only what this branch changes"),
    ),
    "fix": (("kb fix --diff", "show the safe fixes"), ("kb fix docs/topics", "apply them in a folder")),
    "reconcile": (
        ("kb reconcile --diff", "show the links that would change"),
        ("kb reconcile --apply", "change them"),
    ),
    "run": (
        ("kb run topics/Autograd.md", "run one page"),
        ("kb run topics/Autograd.md::backward", "run one snippet"),
        ("kb run --update", "write new output into the pages"),
    ),
    "baseline": (
        ("kb baseline", "accept today's findings"),
        ("kb baseline --prune", "remove entries that are fixed"),
    ),
    "build": (("kb build", "check, run and build"), ("kb build --no-run", "build with stored results")),
    "gate": (("kb gate", "check and run"), ("kb gate -- zensical build", "check and run, then build with Zensical")),
    "serve": (("kb serve", "serve the preview at http://127.0.0.1:8000/"),),
    "lsp": (("kb lsp", "started by the editor"),),
    "new": (('kb new "Harmonic Mean"', "create topics/Harmonic-Mean.md"),),
    "import": (
        ("kb import analysis.ipynb", "turn a notebook into a page"),
        ("kb import Autograd.ipynb --into Autograd", "take edits of an exported notebook back into its page"),
    ),
    "export": (("kb export Autograd", "write Autograd.ipynb"),),
    "rename": (
        ('kb rename Momentum "Momentum Method" --diff', "show what would change"),
        ('kb rename Momentum "Momentum Method" --apply', "rename it"),
    ),
    "reinforce": (("kb reinforce topics/Autograd.md", "set last_reinforced to today"),),
    "undo": (
        ("kb undo", "undo the last command that changed files"),
        ("kb undo 20261121T071434-27fe", "undo the run of this name, as listed by kb history"),
        ("kb undo --finish", "complete a run that was interrupted"),
    ),
    "history": (
        ("kb history", "list the runs, newest first"),
        ("kb history 20261121T071434-27fe", "list the files of one run"),
    ),
    "links": (("kb links --format jsonl", "print one JSON object per link"),),
    "snippets": (("kb snippets docs/topics/Autograd.md", "print ids, devices, and why a snippet does not run"),),
    "pages": (("kb pages --format json", "print titles, frontmatter and headings"),),
    "graph": (("kb graph > graph.json", "print nodes and edges"),),
    "stats": (("kb stats --most 20", "print longer lists"),),
    "results": (("kb results merge cpu.json cuda.json -o all.json", "merge two reports into one"),),
    "cache": (
        ("kb cache", "show size and place of each cache"),
        ("kb cache prune --older-than 30d", "delete entries unused for 30 days"),
    ),
    "config": (("kb config", "show all settings"), ("kb config link_style", "show one setting, with an example")),
    "schema": (("kb schema config > kb.schema.json", "write a schema that editors can use"),),
    "rule": (("kb rule broken-link", "show why it is reported, and what to write instead"),),
    "completion": (("kb completion bash", "print what to add to ~/.bashrc"),),
}


def epilog(command: str) -> str:
    """The examples of a command, as the end of its help."""
    lines = EXAMPLES.get(command, ())
    width = max((len(line) for line, _ in lines), default=0)
    return "\n".join(["examples:", *(f"  {line:<{width}}  {meaning}" for line, meaning in lines)]) if lines else ""
