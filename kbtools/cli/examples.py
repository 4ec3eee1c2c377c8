"""Examples shown at the end of ``kb COMMAND --help``."""

from __future__ import annotations

EXAMPLES: dict[str, tuple[tuple[str, str], ...]] = {
    "init": (
        ("kb init ~/notes", "shows what it found and proposes"),
        ("kb init ~/notes --diff", "shows the files in full"),
    ),
    "check": (
        ("kb check", "everything, snippets included"),
        ("kb check --no-run --statistics", "findings by rule, and what to do first"),
        ("kb check --no-run --vault ~/notes", "any folder, as it is"),
        ("kb check --changed-since main", "what this branch changes"),
    ),
    "fix": (("kb fix --diff", "shows the safe fixes"), ("kb fix docs/topics", "applies them below a folder")),
    "reconcile": (
        ("kb reconcile --diff", "shows how links would be respelled"),
        ("kb reconcile --apply", "does it"),
    ),
    "run": (
        ("kb run topics/Autograd.md", "one page"),
        ("kb run topics/Autograd.md::backward", "one snippet"),
        ("kb run --update", "writes what was printed into the pages"),
    ),
    "baseline": (
        ("kb baseline", "accepts the present findings"),
        ("kb baseline --prune", "lets go of what is mended"),
    ),
    "build": (("kb build", "checks, runs, builds the site"), ("kb build --no-run", "with the results that are stored")),
    "gate": (("kb gate", "checks and runs"), ("kb gate -- zensical build", "and builds with Zensical")),
    "serve": (("kb serve", "a preview at http://127.0.0.1:8000/"),),
    "lsp": (("kb lsp", "started by an editor, not by hand"),),
    "new": (('kb new "Harmonic Mean"', "starts topics/Harmonic-Mean.md"),),
    "import": (
        ("kb import analysis.ipynb", "makes a page of a notebook"),
        ("kb import Autograd.ipynb --into Autograd", "takes an exported notebook back"),
    ),
    "export": (("kb export Autograd", "writes Autograd.ipynb"),),
    "rename": (
        ('kb rename Momentum "Momentum Method" --diff', "shows what would change"),
        ('kb rename Momentum "Momentum Method" --apply', "does it"),
    ),
    "reinforce": (("kb reinforce topics/Autograd.md", "verified again today"),),
    "undo": (
        ("kb undo", "restores what the last command wrote"),
        ("kb undo 20261121T071434-27fe", "another run, as kb history lists them"),
        ("kb undo --finish", "completes a run that was cut short"),
    ),
    "history": (
        ("kb history", "what was written, newest first"),
        ("kb history 20261121T071434-27fe", "the files of one run"),
    ),
    "links": (("kb links --format jsonl", "one object a link, for scripts"),),
    "snippets": (("kb snippets docs/topics/Autograd.md", "ids, devices, and why one does not run"),),
    "pages": (("kb pages --format json", "names, frontmatter, headings"),),
    "graph": (("kb graph > graph.json", "nodes and edges"),),
    "stats": (("kb stats --most 20", "longer lists"),),
    "results": (("kb results merge cpu.json cuda.json -o all.json", "two machines, one report"),),
    "cache": (("kb cache", "what is kept, and where"), ("kb cache prune --older-than 30d", "less of it")),
    "config": (("kb config", "all settings"), ("kb config link_style", "one, with an example")),
    "schema": (("kb schema config > kb.schema.json", "for editors"),),
    "rule": (("kb rule broken-link", "why it is reported, and what to write instead"),),
    "completion": (("kb completion bash", "what ~/.bashrc needs for the Tab key"),),
}


def epilog(command: str) -> str:
    """The examples of a command, as the end of its help."""
    lines = EXAMPLES.get(command, ())
    width = max((len(line) for line, _ in lines), default=0)
    return "\n".join(["examples:", *(f"  {line:<{width}}  {meaning}" for line, meaning in lines)]) if lines else ""
