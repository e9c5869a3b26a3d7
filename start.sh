#!/usr/bin/env bash
# One command: set up, then run.
#   ./start.sh [serve] [OPTIONS of genre serve]   the page (default)
#   ./start.sh test    [OPTIONS of pytest]        every check there is
#   ./start.sh bench                              the figures of benchmarks/
# PYTHON=/path/to/python3.12 ./start.sh chooses the interpreter that .venv is made with.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
venv=$PWD/.venv
python=$venv/bin/python

say() { printf '» %s\n' "$*" >&2; }
fail() { printf '✗ %s\n' "$*" >&2; exit 1; }

# Install Debian packages where we may; else say how. $1: what they are for; the rest: packages.
system_packages() {
  local purpose=$1 package missing=() sudo=()
  shift
  command -v dpkg-query >/dev/null || return 0
  for package; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == 'install ok installed' ]] || missing+=("$package")
  done
  ((${#missing[@]})) || return 0
  if ((EUID != 0)); then
    sudo=(sudo)
    if ! sudo -n true 2>/dev/null; then
      say "Missing for $purpose: run  sudo apt-get update && sudo apt-get install ${missing[*]}"
      return 0
    fi
  fi
  say "Installing ${missing[*]} for $purpose"
  local install=("${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends)
  # Package lists are fetched only where the ones at hand do not do.
  "${install[@]}" "${missing[@]}" >/dev/null 2>&1 ||
    { "${sudo[@]}" apt-get update -qq && "${install[@]}" "${missing[@]}" >/dev/null; } ||
    say "That failed; $purpose needs: apt-get install ${missing[*]}"
}

find_python() {
  local candidate candidates=(python3.11 python3.12 python3.13 python3.14 python3)
  if [[ -n ${PYTHON-} ]]; then candidates=("$PYTHON"); fi
  for candidate in "${candidates[@]}"; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      command -v "$candidate"
      return
    fi
  done
  fail "No Python 3.11 or newer found${PYTHON:+ at $PYTHON}. Install one (Debian 12, Ubuntu 24.04: apt-get install" \
    "python3 python3-venv), or name yours: PYTHON=/path/to/python3.11 ./start.sh"
}

make_venv() {
  # Also true where .venv is half made, or its Python has been removed since.
  "$python" -c 'import pip, sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && return
  local base version
  base=$(find_python)
  if ! "$base" -c 'import ensurepip, venv' 2>/dev/null; then
    version=$("$base" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
    system_packages "making .venv" "python$version-venv"
    "$base" -c 'import ensurepip, venv' 2>/dev/null ||
      fail "$base cannot make virtual environments: apt-get install python3-venv (or python$version-venv), then try again."
  fi
  say "Making .venv with $("$base" --version) ($base)"
  "$base" -m venv --clear "$venv"
}

# Install this package into .venv unless what decides the outcome is unchanged. $1: "" or an extra.
install() {
  local extra=$1 stamp=$venv/.installed${1:+-$1} wanted
  wanted=$(printf '%s\n' "$PWD" | cat - pyproject.toml constraints.txt | "$python" -c \
    'import hashlib, sys; print(sys.version, hashlib.sha256(sys.stdin.buffer.read()).hexdigest())')
  [[ -f $stamp && $(<"$stamp") == "$wanted" ]] && return
  say "Installing into .venv${extra:+, with the tools for $extra} (the first time this downloads some 3 GB on Linux)"
  # Of pip's many lines, one for each package as its download begins.
  "$python" -m pip install --disable-pip-version-check --progress-bar off \
    -c constraints.txt -e ".${extra:+[$extra]}" |
    sed -un -e '/\.metadata/d' -e 's/^ *\(Downloading .*\)/  \1/p' -e 's/^Installing collected .*/  Unpacking/p' >&2 ||
    fail "pip could not install the packages; its message is above. Run this again when that is mended."
  printf '%s\n' "$wanted" >"$stamp"
}

# The first spectrogram on a machine compiles for some 15 s: once, here, and not at somebody's first click.
warm_up() {
  local stamp=$venv/.warm
  [[ -f $stamp && ! $venv/.installed -nt $stamp ]] && return
  say "Warming up"
  if "$python" -m genre warmup >&2; then touch "$stamp"; fi
}

mode=serve
case ${1-} in
  serve | test | bench) mode=$1; shift ;;
  -h | --help) sed -n '2,6s/^# \?//p' "${BASH_SOURCE[0]##*/}"; exit ;;
  '' | -*) ;;
  *) fail "Unknown mode '$1': serve, test or bench." ;;
esac

make_venv
case $mode in
  serve)
    if [[ ! -f $venv/.installed ]]; then system_packages "recording from the command line" libportaudio2; fi
    install ""
    warm_up
    exec "$python" -m genre serve "$@"
    ;;
  test)
    system_packages "the tests" chromium fonts-noto-cjk libportaudio2 mma libfluidsynth3 fluid-soundfont-gm espeak-ng \
      pulseaudio pulseaudio-utils libasound2-plugins
    install test
    "$python" -m ruff check .
    "$python" -m ruff format --check .
    "$python" -m mypy
    "$python" -c 'from importlinter.cli import lint_imports_command as run; run()'
    exec "$python" -m pytest "$@"
    ;;
  bench)
    install test
    for name in answer_time load_time cold_start serving load parity live model_memory not_music similar_pairs timeline batch; do
      say "benchmarks/$name.py"
      "$python" -m "benchmarks.$name"
    done
    ;;
esac
