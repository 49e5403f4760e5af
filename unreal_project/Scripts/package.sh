#!/usr/bin/env bash
# Builds and packages the project for Linux into Packaged/. UE is the engine's folder.
set -euo pipefail
cd "$(dirname "$0")/.."
: "${UE:?set UE to the folder of Unreal Engine 5.6, e.g. UE=/opt/UnrealEngine}"
"$UE/Engine/Build/BatchFiles/RunUAT.sh" BuildCookRun -project="$PWD/SpineForge.uproject" -noP4 \
  -platform=Linux -clientconfig=Development -build -cook -stage -pak -archive -archivedirectory="$PWD/Packaged"
cp unrealcv.ini Packaged/Linux/SpineForge/Binaries/Linux/
