"""Vaults as people keep them, generated: names, files, folders, frontmatter. The same seed gives the same vault."""

from __future__ import annotations

import random
import unicodedata
from dataclasses import dataclass

ENGLISH = [
    "Tensor",
    "Gradient",
    "Attention",
    "Linear",
    "Layer",
    "Norm",
    "Batch",
    "Softmax",
    "Optimizer",
    "Scheduler",
    "Dataset",
    "Loader",
    "Kernel",
    "Stream",
    "Graph",
    "Autograd",
    "Module",
    "Parameter",
    "Buffer",
    "Hook",
    "Forward",
    "Backward",
    "Loss",
    "Metric",
    "Entropy",
    "Cosine",
    "Matrix",
    "Vector",
    "Scalar",
    "Sparse",
    "Dense",
    "Embedding",
    "Token",
    "Decoder",
    "Encoder",
    "Residual",
    "Dropout",
    "Pooling",
    "Stride",
    "Padding",
    "Export",
    "Compile",
    "Trace",
    "Profile",
    "Café",
    "Straße",
    "Naïve",
]
KOREAN = [
    "텐서",
    "연산",
    "기울기",
    "자동",
    "미분",
    "신경망",
    "계층",
    "정규화",
    "배치",
    "최적화",
    "학습률",
    "손실",
    "함수",
    "행렬",
    "벡터",
    "주의",
    "집중",
    "변환기",
    "임베딩",
    "토큰",
    "인코더",
    "디코더",
    "잔차",
    "연결",
    "드롭아웃",
    "합성곱",
    "풀링",
    "분산",
    "학습",
    "장치",
    "메모리",
    "관리",
    "저장",
    "불러오기",
    "그래프",
    "컴파일",
    "프로파일",
    "양자화",
    "가지치기",
]
DOTTED = [
    "C",
    "C++",
    "C#",
    "F#",
    ".NET",
    "Node.js",
    "torch.nn",
    "torch.nn.Linear",
    "torch.compile",
    "torch.utils.data",
    "nn.Module",
    "v1.2.3",
    "v1.2.4",
    "3.11",
    "a.b.c",
    "numpy.ndarray",
    "requires_grad",
    "__init__",
    "R&D",
    "TCP/IP",
    "AI/ML",
    "I/O",
    "f(x)",
    "g(x)",
    "x^2",
    "100%",
    "@property",
    "'quoted'",
    "e.g.",
    "Q&A",
]
FOLDERS = ("", "Notes", "Topics", "Topics/AI and ML", "10_Wiki/Topics", "연구", "연구/텐서", "archive-2024")


@dataclass(frozen=True, slots=True)
class Note:
    """A page without its links."""

    path: str
    title: str | None
    """In the frontmatter; None leaves the file name as the title."""
    aliases: tuple[str, ...] = ()

    @property
    def stem(self) -> str:
        return self.path.rpartition("/")[2].removesuffix(".md")

    @property
    def names(self) -> tuple[str, ...]:
        return (self.stem, self.title) if self.title else (self.stem,)

    def head(self) -> str:
        lines = []
        if self.title:
            lines.append("title: '" + self.title.replace("'", "''") + "'")
        if self.aliases:
            lines.append("aliases: [" + ", ".join(f'"{a}"' for a in self.aliases) + "]")
        return "---\n" + "\n".join(lines) + "\n---\n" if lines else ""


def kebab(name: str) -> str:
    return "-".join(name.split()).lower()


def snake(name: str) -> str:
    return "_".join(name.split())


def camel(name: str) -> str:
    return "".join(word[:1].upper() + word[1:] for word in name.split())


def plain(name: str) -> str:
    return name


def _words(rng: random.Random, words: tuple[str, ...], most: int = 3) -> str:
    return " ".join(rng.sample(words, rng.randint(1, most)))


def _file(name: str) -> str:
    return name.replace("/", "-").replace("?", "").replace(":", " -")


def obsidian(rng: random.Random, folder: str) -> Note:
    """The file's name is the page's name."""
    return Note(_at(folder, _words(rng, ENGLISH)), None)


def foam(rng: random.Random, folder: str) -> Note:
    """Kebab-case files, a title in the frontmatter."""
    name = _words(rng, ENGLISH)
    return Note(_at(folder, kebab(name)), name)


def written_by_llm(rng: random.Random, folder: str) -> Note:
    """Snake_Case files, long titles with punctuation, aliases in two languages."""
    name = _words(rng, ENGLISH)
    title = rng.choice(("{}", "{}: A Guide", "{} (Overview)", "Why {}?", "{} — {k}", "{} & {k}"))
    korean = _words(rng, KOREAN, 2)
    return Note(_at(folder, snake(name)), title.format(name, k=korean), (korean + " 문서", name + " alias"))


def korean(rng: random.Random, folder: str) -> Note:
    """Korean names; a third of the files decomposed, as macOS once stored them."""
    name = _words(rng, KOREAN)
    stem = rng.choice((plain, snake, kebab))(name)
    if rng.random() < 0.33:
        stem = unicodedata.normalize("NFD", stem)
    return Note(_at(folder, stem), rng.choice((None, name)))


def dotted(rng: random.Random, folder: str) -> Note:
    """Dots, signs and number signs in names; C, C++ and C# beside each other."""
    name = rng.choice(DOTTED)
    if rng.random() < 0.7:
        name += " " + _words(rng, KOREAN + ENGLISH, 2)
    stem = _file(name)
    return Note(_at(folder, stem), name if stem != name or rng.random() < 0.5 else None)


def mixed(rng: random.Random, folder: str) -> Note:
    """One wiki by many hands: every manner of file name, titles in another one."""
    name = _words(rng, ENGLISH + KOREAN)
    stem = rng.choice((plain, kebab, snake, camel))(name)
    return Note(_at(folder, stem), rng.choice((None, name, name.title(), name.upper())))


def _at(folder: str, stem: str) -> str:
    return (folder + "/" if folder else "") + stem + ".md"


STYLES = {
    "Obsidian": obsidian,
    "Foam": foam,
    "LLM": written_by_llm,
    "Korean": korean,
    "dots, C++, C#": dotted,
    "mixed": mixed,
}


def vault(style: str, pages: int = 150, seed: int = 0) -> tuple[Note, ...]:
    """A vault of that style. A tenth of the pages have the name of another, in another folder; some of those are
    spelled in another manner, so that they are told apart by nothing but the spelling.
    """
    rng = random.Random(f"{style} {seed}")
    notes: dict[str, Note] = {}
    taken: set[str] = set()
    while len(notes) < pages:
        note = STYLES[style](rng, rng.choice(FOLDERS))
        if notes and rng.random() < 0.1:
            twin = rng.choice(list(notes.values()))
            respell = rng.choice((plain, plain, str.lower, snake, kebab))
            note = Note(_at(rng.choice(FOLDERS), respell(twin.stem)), twin.title)
        # No two files that a file system without case would take for one.
        key = unicodedata.normalize("NFC", note.path).casefold()
        if key not in taken:
            taken.add(key)
            notes[note.path] = note
    return tuple(notes.values())
