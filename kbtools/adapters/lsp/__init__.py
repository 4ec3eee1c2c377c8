"""Language server (``kb lsp``): findings, completion, navigation and results while a page is being edited."""
