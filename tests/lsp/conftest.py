"""A language server over stdio, and a small wiki for it to serve."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_lsp
from a_wiki import make
from editor import Editor
from lsprotocol import types
from pytest_lsp import ClientServerConfig, LanguageClient


@pytest_lsp.fixture(
    # With SIGINT ignored, as in the background of a shell, however the tests were started.
    config=ClientServerConfig(
        server_command=["sh", "-c", 'trap "" INT; exec "$0" -m kbtools.cli lsp', sys.executable],
    ),
    scope="module",
    loop_scope="module",
)
async def client(
    lsp_client: LanguageClient, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[None]:
    """A parameter is the encoding of positions."""
    encoding = types.PositionEncodingKind(getattr(request, "param", "utf-16"))
    root = tmp_path_factory.mktemp("editor")
    converter = lsp_client.protocol._converter

    def either(found: dict[str, object], _: object) -> types.Command | types.CodeAction:
        """lsprotocol 2025.0.0 takes an action that has a command for a command."""
        return converter.structure(found, types.Command if isinstance(found.get("command"), str) else types.CodeAction)

    converter.register_structure_hook(types.Command | types.CodeAction, either)
    capabilities = types.ClientCapabilities(
        general=types.GeneralClientCapabilities(position_encodings=[encoding]),
        text_document=types.TextDocumentClientCapabilities(
            document_link=types.DocumentLinkClientCapabilities(tooltip_support=True)
        ),
        workspace=types.WorkspaceClientCapabilities(
            workspace_edit=types.WorkspaceEditClientCapabilities(
                document_changes=True,
                resource_operations=[types.ResourceOperationKind.Create, types.ResourceOperationKind.Rename],
                change_annotation_support=types.ChangeAnnotationsSupportOptions(),
            )
        ),
        window=types.WindowClientCapabilities(work_done_progress=True),
    )
    folder = types.WorkspaceFolder(root.as_uri(), "wikis")
    await lsp_client.initialize_session(
        types.InitializeParams(capabilities=capabilities, root_uri=root.as_uri(), workspace_folders=[folder])
    )
    yield
    await lsp_client.shutdown_session()


@pytest.fixture
def wiki(tmp_path: Path) -> Path:
    """A wiki of the test's own; the server is that of all tests of a module."""
    return make(tmp_path)


@pytest.fixture
def autograd(client: LanguageClient, wiki: Path) -> Iterator[Editor]:
    yield from opened(client, wiki / "docs/topics/Autograd.md")


@pytest.fixture
def tensor(client: LanguageClient, wiki: Path) -> Iterator[Editor]:
    yield from opened(client, wiki / "docs/topics/Tensor.md")


def opened(client: LanguageClient, file: Path) -> Iterator[Editor]:
    editor = Editor(client, file)
    yield editor
    client.text_document_did_close(types.DidCloseTextDocumentParams(editor.document))
