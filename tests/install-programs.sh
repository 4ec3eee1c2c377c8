#!/bin/sh
# Tests want chromium with a Korean font, and Neovim. Installed where that is possible without asking; elsewhere the tests
# that need them are skipped and say so.
set -eu
wanted=""
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || command -v chromium-browser >/dev/null 2>&1 ||
  wanted="chromium fonts-noto-cjk"
command -v nvim >/dev/null 2>&1 || wanted="$wanted neovim"
[ -n "$wanted" ] || exit 0
if command -v apt-get >/dev/null 2>&1 && [ "$(id -u)" = 0 ]; then
  echo "== programs for tests: $wanted"
  apt-get update -qq >/dev/null
  # shellcheck disable=SC2086 # several packages
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $wanted >/dev/null
else
  echo "== tests that need one of these will be skipped, install them: $wanted"
fi
