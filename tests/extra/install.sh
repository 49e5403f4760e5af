#!/usr/bin/env bash
# What `make test-extra` needs beyond pip's base: a browser for the report, and clients that cannot share our environment.
set -euo pipefail
cd "$(dirname "$0")/../.."
if ! command -v chromium >/dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "test-extra needs 'chromium' on the PATH (Debian: apt-get install chromium)" >&2
    exit 1
  fi
  apt-get update -qq
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium >/dev/null
fi
.venv/bin/pip install --quiet --constraint constraints.txt playwright
# Clients that run exported files live apart: the registry's spinepose has our import name, and their wishes must not
# move our pins. It asks for torch and onnx and never imports them for this.
if [ ! -x .venv-clients/bin/python ]; then
  python3 -m venv .venv-clients
fi
.venv-clients/bin/pip install --quiet "rtmlib==0.0.16" "onnxruntime==1.32.0" "mlcroissant==1.1.1" "pyarrow==26.0.1" anytree OneEuroFilter
.venv-clients/bin/pip install --quiet --no-deps "spinepose==2.1.0"
# Pose2Sim's settings are read by its own code; what it needs for the rest (OpenSim, Qt, OpenVINO) is not installed.
.venv-clients/bin/pip install --quiet --no-deps "pose2sim==0.10.49"
.venv-clients/bin/pip install --quiet rtoml c3d pandas scipy matplotlib
# The stub of the editor's Python API (no licence stated: for tests only, never part of what is installed).
.venv-clients/bin/pip install --quiet --no-deps "unreal-stub==0.3"
# Khronos' validator and Babylon.js open the people that `spineforge export-character` writes.
if ! command -v npm >/dev/null; then
  if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
    echo "test-extra needs 'node' and 'npm' on the PATH (Debian: apt-get install nodejs npm)" >&2
    exit 1
  fi
  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq nodejs npm >/dev/null
fi
npm install --prefix tests/extra/gltf --silent --no-audit --no-fund --no-package-lock >/dev/null
