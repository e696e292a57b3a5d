#!/bin/sh
# Bring .venv up to a lock: `sync.sh core` or `sync.sh test`. Nothing is done while .venv holds a
# copy of the very lock and pyproject.toml that it was made from. The test lock holds all of core:
# once it is installed, `core` keeps it, so that demo and test share one .venv in peace.
set -eu
cd "$(dirname "$0")/.."
want=$1
say() { echo "env: $*" >&2; }

# Snakemake starts the jobs by the path of its Python, and does not quote it.
case $PWD in
*[[:space:]\'\"\\\$\&\;\(\)\<\>\|\*\?\[\`]*)
    say "$PWD: jobs cannot start from a path with spaces or signs of the shell: move the project"
    exit 1
    ;;
esac

if ! "${CXX:-g++}" --version >/dev/null 2>&1; then
    say "no C++ compiler (${CXX:-g++}): install g++ or build-essential (macOS: xcode-select --install)"
    exit 1
fi

# A Python that is gone, or a directory that was moved, leaves a .venv of dead paths.
if [ -e .venv ] && ! { .venv/bin/python -c '' 2>/dev/null &&
    { [ ! -f .venv/made-in ] || [ "$(cat .venv/made-in)" = "$PWD" ]; }; }; then
    say "making .venv anew (it was moved, or its Python is gone)"
    rm -rf .venv
fi
[ ! -f .venv/test.lock.txt ] || want=test
if cmp -s "envs/$want.lock.txt" ".venv/$want.lock.txt" &&
    cmp -s pyproject.toml .venv/pyproject.toml; then
    exit 0
fi

uv=$(sh envs/uv.sh)
[ -e .venv ] || "$uv" venv --quiet --python 3.12 .venv || {
    say "no Python 3.12 found here, and none downloaded: install one (pyenv install 3.12)"
    exit 1
}
if ! cmp -s "envs/$want.lock.txt" ".venv/$want.lock.txt"; then
    say "installing envs/$want.lock.txt"
    rm -f .venv/*.lock.txt
    "$uv" pip sync --quiet --compile-bytecode --python .venv/bin/python --require-hashes "envs/$want.lock.txt"
fi
# After every sync, which uninstalls the project; its build backend is in the lock.
"$uv" pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
cp pyproject.toml .venv/pyproject.toml
cp "envs/$want.lock.txt" ".venv/$want.lock.txt"
echo "$PWD" >.venv/made-in
