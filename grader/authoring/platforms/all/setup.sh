#!/bin/sh
# What the grader stands on, put into /opt/grader once, while an image is built: Debian 12, Ubuntu 22.04 or later; as root.
set -eu
here=$(cd "$(dirname "$0")" && pwd -P)
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq
apt-get install -y -qq --no-install-recommends bubblewrap libseccomp2 libarchive13
python=""
for version in 3.11 3.12 3.13; do
    if apt-get install -y -qq --no-install-recommends "python$version" "python$version-venv" 2>/dev/null; then
        python="python$version"
        break
    fi
done
[ -n "$python" ] || { echo "setup.sh: no Python 3.11 or newer to be had here; take a later image" >&2; exit 1; }
"$python" -m venv /opt/grader
# The lock names every package. torch comes from its own index, without CUDA, since nothing here has a GPU; no other
# package is looked for there.
grep -E '^(torch|torchaudio|torchvision)==' "$here/requirements.lock" >/opt/grader/torch.lock || [ $? -eq 1 ]
pip() { /opt/grader/bin/pip install --quiet --disable-pip-version-check --no-cache-dir --no-deps "$@"; }
[ ! -s /opt/grader/torch.lock ] || pip --index-url https://download.pytorch.org/whl/cpu -r /opt/grader/torch.lock
pip -r "$here/requirements.lock"
# Where the grader comes with the image, it need not be compiled for each submission.
[ ! -d "$here/lib" ] || /opt/grader/bin/python -m compileall -q "$here/lib"
