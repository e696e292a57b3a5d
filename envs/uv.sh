#!/bin/sh
# Print the path of a uv that runs; where there is none, install the locked one with pip, in
# .env-stamps/uv. Needs a POSIX shell and any Python >= 3.9 with venv or pip; PYTHON names the one
# to take where the first that serves is not the one you want.
set -eu
cd "$(dirname "$0")/.."
mkdir -p .env-stamps
# Relative, since $pip and $where below are split into words, and a path may hold spaces.
home=.env-stamps/uv
log=.env-stamps/uv.log

# A name on PATH may be a pyenv shim that fails, or too old for what sync.sh asks of it.
runs() {
    "$1" pip sync --require-hashes --help >/dev/null 2>&1
}

for uv in uv "$HOME/.local/bin/uv" "$HOME/.cargo/bin/uv" "$home/bin/uv" "$PWD/.venv/bin/uv"; do
    if runs "$uv"; then
        command -v "$uv"
        exit 0
    fi
done

# uv's own entry of the lock: version and hashes.
awk '/^uv==/ { own = 1 } own { print } own && !/\\$/ { exit }' envs/core.lock.txt >.env-stamps/uv.txt

with_venv() {
    rm -rf "$home"
    "$1" -m venv "$home" >>"$log" 2>&1 && pip="$home/bin/python -m pip" && where=
}
with_pip() {
    rm -rf "$home"
    "$1" -m pip --version >>"$log" 2>&1 && pip="$1 -m pip" && where="--target $home"
}

: >"$log"
python=
for name in ${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11 python3.10 python3.9 \
    /usr/bin/python3 python}; do
    "$name" -c 'import sys; sys.exit(sys.version_info < (3, 9))' >>"$log" 2>&1 || continue
    python=$name
    with_venv "$name" || with_pip "$name" || continue
    echo "env: installing uv with $name" >&2
    # shellcheck disable=SC2086  # $pip and $where are words
    if PIP_USER=0 $pip install --quiet --no-deps --require-hashes $where \
        -r .env-stamps/uv.txt >>"$log" 2>&1 && runs "$home/bin/uv"; then
        echo "$home/bin/uv"
        exit 0
    fi
    rm -rf "$home"
    echo "env: pip could not install uv: $(grep -i error "$log" | tail -n 1) (see $log)" >&2
    exit 1
done
if [ -z "$python" ]; then
    echo "env: no Python >= 3.9 runs here: install python3 and python3-venv" >&2
else
    echo "env: $python has neither venv nor pip: install python3-venv (or uv)" >&2
fi
exit 1
