#!/usr/bin/env bash
# make_venv.sh PYTHON FOLDER: makes a virtual environment with pip, unless FOLDER is one already.
set -euo pipefail
python=$1
venv=$2

new_enough='import sys; sys.exit(sys.version_info < (3, 11))'

if "$venv/bin/python" -c "$new_enough" 2>/dev/null && "$venv/bin/python" -m pip --version &>/dev/null; then
  exit
fi

if ! found=$("$python" --version 2>&1); then
  echo "Headlight needs Python 3.11 or newer, and $python does not start. Install it, or name another one:" >&2
  echo "  make PYTHON=/path/to/python3.11 ..." >&2
  exit 1
fi
if ! "$python" -c "$new_enough"; then
  echo "Headlight needs Python 3.11 or newer, and $python is $found. Name a newer one:" >&2
  echo "  make PYTHON=python3.11 ..." >&2
  exit 1
fi

echo "Making a virtual environment in $venv with $found"
if output=$("$python" -m venv --clear "$venv" 2>&1); then
  exit
fi

# Debian and Ubuntu keep a part of Python's own venv module in a package of its own.
package=$("$python" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')
if [[ $EUID -eq 0 ]] && command -v apt-get >/dev/null; then
  echo "Installing $package, which that needs"
  export DEBIAN_FRONTEND=noninteractive
  apt-get -qq update || true # an old list may still do
  if apt-get -qq -y install --no-install-recommends "$package" >/dev/null; then
    output=$("$python" -m venv --clear "$venv" 2>&1) && exit
  fi
fi

printf '%s\n' "$output" >&2
echo "Python cannot make a virtual environment. On Debian or Ubuntu: apt-get install $package" >&2
exit 1
