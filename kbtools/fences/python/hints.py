"""Hints for code that does not run, by Python's error message: a table for check, run and pytest.

An entry matches the exception (``ModuleNotFoundError: No module named 'x'``), and the line or the whole code if it
has a pattern for it. The first matching entry provides the hint.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import NamedTuple

from kbtools.fences.value_forms import is_value

_SYNTAX = r"(?:SyntaxError|IndentationError|TabError)\b"
_OUTPUT = ("output", "`text`, or `output` behind the snippet that prints it")
_SHAPES: tuple[tuple[str, str, str], ...] = (
    (r"^[ \t]*Traceback \(most recent call last\)", "a traceback", "`text`, or `output` behind the snippet"),
    (r"^[ \t]*(?:>>>|In \[\d+\]:|Out\[\d+\]:)", "a session at Python's prompt", "`pycon`, each line behind `>>> `"),
    (
        r"\A\s*(?:[\w.@~/:-]*[$%] \S|[\w.-]+@[\w.-]+\S*# \S"
        r"|(?:\$ )?(?:sudo|pip3?|conda|python3?|apt(?:-get)?|brew|git|npm|docker|curl|wget"
        r"|mkdir|cd|ls|source|export|uv|poetry) [\w./~-])",
        "commands for a shell",
        "`bash`, or `console` with its output",
    ),
    (r"^[ \t]*[+|][-=+:|]{3}|^[ \t]*\|[^|\n]+\|[^|\n]+\||^[ \t]*[─━┌┏╭]{2}", "a table", "`text`"),
    (r"^[ \t│|]*[├└┣┗]|^[ \t]*[|`+]--", "a tree of files", "`text`"),
    (r"^(?:--- a/|\+\+\+ b/|@@ -\d)", "a diff", "`diff`"),
    (r"\A\s*<(?:!DOCTYPE|\?xml|[a-zA-Z][\w-]*(?:\s+[\w-]+=|>))", "markup", "`html` or `xml`"),
    (r'\A\s*[{\[](?=[^\n]*$)[\s\S]*(?:"[^"\n]*"\s*:|\b(?:true|false|null)\b)', "JSON", "`json`"),
    (
        r"\A\s*(?!try:|else:|finally:)[\w-]+:(?:[ \t]+\S[^\n]*)?\n(?:[ \t]+[\w-]+:|[ \t]*- )"
        r"|\A(?:[\w.-]+:(?:[ \t]+\S[^\n]*)?\n)+[ \t]*- ",
        "YAML",
        "`yaml`",
    ),
    (
        r"\A\s*(?i:select\s[^\n;]+\sfrom|insert\s+into|create\s+(?:table|index|view)|delete\s+from"
        r"|update\s+\w+\s+set)\b",
        "SQL",
        "`sql`",
    ),
    (
        r"\A\s*(?:const|let|var)\s+\w+\s*=|^\s*(?:export\s+)?function\s+\w+\s*\([^\n]*\{",
        "JavaScript",
        "`js`",
    ),
    (r"^\s*#include\s*[<\"]", "C or C++", "`c` or `cpp`"),
    (
        r"\A(?:[ \t]*(?:@[\w.]+[^\n]*|#[^\n]*)?\n)*[ \t]*(?:async[ \t]+)?(?:def|class)[ \t]+\w+[^\n]*\s*\Z"
        r"|\A\s*[\w.]+\([^()]*\)[ \t]*(?:->|→|⇒)|\A\s*[\w.]+\((?:[^()]*,)?\s*[*/]\s*[,)]",
        "a signature without a body",
        "`text`, or give it the body `...`",
    ),
    (
        r"\A\s*(?:\[?[-+]?\d[\d.,eE+-]*[\]%]?(?:[ \t]+|\s*\Z)){2,}|\A\s*(?:tensor|array)\([^\n]*\n(?![\s\S]*^\w+\s*=)"
        r"|\A\s*<(?:[\w.]+ (?:object|function|class)|class ')|^[ \t]*\(\w+\): \w+\("
        r"|\A[ \t]+\S+(?:[ \t]{2,}\S+)+[ \t]*\n\S+[ \t]{2,}"
        r"|\A(?:\[[^\]\n]*\][ \t]*)?(?i:epoch|step|iter\w*)\b[^\n]*\d",
        *_OUTPUT,
    ),
    (r"<[A-Za-z][\w -]*>|\[, ?\w+[^\n]*\]|(?:^|[\s,(])\.\.(?!\.)", "a pattern with placeholders", "`text`"),
)
"""Other contents of fences called ``python``: a pattern, a description, the right language."""
_WORDS = re.compile(r"\A[ \t]*[^\W\d]\w*(?:[ \t]+[^\W\d]\w*){2,}[.:!?]?[ \t]*\Z|\A[ \t]*[A-Z]\w*(?: \w+)*: \S")
_KEYWORDS = frozenset("and as assert await class def del elif else for from if import in is lambda not or with".split())  # noqa: SIM905

_DISTRIBUTIONS = {
    "sklearn": "scikit-learn",
    "skimage": "scikit-image",
    "cv2": "opencv-python",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "bs4": "beautifulsoup4",
    "dotenv": "python-dotenv",
    "dateutil": "python-dateutil",
    "serial": "pyserial",
    "Crypto": "pycryptodome",
    "git": "gitpython",
    "docx": "python-docx",
    "pptx": "python-pptx",
    "fitz": "pymupdf",
    "attr": "attrs",
    "jwt": "pyjwt",
    "MySQLdb": "mysqlclient",
    "psycopg2": "psycopg2-binary",
    "OpenSSL": "pyopenssl",
    "usb": "pyusb",
    "zmq": "pyzmq",
    "torch_geometric": "torch-geometric",
    "pytorch_lightning": "pytorch-lightning",
    "sentence_transformers": "sentence-transformers",
    "google.protobuf": "protobuf",
    "mpl_toolkits": "matplotlib",
    "pkg_resources": "setuptools",
    "win32com": "pywin32",
    "discord": "discord.py",
    "telegram": "python-telegram-bot",
    "slugify": "python-slugify",
    "magic": "python-magic",
    "lxml.html": "lxml",
    "tensorflow_datasets": "tensorflow-datasets",
    "flask_sqlalchemy": "flask-sqlalchemy",
    "rest_framework": "djangorestframework",
    "faiss": "faiss-cpu",
    "umap": "umap-learn",
    "nacl": "pynacl",
    "ruamel": "ruamel.yaml",
}
"""Modules whose distribution has another name."""
_FAMOUS = frozenset(
    """
    numpy pandas scipy matplotlib seaborn plotly requests httpx flask django fastapi tensorflow keras jax flax torch
    torchvision torchaudio transformers datasets accelerate pytest pydantic sqlalchemy nltk spacy gensim xgboost
    lightgbm catboost statsmodels sympy networkx polars pyarrow numba cython onnx onnxruntime tqdm rich click typer
    jinja2 redis pymongo boto3 selenium scrapy aiohttp uvicorn starlette celery psutil pillow einops wandb mlflow
    tensorboard gym gymnasium ray dask distributed bokeh altair streamlit gradio openai anthropic langchain tiktoken
    """.split()  # noqa: SIM905
)


_SEARCHED = 2_000
"""Number of characters of the exception that are searched."""


class Hint(NamedTuple):
    """One kind of failure and its correction."""

    raised: str
    """A regular expression that is searched in the exception, ``Name: message``."""
    advice: str | Callable[[re.Match[str]], str]
    line: str = ""
    """A pattern for the line of code, if any."""


def _missing_module(found: re.Match[str]) -> str:
    name = found[1]
    top = name.partition(".")[0]
    package = _DISTRIBUTIONS.get(name) or _DISTRIBUTIONS.get(top) or top.replace("_", "-")
    advice = (
        f'requires="{package}" on the fence skips it where the package is missing; `pip install {package}` brings it'
    )
    if top in _FAMOUS or top in _DISTRIBUTIONS or name in _DISTRIBUTIONS:
        return advice
    file = top + ".py"
    return f'{advice}. If it is a file of the page: a fence with file="{file}" before this one, or files="{file}"'


_MISSING_FILE = re.compile(
    r"(?:FileNotFound|OS)Error: (?:.*?No such file or directory: '([^']+)'|(\S+) not found\.|.*\bname = '([^']+)')"
)


def missed(raised: str) -> str | None:
    """The missing file, from the exception."""
    found = _MISSING_FILE.match(raised)
    return None if found is None else found[1] or found[2] or found[3]


def missing_file(name: str, *, there: bool = False) -> str:
    """A hint for a missing file; ``there``: the file is in the vault."""
    if there:
        return f'a snippet runs in an empty folder: files="{name}" on the fence brings the file, which the vault has'
    return (
        "a snippet runs in an empty folder: "
        f'files="{name}" on the fence brings a file that lies beside the page, file="{name}" on a fence writes one'
    )


TABLE: tuple[Hint, ...] = (
    Hint(
        _SYNTAX,
        "this is an interactive session: call the fence `pycon`, or write the code without `>>>`",
        r"^\s*(?:>>>|\.\.\.[ \t]+\S)",
    ),
    Hint(
        _SYNTAX,
        'IPython magics are not Python: leave the line out (`requires=` names packages), or mark it `.skip reason="…"`',
        r"^\s*(?:\w+\s*=\s*)?(?:%{1,2}\w|!\s*\w)|^[^#]*\w\?{1,2}\s*$",
    ),
    Hint(
        r"NameError: name '(?:get_ipython|display)'",
        "IPython is not there: leave the line out (`print` shows a value), or mark the fence `.skip`",
    ),
    Hint(r"(?:ModuleNotFound|Import)Error: No module named '([\w.]+)'", _missing_module),
    Hint(
        r"EOFError\b",
        "snippets have no input from a keyboard: give `input` its answers in a `.hidden` fence, as in "
        '`input = lambda *prompt: "42"`, or mark the fence `.skip reason="…"`',
    ),
    Hint(_MISSING_FILE.pattern, lambda found: missing_file(found[1] or found[2] or found[3])),
    Hint(
        r"(?:PermissionError: .*'|OSError: \[Errno 30\])",
        "a snippet writes in its own folder and in /tmp alone: use a relative name",
    ),
    Hint(
        r"KeyError: '([A-Za-z_]\w*)'",
        lambda found: (
            f"variables of the environment do not reach snippets: list {found[1]} in `environment` of "
            "[tool.kb.snippets], or set it in a `.hidden` fence"
        ),
        r"environ",
    ),
    Hint(
        r"(?:AttributeError|TypeError): .*NoneType",
        "variables of the environment do not reach snippets: list those it needs in `environment` of "
        "[tool.kb.snippets], or set them in a `.hidden` fence",
        r"environ\b|getenv",
    ),
    Hint(
        r"IndexError: list index out of range",
        'a snippet is given no arguments: set `sys.argv` in a `.hidden` fence, or run it with launch="python FILE …"',
        r"\bargv\b",
    ),
    Hint(
        r"SystemExit: 2",
        "a snippet is given no arguments: `parse_args([])` takes the defaults, `parse_args(['…'])` those that it names",
        r"parse_(?:known_)?args\(\s*\)",
    ),
    Hint(
        r"RuntimeError: asyncio\.run\(\) cannot be called from a running event loop",
        "an `await` outside of functions has started the loop: write `await …` here too, in place of `asyncio.run(…)`",
    ),
    Hint(
        r"(?!.*allow it with network)(?:Connection|ConnectTimeout|URL|SSL|gaierror|Timeout)\w*: "
        r".*(?:host=|the network is off|urlopen|Name or service|name resolution|getaddrinfo)",
        'the network is off: allow it with network="yes" on the fence',
    ),
    Hint(
        r"(?:error: setupterm|TERM environment variable|no display name|couldn't connect to display|TclError)",
        'there is neither a terminal nor a screen: mark the fence `.skip reason="…"`',
    ),
)


def hint(raised: str, code: str = "", line: int | None = None) -> str | None:
    """A hint for code that raised this (``Name: message``), at this line of it, from 1; None if there is none."""
    raised = raised[:_SEARCHED]
    lines = code.split("\n")
    text = lines[line - 1] if line is not None and 0 < line <= len(lines) else ""
    for entry in TABLE:
        found = re.search(entry.raised, raised)
        if found is not None and (not entry.line or re.search(entry.line, text)):
            return entry.advice if isinstance(entry.advice, str) else entry.advice(found)
    if re.match(_SYNTAX, raised):
        return not_python(code, text, raised)
    return _advice(*_OUTPUT) if raised.startswith("NameError") and _is_output(code) else None


def not_python(code: str, line: str, raised: str) -> str | None:
    """What code that does not parse looks like, and the right language for its fence; ``line`` is the line of the
    error."""
    for pattern, what, name in _SHAPES:
        if re.search(pattern, code, re.MULTILINE):
            return _advice(what, name)
    if _is_output(code):
        return _advice(*_OUTPUT)
    words = line.split()
    if raised.endswith("expected ':'") or (words and words[0] in _KEYWORDS and len(words) < 4):
        return None
    if _WORDS.match(line):
        return "these are words, not code: call the fence `text`, or make a comment of them"
    return None


def _advice(what: str, name: str) -> str:
    return f"this looks like {what}: call the fence {name}"


def _is_output(code: str) -> bool:
    """Whether code consists of printed values only: one over all lines, or some on each."""
    lines = [line for line in code.split("\n") if line.strip()]
    return is_value(code.strip()) or (bool(lines) and all(is_value(line.strip()) for line in lines))
