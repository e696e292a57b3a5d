#!/bin/sh
# Make .env-stamps/site, the environment of `make site`, from envs/site.lock.txt. Nothing is done
# while it holds a copy of the very lock that it was made from.
set -eu
cd "$(dirname "$0")/.."
home=.env-stamps/site
if cmp -s envs/site.lock.txt "$home/site.lock.txt" && "$home/bin/python" -c '' 2>/dev/null; then
    exit 0
fi
uv=$(sh envs/uv.sh)
echo "env: installing envs/site.lock.txt" >&2
rm -rf "$home"
"$uv" venv --quiet --python 3.12 "$home"
"$uv" pip sync --quiet --python "$home/bin/python" --require-hashes envs/site.lock.txt
cp envs/site.lock.txt "$home/"
