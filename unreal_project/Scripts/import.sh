#!/usr/bin/env bash
# Imports what 'spineforge export-unreal' wrote into Import/. UE is the engine's folder.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${UE:?set UE to the folder of Unreal Engine 5.6, e.g. UE=/opt/UnrealEngine}"
"$UE/Engine/Binaries/Linux/UnrealEditor-Cmd" "$PWD/SpineForge.uproject" \
  -run=pythonscript -script="$PWD/Scripts/spineforge_import.py" -unattended -nullrhi -stdout
