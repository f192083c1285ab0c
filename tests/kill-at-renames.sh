#!/usr/bin/env bash
# Kills a command at each rename that it makes, one after the other (SIGKILL, by strace), and looks at what is left: whatever
# has a name is whole, the same command goes on or begins anew, and it leaves no half of a file. Outside `dotnet test`, for it
# needs strace: apt-get install strace. Takes about two minutes.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build src/RnnZoo.Cli -v quiet
exec 2> /dev/null # the shell says of each kill that it happened
rnnzoo="dotnet $PWD/artifacts/bin/RnnZoo.Cli/debug/RnnZoo.Cli.dll"
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp -r tests/RnnZoo.Fuzz/corpus "$work/models"
head -c 20000 docs/decisions.md > "$work/text.txt"
cd "$work"

# attack NAME CHECK COMMAND: CHECK is run after each kill and after the run that ended by itself.
attack() {
  local name=$1 check=$2 command=$3 kills=0 code=137
  rm -rf out
  while [ "$code" = 137 ]; do
    kills=$((kills + 1))
    code=0
    strace -f -qq -o /dev/null -e trace=rename,renameat,renameat2 -e "inject=rename,renameat,renameat2:signal=KILL:when=$kills" \
      bash -c "exec $rnnzoo $command" > said 2>&1 || code=$? # 137: killed
    [ "$code" = 0 ] || [ "$code" = 137 ] || { echo "FAILS $name, killed at rename $kills: exit code $code: $(tail -n 1 said)"; exit 1; }
    eval "$check" > said 2>&1 || { echo "FAILS $name, killed at rename $kills: $(tail -n 1 said)"; exit 1; }
  done
  halves=$(find . -name '*.part' -o -name '.*.new' -o -name '.*.old' | wc -l)
  [ "$halves" = 0 ] || { echo "FAILS $name: left $(find . -name '*.part' -o -name '.*.new' -o -name '.*.old')"; exit 1; }
  echo "ok    $name: killed at each of $((kills - 1)) renames"
}

whole='for file in $(find out -name "*.json"); do tail -n 1 $file | grep -q "^}$" || exit 1; done'
attack "compare" "$whole; for weights in out/*.safetensors; do [ ! -e \$weights ] || $rnnzoo lyapunov --weights \$weights --steps 2 --warm-up 1 --output spectrum; done" \
  "compare copy --delays 2,3 --symbols 1 --hidden 4 --steps 5 --output out"
attack "train chars" "$whole; [ ! -e out/weights.safetensors ] || $rnnzoo sample --model out --length 3 || grep -q 'goes on with rnnzoo train chars --resume' said" \
  "train chars \$([ -e out/model.json ] && echo '--resume out --text text.txt' || echo '--text text.txt --output out --hidden 8 --streams 4 --chunk 9 --steps 40 --validate-every 10 --checkpoint-every 10')"
attack "zoo train --write" "$whole; $rnnzoo zoo show copy --models models" "zoo train copy --models models --output out --write"
