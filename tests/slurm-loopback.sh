#!/usr/bin/env bash
# Starts a real Slurm on this machine alone (controller and one node of two cores, loopback, all in a temporary folder), runs a
# sweep as its job array, and gets in its way: drains the node, kills a training, requeues tasks that run. No result may be
# lost or doubled, and all must be those of the same sweep without Slurm. Outside `dotnet test`, for it needs root and
# Slurm: apt-get install slurm-wlm munge. Takes about a minute.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."
dotnet build src/RnnZoo.Cli -v quiet
rnnzoo="dotnet $PWD/artifacts/bin/RnnZoo.Cli/debug/RnnZoo.Cli.dll"
work=$(mktemp -d)
export SLURM_CONF=$work/slurm.conf
say() { echo "$(date +%T) $*"; }
fail() { say "FAILS: $*"; exit 1; }

runs() { [ -e "$work/$1.pid" ] && kill -0 "$(cat "$work/$1.pid")" 2> /dev/null; }
stop() {
  for daemon in slurmd slurmctld munged; do if runs $daemon; then kill "$(cat "$work/$daemon.pid")"; fi; done
  for daemon in slurmd slurmctld munged; do while runs $daemon; do sleep 0.2; done; done
  rm -rf "$work"
}
trap stop EXIT

start() {
  chmod 755 "$work"
  mkdir "$work/state" "$work/spool"
  (umask 077 && head -c 1024 /dev/urandom > "$work/munge.key")
  munged --force --key-file="$work/munge.key" --socket="$work/munge.socket" --pid-file="$work/munged.pid" --log-file="$work/munged.log" --seed-file="$work/munge.seed"
  cat > "$SLURM_CONF" <<CONF
ClusterName=loopback
SlurmctldHost=$(hostname)(127.0.0.1)
SlurmctldPort=36817
SlurmdPort=36818
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
AuthInfo=socket=$work/munge.socket,cred_expire=5
StateSaveLocation=$work/state
SlurmdSpoolDir=$work/spool
SlurmctldPidFile=$work/slurmctld.pid
SlurmdPidFile=$work/slurmd.pid
SlurmctldLogFile=$work/slurmctld.log
SlurmdLogFile=$work/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
JobAcctGatherType=jobacct_gather/none
KillWait=2
NodeName=$(hostname) NodeAddr=127.0.0.1 CPUs=2 RealMemory=4000
PartitionName=short Nodes=ALL Default=YES MaxTime=01:00:00 State=UP
CONF
  slurmctld -f "$SLURM_CONF"
  slurmd -f "$SLURM_CONF"
  for _ in $(seq 50); do [ "$(sinfo -h -o %T)" = idle ] && return; sleep 0.2; done
  fail "no node: $(sinfo -h -o %T) $(tail -n 3 "$work/slurmd.log")"
}

results() { find "$work/$1/results" -name '*.json' | wc -l; }
wait_for() { for _ in $(seq 600); do eval "$1" && return; sleep 0.2; done; fail "waited in vain: $1"; }
# The page without what differs from run to run: seconds, and hours of all trainings.
table() { sed -E 's/[0-9.]+ hours? of one core//' "$work/$1/table.md" | awk -F '|' -v OFS='|' 'NF > 8 { $8 = "" } 1'; }
numbers() { (cd "$work/$1/results" && grep -Hv '"seconds"\|"processorSeconds"\|"date"' -- *.json); }

cat > "$work/plan.json" <<PLAN
{
  "format": 1, "nets": [ "vanilla", "lstm" ], "hidden": 32, "batchSize": 32, "learningRates": [ 0.003, 0.01 ], "seeds": [ 1, 2 ],
  "tasks": [ { "name": "adding", "lengths": [ 50 ], "steps": 1200 }, { "name": "parity", "lengths": [ 20 ], "steps": 1200 } ]
}
PLAN
cells=16

$rnnzoo sweep "$work/plan.json" --output "$work/here" > /dev/null 2>&1
say "without Slurm: $(results here) of $cells trainings"
start
say "Slurm: $(sinfo -h -o '%P %D node, %c cores, %T')"
$rnnzoo sweep "$work/plan.json" --output "$work/there" --engine slurm --partition short --time 00:10:00 --memory 500M --cores 1
job=$(cat "$work/there/job.id")
said=$($rnnzoo sweep "$work/plan.json" --output "$work/there" --engine slurm 2>&1) && fail "was submitted twice" || say "again: $said"

wait_for '[ "$(results there)" -ge 3 ]'
scontrol update NodeName="$(hostname)" State=DRAIN Reason=test
victim=$(pgrep -n -f "RnnZoo.Cli.dll sweep cell $work/there")
kill -9 "$victim"
say "$(results there) results: drained the node ($(sinfo -h -o %T)), killed a training"
wait_for '[ "$(squeue -h -t running,completing | wc -l)" = 0 ]'
say "queue while drained: $(squeue -h --array -o %T | sort | uniq -c | xargs), $(results there) results"
scontrol update NodeName="$(hostname)" State=RESUME

wait_for '[ "$(squeue -h -t running | wc -l)" = 2 ]'
for task in $(squeue -h -t running -o %i); do scontrol requeue "$task"; say "requeued $task"; done
wait_for '[ "$(squeue -h | wc -l)" = 0 ]'
$rnnzoo sweep status "$work/there" 2>&1 > /dev/null | tail -n 1
[ "$(results there)" = $((cells - 1)) ] || fail "expected all but the killed training, got $(results there)"
say "log of the killed task: $(grep -h xargs "$work"/there/logs/*.log | head -n 1)"

$rnnzoo sweep "$work/plan.json" --output "$work/there" --engine slurm --partition short
wait_for '[ "$(squeue -h | wc -l)" = 0 ]'
$rnnzoo sweep status "$work/there" 2> /dev/null
[ "$(results there)" = $cells ] || fail "expected $cells results, got $(results there)"
[ -z "$(find "$work/there" -name '*.part')" ] || fail "left $(find "$work/there" -name '*.part')"
diff <(numbers here) <(numbers there) || fail "other numbers than without Slurm"
diff <(table here) <(table there) || fail "another table than without Slurm"
say "ok: $cells results, each once, to the bit those without Slurm; trainings begun: $(grep -h begins "$work"/there/logs/*.log | wc -l)"
