"""What is offered for a link that means nothing, and what is never offered."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from growth import assert_linear

from kbtools.config.project import Config
from kbtools.vault.index import Index
from kbtools.vault.links.linking import Linking
from kbtools.vault.links.resolution import Ambiguous, Missing
from kbtools.vault.links.suggest import Suggestion
from kbtools.vault.page import decode


def suggested(names: tuple[str, ...], link: str, here: str = "Here.md", also: str = "") -> Suggestion | None:
    texts = {f"{name}.md": "## A section of it\n" for name in names}
    texts[here] = f"[[{link}]]{also}"
    index = Index({path: decode(path, text.encode()) for path, text in texts.items()})
    page = index.pages[here]
    found, resolution = index.links[here].wiki[0]
    assert isinstance(resolution, Missing)
    return Linking(index, Config()).suggester.suggest(found, page)


@pytest.mark.parametrize(
    ("names", "link", "target"),
    [
        (("PyTorch Foundations",), "PyTorch Fundations", "PyTorch Foundations"),
        (("PyTorch Foundations",), "PyTorchFoundations", "PyTorch Foundations"),
        (("PyTorch Foundations",), "PyTorc hFoundations", "PyTorch Foundations"),
        (("torch.compile",), "torch compile", "torch.compile"),
        (("Autograd",), "Autogard", "Autograd"),
        (("텐서 연산",), "텐서연산", "텐서 연산"),
        (("텐서",), "탠서", "텐서"),
        (("텐서",), "텐서에서는", "텐서"),
        (("텐서 연산", "텐서 연장"), "텐서 연신", "텐서 연산"),
        (("a/Tensor",), "b/Tensor", "Tensor"),
        (("a/Tensors",), "a/Tensros", "Tensors"),
        (("a/Tensors", "b/Tensors"), "b/Tensros", "b/Tensors"),
        (("My Note",), "My%20Note", "My Note"),
        (("folder/Note",), "folder\\Note", "Note"),
        (("Foo Bar",), "Foo\u200bBar", "Foo Bar"),
        (("Foo Bar",), "Foo\u00ad Bar", "Foo Bar"),
        (("a/index",), "a", "index"),
        (("Archive/README",), "Archive", "README"),
        (("Attention Is All You Need",), "Attention Is All You Need?", "Attention Is All You Need"),
        (("Normalization",), "Normalisation", "Normalization"),
        (("Momentum",), "Momentm", "Momentum"),
        (("데이터 전처리",), "데이타 전처리", "데이터 전처리"),
        (("Chapter 12",), "Chaptre 12", "Chapter 12"),
        (("Дискретная математика",), "Дискретная матиматика", "Дискретная математика"),
    ],
)
def test_a_slip_is_taken_for_what_was_meant(names: tuple[str, ...], link: str, target: str) -> None:
    found = suggested(names, link)
    assert found is not None
    assert found.target == target
    assert found.why


@pytest.mark.parametrize(
    ("names", "link"),
    [
        (("Chapter 12",), "Chapter 13"),
        (("2024-01-05",), "2024-01-06"),
        (("v1.2.3",), "v1.2.4"),
        (("C++", "C#"), "C*"),
        (("연산",), "연구"),
        (("Tenser", "Tensor"), "Tensxr"),
        (("a/Tensor", "b/Tensor"), "Tenxor"),
        (("Money",), "Monkey"),
        (("Board",), "Body"),
        (("Tensor",), "Tenser"),
        (("Tensors",), "Tensor"),
        (("Casual",), "Causal"),
        (("GraphQL",), "graphiql"),
        (("Effect size",), "Affect size"),
        (("C++",), "C"),
        (("C#",), "C++"),
        (("Model A",), "Model B"),
        (("Forward pass",), "Backward pass"),
        (("분류",), "분로"),
        (("사과",), "사자"),
        (("v1",), "v 1x"),
        (("Attention",), "Tensor"),
        (("ДСВ - Карточки",), "НСВ - Карточки"),  # two terms of statistics
        (("Линейная зависимость",), "Нелинейная зависимость"),
    ],
)
def test_nothing_is_offered_for_another_name_or_a_choice_of_two(names: tuple[str, ...], link: str) -> None:
    assert suggested(names, link) is None


def test_of_two_pages_of_a_name_the_one_in_the_links_folder_is_offered() -> None:
    found = suggested(("a/Autograd", "b/Autograd"), "Autogard", here="b/Here.md")
    assert found is not None
    assert found.page == "b/Autograd.md"


def test_a_section_of_a_page_that_is_linked_to() -> None:
    assert suggested(("Autograd",), "a section of it") is None
    found = suggested(("Autograd",), "a section of it", also=" [[Autograd]]")
    assert found == Suggestion("Autograd#A section of it", "Autograd.md", "it is a section there")


def test_names_that_differ_in_one_word_are_told_apart() -> None:
    words = [a + b + c + "tion" for a in "bdfgkl" for b in "aeiou" for c in "mnrst"]
    found = suggested(tuple(f"Note on {w}" for w in words), "Note on bamtiion")
    assert found is not None
    assert found.target == "Note on bamtion"


@pytest.mark.parametrize("name", ["a " * 5000, "가" * 5000, "x" * 20000, "-" * 5000 + "a"])
def test_long_names_are_no_trouble(name: str) -> None:
    assert suggested(("Tensor",), name) is None


def test_a_choice_is_spelled_so_that_it_means_one_page() -> None:
    texts = {"a/T.md": "", "b/T.md": "", "Here.md": "[[T]]"}
    index = Index({path: decode(path, text.encode()) for path, text in texts.items()})
    ((_, resolution),) = index.links["Here.md"].wiki
    assert isinstance(resolution, Ambiguous)
    assert Linking(index, Config()).suggester.choices(resolution, "Here.md", 5) == ("a/T", "b/T")


def test_broken_links_on_a_page_of_many_headings_take_linear_time() -> None:
    def work(size: int) -> Callable[[], object]:
        text = "".join(f"## Section {i}\n\n[[gone {i}]]\n\n" for i in range(size))
        index = Index({"a.md": decode("a.md", text.encode())})
        page, linking = index.pages["a.md"], Linking(index, Config())
        return lambda: [linking.suggester.suggest(link, page) for link, _ in index.links["a.md"].wiki]

    assert_linear(work, 400)
