#!/usr/bin/env bash
# Compiles the solution against the whole of TorchSharp's listed API, on machines whose feed lacks TorchSharp too:
# makes a package of signatures without bodies from the listing, checks that it says what the listing says, and builds
# with TorchBinding=TorchSharp against it. Also checks that this binding runs no native compiler and leaves SystemTorch
# and its tests out. Works in a temporary folder with its own package cache, and leaves nothing behind.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
export DOTNET_NOLOGO=1 DOTNET_CLI_TELEMETRY_OPTOUT=1

version=0.106.0
listing="${RNNZOO_FIXTURES:-../shared}/api/torchsharp-$version.txt"
if [ ! -f "$listing" ]; then
  echo "compile against the listing: skipped, there is no $listing (set RNNZOO_FIXTURES to the folder that holds api/)"
  exit 0
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() { echo "compile against the listing: FAILED: $1"; exit 1; }
quietly() { # what it does, command ...: shows the output only when it fails
  local what=$1
  shift
  "$@" >"$work/log" 2>&1 </dev/null || { cat "$work/log"; fail "$what"; }
}

# Packages that are already here are read from where they are; the stub goes to a cache of its own, and under a version
# of its own, so that neither feed nor cache can ever give it for the genuine package or the other way round.
stub_version="$version-listing"
cache="${NUGET_PACKAGES:-$HOME/.nuget/packages}"
export NUGET_PACKAGES="$work/packages"
options=(-p:ArtifactsPath="$work/artifacts" -p:TorchBinding=TorchSharp -p:TorchSharpVersion="$stub_version"
  -p:RestoreAdditionalProjectSources="$work/feed" --disable-build-servers -v:quiet)
[ ! -d "$cache" ] || options+=(-p:RestoreFallbackFolders="$cache")
mkdir "$work/feed"

quietly "the generator does not build" dotnet build tests/ListingStub "${options[@]}"
tool="$work/artifacts/bin/ListingStub/debug/ListingStub.dll"
quietly "the stub cannot be written" dotnet "$tool" write "$listing" "$stub_version" "$work/stub"
expressed=$(tail -n 1 "$work/log")
for package in TorchSharp TorchSharp-cpu; do
  quietly "the stub $package does not compile" \
    dotnet pack "$work/stub/$package" -o "$work/feed" --disable-build-servers -v:quiet
done
quietly "the stub differs from the listing" dotnet "$tool" check "$listing" "$work/stub/TorchSharp/bin/Release/net10.0/TorchSharp.dll"

# Native tools that say so when they are called.
mkdir "$work/bin"
for name in cmake make ninja cc gcc c++ g++ clang clang++; do
  printf '#!/bin/sh\necho "%s $*" >> "%s"\nexit 1\n' "$name" "$work/native-calls" > "$work/bin/$name"
  chmod +x "$work/bin/$name"
done
quietly "the solution does not compile against the listed API" env PATH="$work/bin:$PATH" dotnet build RnnZoo.sln "${options[@]}"
[ ! -e "$work/native-calls" ] || fail "TorchBinding=TorchSharp ran native tools: $(cat "$work/native-calls")"
for project in RnnZoo RnnZoo.Cli RnnZoo.Tests; do
  [ -f "$work/artifacts/bin/$project/debug/$project.dll" ] || fail "$project was not built"
  [ -f "$work/artifacts/bin/$project/debug/TorchSharp.dll" ] || [ "$project" = RnnZoo ] || fail "$project was built without TorchSharp.dll"
done
[ -z "$(find "$work/artifacts" -name 'SystemTorch*.dll' -print -quit)" ] || fail "TorchBinding=TorchSharp built SystemTorch or its tests"

quietly "dotnet test cannot list the tests" dotnet test RnnZoo.sln --no-build --list-tests "${options[@]/-v:quiet/-v:minimal}"
! grep -q 'SystemTorch\.Tests' "$work/log" || fail "dotnet test with TorchBinding=TorchSharp runs SystemTorch.Tests"
grep -q 'RnnZoo\.Tests\.dll' "$work/log" || fail "dotnet test with TorchBinding=TorchSharp does not run RnnZoo.Tests"

echo "compile against the listing: passed ($expressed; library, program and tests compile, nothing native)"
