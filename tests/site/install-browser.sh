#!/bin/sh
# The browser tests want chromium and a Korean font. Installed where that is possible without asking; elsewhere the
# tests that need them are skipped and say so.
set -eu
if command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1; then
  exit 0
fi
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "== browser: chromium and fonts-noto-cjk"
  apt-get update -qq >/dev/null
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends chromium fonts-noto-cjk >/dev/null
else
  echo "== browser: no chromium here; the browser tests will be skipped (install chromium and fonts-noto-cjk)"
fi
