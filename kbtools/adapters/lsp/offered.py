"""Capabilities that the language server announces to a client."""

from __future__ import annotations

from typing import Any

TRIGGERS = ("[", "#", "^", "(", "/", "{", ".", " ", ":", "`")
"""Characters behind which a client asks for completion."""
ACCEPT, RESPELL, RUN, UPDATE = "kb.accept", "kb.respell", "kb.run", "kb.update"
"""Commands of code actions and code lenses."""
FIX_ALL = "source.fixAll.kb"
TOKENS = ("class", "macro", "property")
"""Kinds of semantic tokens: links, embeds, annotations."""
_INCREMENTAL = 2


def capabilities(encoding: str) -> dict[str, Any]:
    return {
        "positionEncoding": encoding,
        "textDocumentSync": {"openClose": True, "change": _INCREMENTAL, "save": {"includeText": False}},
        "completionProvider": {"triggerCharacters": TRIGGERS},
        "hoverProvider": True,
        "definitionProvider": True,
        "referencesProvider": True,
        "renameProvider": {"prepareProvider": True},
        "codeActionProvider": {"codeActionKinds": ["quickfix", "refactor.rewrite", FIX_ALL]},
        "documentLinkProvider": {},
        "documentSymbolProvider": True,
        "foldingRangeProvider": True,
        "semanticTokensProvider": {"legend": {"tokenTypes": TOKENS, "tokenModifiers": []}, "full": True},
        "codeLensProvider": {},
        "inlayHintProvider": True,
        "workspaceSymbolProvider": True,
        "executeCommandProvider": {"commands": (ACCEPT, RESPELL, RUN, UPDATE)},
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            # Every file may be one that a page links to, and a folder may hold some.
            "fileOperations": {"willRename": {"filters": [{"scheme": "file", "pattern": {"glob": "**/*"}}]}},
        },
    }
