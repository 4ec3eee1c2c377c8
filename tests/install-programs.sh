#!/bin/sh
# Tests want chromium with a Korean font, and Neovim. Installed where that is possible without asking; elsewhere the tests
# that need them are skipped and say so. Of chromium its headless shell is enough, and takes a third of the time.
set -eu
has() { command -v "$1" >/dev/null 2>&1; }
browser="" editor=""
has chromium-headless-shell || has chromium || has google-chrome || has chromium-browser ||
  browser="chromium-headless-shell fonts-noto-cjk"
has nvim || editor="neovim"
[ -n "$browser$editor" ] || exit 0
if has apt-get && [ "$(id -u)" = 0 ]; then
  apt-get update -qq >/dev/null
  [ -z "$browser" ] || apt-cache show chromium-headless-shell >/dev/null 2>&1 || browser="chromium fonts-noto-cjk"
  echo "== programs for tests:" $browser $editor
  # shellcheck disable=SC2086 # several packages
  DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends $browser $editor >/dev/null
else
  echo "== tests that need one of these will be skipped, install them:" $browser $editor
fi
