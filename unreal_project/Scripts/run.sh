#!/usr/bin/env bash
# Starts the packaged project without a screen; then: spineforge render --world 127.0.0.1:9000
set -euo pipefail
cd "$(dirname "$0")/.."
exec Packaged/Linux/SpineForge.sh -RenderOffScreen -ResX=640 -ResY=480 -ForceRes -nosound -unattended \
  -UnrealCVPort "${PORT:-9000}" "$@"
