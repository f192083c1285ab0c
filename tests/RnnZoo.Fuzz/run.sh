#!/usr/bin/env bash
# run.sh TARGET [SECONDS]: fuzzes a reader by AFL++ (apt-get install afl++), for an hour by default. What it finds lies in
# artifacts/fuzz/TARGET/out/default/crashes; `dotnet run --project tests/RnnZoo.Fuzz -- try TARGET FILE...` reads such files.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."
target=${1:?expected a target, as safetensors}
fuzz=artifacts/fuzz/$target

dotnet build tests/RnnZoo.Fuzz
[ -x artifacts/fuzz/tools/sharpfuzz ] || dotnet tool install --tool-path artifacts/fuzz/tools SharpFuzz.CommandLine --version 2.3.0
rm -rf "$fuzz/bin"
mkdir -p "$fuzz"
cp -al artifacts/bin/RnnZoo.Fuzz/debug "$fuzz/bin" # links, for libtorch is large; but the library is a copy to be instrumented
cp --remove-destination artifacts/bin/RnnZoo/debug/RnnZoo.dll "$fuzz/bin"
artifacts/fuzz/tools/sharpfuzz "$fuzz/bin/RnnZoo.dll" RnnZoo.Files RnnZoo.Zoo RnnZoo.Training RnnZoo.Characters

dotnet "$fuzz/bin/RnnZoo.Fuzz.dll" seeds "$target" "$fuzz/seeds"
TMPDIR=$(mktemp -d -p "$([ -d /dev/shm ] && echo /dev/shm || echo /tmp)") # the files that are read, in memory
trap 'rm -rf "$TMPDIR"' EXIT
export TMPDIR AFL_SKIP_BIN_CHECK=1 AFL_I_DONT_CARE_ABOUT_MISSING_CRASHES=1 AFL_SKIP_CPUFREQ=1 AFL_NO_AFFINITY=1 AFL_NO_UI=1 OMP_NUM_THREADS=1
afl-fuzz -i "$fuzz/seeds" -o "$fuzz/out" -x tests/RnnZoo.Fuzz/words.dict -m none -t 10000 -V "${2:-3600}" -- dotnet "$fuzz/bin/RnnZoo.Fuzz.dll" fuzz "$target"
