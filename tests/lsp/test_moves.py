"""Files that are renamed and moved in an editor's explorer: the edit that keeps links where they lead."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from a_wiki import make
from raw_client import CHANGES_FILES, RawClient

PAGES = {
    "kb.toml": 'docs = "docs"\n',
    "docs/topics/Tensor.md": "---\ntitle: Tensor\n---\n\n# Tensor\n\n![a](pic.png) [b](Autograd.md)\n",
    "docs/topics/Autograd.md": (
        "---\ntitle: Autograd\n---\n\n# Autograd\n\n😀 [[tensor]] [[topics/Tensor]] [t](Tensor.md)\n"
    ),
    "docs/topics/pic.png": "",
    "docs/start.md": "---\nsee: '[[topics/Tensor]]'\n---\n\n# Start\n\n![a](topics/pic.png)\n",
}
CAN = {"workspace": {"workspaceEdit": CHANGES_FILES}}


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    return make(tmp_path, PAGES)


@pytest.fixture
def client(wiki: Path) -> Iterator[RawClient]:
    with RawClient(wiki) as client:
        client.initialize(**CAN)
        yield client


def moved(client: RawClient, wiki: Path, *files: tuple[str, str]) -> dict[str, Any] | None:
    named = [{"oldUri": (wiki / old).as_uri(), "newUri": (wiki / new).as_uri()} for old, new in files]
    answer = client.ask("workspace/willRenameFiles", {"files": named})
    assert "error" not in answer, answer
    found: dict[str, Any] | None = answer["result"]
    return found


def texts(edit: dict[str, Any] | None, wiki: Path, unsaved: dict[str, str] | None = None) -> dict[str, str]:
    """The texts after an edit, by page."""
    found = {}
    for change in (edit or {"documentChanges": []})["documentChanges"]:
        path = next(p for p in PAGES if (wiki / p).as_uri() == change["textDocument"]["uri"])
        text = (unsaved or {}).get(path) or (wiki / path).read_text(encoding="utf-8")
        for one in sorted(change["edits"], key=lambda e: list(e["range"]["start"].values()), reverse=True):
            start, end = (_offset(text, one["range"][key]) for key in ("start", "end"))
            text = text[:start] + one["newText"] + text[end:]
        found[path] = text
    return found


def _offset(text: str, at: dict[str, int]) -> int:
    lines = text.split("\n")
    before = lines[at["line"]].encode("utf-16-le")[: at["character"] * 2].decode("utf-16-le")
    return sum(len(line) + 1 for line in lines[: at["line"]]) + len(before)


def messages(client: RawClient) -> list[str]:
    return [note["params"]["message"] for note in client.notes if note.get("method") == "window/showMessage"]


def test_the_server_asks_to_be_told_of_files(wiki: Path) -> None:
    with RawClient(wiki) as client:
        offered = client.initialize(**CAN)["result"]["capabilities"]["workspace"]["fileOperations"]
    assert offered == {"willRename": {"filters": [{"scheme": "file", "pattern": {"glob": "**/*"}}]}}


def test_a_page_is_moved(client: RawClient, wiki: Path) -> None:
    edit = moved(client, wiki, ("docs/topics/Tensor.md", "docs/math/Tensor.md"))
    assert texts(edit, wiki) == {
        "docs/topics/Tensor.md": PAGES["docs/topics/Tensor.md"]
        .replace("(pic.png)", "(../topics/pic.png)")
        .replace("(Autograd.md)", "(../topics/Autograd.md)"),
        "docs/topics/Autograd.md": PAGES["docs/topics/Autograd.md"]
        .replace("[[topics/Tensor]]", "[[math/Tensor]]")
        .replace("(Tensor.md)", "(../math/Tensor.md)"),
        "docs/start.md": PAGES["docs/start.md"].replace("topics/Tensor", "math/Tensor"),
    }
    assert edit is not None
    assert edit["changeAnnotations"] == {"links": {"label": "Links"}}
    assert {one["annotationId"] for change in edit["documentChanges"] for one in change["edits"]} == {"links"}
    assert messages(client) == []
    assert (wiki / "docs/start.md").read_text(encoding="utf-8") == PAGES["docs/start.md"]  # the editor writes


def test_a_folder_is_renamed(client: RawClient, wiki: Path) -> None:
    assert texts(moved(client, wiki, ("docs/topics", "docs/math")), wiki) == {
        "docs/topics/Autograd.md": PAGES["docs/topics/Autograd.md"].replace("topics/", "math/"),
        "docs/start.md": PAGES["docs/start.md"].replace("topics/", "math/"),
    }


def test_an_attachment_is_renamed(client: RawClient, wiki: Path) -> None:
    assert texts(moved(client, wiki, ("docs/topics/pic.png", "docs/img/a 1.png")), wiki) == {
        "docs/topics/Tensor.md": PAGES["docs/topics/Tensor.md"].replace("pic.png", "../img/a%201.png"),
        "docs/start.md": PAGES["docs/start.md"].replace("topics/pic.png", "img/a%201.png"),
    }


def test_texts_that_are_not_saved_hold_and_name_their_version(client: RawClient, wiki: Path) -> None:
    page = wiki / "docs/start.md"
    client.open(page.as_uri(), PAGES["docs/start.md"], 3)
    client.change(page.as_uri(), "# Start\n\n\nNew [t](topics/Tensor.md)\n", 4)
    edit = moved(client, wiki, ("docs/topics/Tensor.md", "docs/Tensor.md"))
    unsaved = {"docs/start.md": "# Start\n\n\nNew [t](topics/Tensor.md)\n"}
    assert texts(edit, wiki, unsaved)["docs/start.md"] == "# Start\n\n\nNew [t](Tensor.md)\n"
    assert edit is not None
    versions = {c["textDocument"]["uri"]: c["textDocument"]["version"] for c in edit["documentChanges"]}
    assert versions.pop(page.as_uri()) == 4
    assert set(versions.values()) == {None}


def test_links_that_cannot_be_kept_are_told(client: RawClient, wiki: Path) -> None:
    (wiki / "docs/alias.md").write_text("---\naliases: [nd]\n---\n\n[[nd]] [t](topics/Tensor.md)\n", encoding="utf-8")
    moved(client, wiki, ("docs/topics/Tensor.md", "docs/topics/nd.md"))
    assert messages(client) == ["kb: links that no longer lead where they did: alias.md:5:1 [[nd]]"]


def test_what_leaves_the_wiki_is_told(client: RawClient, wiki: Path) -> None:
    assert moved(client, wiki, ("docs/topics/Tensor.md", "Tensor.md")) is None
    assert messages(client) == [
        "kb: links are left as they are to what is no longer a file of the wiki: topics/Tensor.md"
    ]


def test_a_rename_by_the_title_is_not_respelled_twice(client: RawClient, wiki: Path) -> None:
    """Editors ask also for the file that is renamed with its title, when the links to it are respelled already."""
    page, other = wiki / "docs/topics/Tensor.md", wiki / "docs/topics/Autograd.md"
    client.open(page.as_uri(), PAGES["docs/topics/Tensor.md"])
    place = {"textDocument": {"uri": page.as_uri()}, "position": {"line": 1, "character": 8}}
    edit = client.ask("textDocument/rename", {**place, "newName": "Array"})["result"]
    edit["documentChanges"] = [change for change in edit["documentChanges"] if "kind" not in change]
    for path, text in texts(edit, wiki).items():
        if path != "docs/topics/Tensor.md":
            client.open((wiki / path).as_uri(), text)
        else:
            client.change(page.as_uri(), text)
    assert other.is_file()
    assert moved(client, wiki, ("docs/topics/Tensor.md", "docs/topics/Array.md")) is None
    assert messages(client) == []


def test_files_of_no_wiki_and_files_in_the_place_of_others(client: RawClient, wiki: Path) -> None:
    assert moved(client, wiki, ("kb.toml", "other.toml"), ("docs/none.md", "docs/some.md")) is None
    assert (
        client.ask("workspace/willRenameFiles", {"files": [{"oldUri": "untitled:a", "newUri": "untitled:b"}]})["result"]
        is None
    )
    named = {"oldUri": (wiki / "docs/start.md").as_uri(), "newUri": (wiki / "docs/topics/Tensor.md").as_uri()}
    refused = client.ask("workspace/willRenameFiles", {"files": [named]})
    assert "Tensor.md" in refused["error"]["message"]
