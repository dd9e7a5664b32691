# shellcheck shell=bash
#
# What .ci/run and .ci/full share: sections, what is prepared beside them, and the Odoo servers. Sourced by both.

set -euo pipefail
exec </dev/null
export CI=true

export ERPSYNC_CACHE=${ERPSYNC_CACHE:-$HOME/.cache/erpsync}
export CARGO_TARGET_DIR=${CARGO_TARGET_DIR:-$ERPSYNC_CACHE/target}
export CARGO_TERM_COLOR=never
# Nothing is built twice here.
export CARGO_INCREMENTAL=0
export ERPSYNC_TEST_ODOO_SCRIPTS=$PWD/tests/odoo
mkdir -p "$ERPSYNC_CACHE"
WORK=$(mktemp -d "$ERPSYNC_CACHE/ci.XXXXXX")
declare -A BESIDE
NOW= TABLE=

# cpu: sets CPU to the seconds of processor that everything waited for has used so far; the servers' are not among them
cpu() {
  times >"$WORK/times"
  CPU=$(awk 'NR == 2 { for (i = 1; i <= 2; i++) { split($i, t, /[ms]/); s += t[1] * 60 + t[2] } printf "%d", s }' "$WORK/times")
}

# told <name> <seconds> <budget> <CPU seconds>: the time, and the end of everything when it is too long
told() {
  local line
  line=$(printf '%-18s %5d s of %5d s, CPU %5d s' "$1" "$2" "$3" "$4")
  TABLE+=$line$'\n'
  echo "== $line" >&2
  [ "$2" -le "$3" ] || { echo "== $1 took $2 s and may take $3 s: make it shorter, or say why it needs more" >&2; exit 1; }
}

# section <name> <budget in seconds> <command...>
section() {
  local name=$1 budget=$2 start=$SECONDS before
  shift 2
  NOW=$name
  cpu
  before=$CPU
  echo "== $name" >&2
  "$@"
  cpu
  NOW=
  told "$name" $((SECONDS - start)) "$budget" $((CPU - before))
}

# beside <name> <command...>: begins it in the background, its output apart, until `joined <name>` waits for it
beside() {
  local name=$1
  shift
  set -m # a process group of its own, which can be ended as one
  (
    set +m
    trap - EXIT INT TERM
    "$@"
    echo "$SECONDS" >"$WORK/$name.end"
  ) >"$WORK/$name.log" 2>&1 &
  BESIDE[$name]=$!
  set +m
  echo "$SECONDS" >"$WORK/$name.start"
}

# joined <name> <budget in seconds>
joined() {
  local pid=${BESIDE[$1]}
  NOW=$1
  if ! wait "$pid"; then
    unset "BESIDE[$1]"
    tail -n 40 "$WORK/$1.log" >&2
    exit 1
  fi
  unset "BESIDE[$1]"
  NOW=
  told "$1" $(($(cat "$WORK/$1.end") - $(cat "$WORK/$1.start"))) "$2" 0
}

# finish <budget of all in seconds>: for `trap … EXIT`
finish() {
  local status=$? name
  for name in "${!BESIDE[@]}"; do kill -TERM -- -"${BESIDE[$name]}" 2>/dev/null || true; done
  tests/odoo/down all >&2 || true
  rm -rf "$WORK"
  printf '== sections\n%s' "$TABLE" >&2
  if [ $status != 0 ]; then
    echo "== failed: ${NOW:-a budget}" >&2
  elif [ $SECONDS -gt "$1" ]; then
    echo "== all took $SECONDS s and may take $1 s" >&2
    status=1
  fi
  echo "== all: $SECONDS s, status $status" >&2
  exit $status
}
trap 'exit 130' INT
trap 'exit 143' TERM

machine() {
  export DEBIAN_FRONTEND=noninteractive
  apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 update >&2
  apt-get -q -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5 install -y --no-install-recommends --no-upgrade \
    ca-certificates curl faketime freetds-bin gcc libc6-dev make pkg-config python3 python3-venv shellcheck >&2
}

# The tool is built once, without optimisation, as it has little to do.
DENY_VERSION=0.20.2
DENY=$ERPSYNC_CACHE/cargo-deny/bin/cargo-deny
deny_built() {
  [ "$("$DENY" --version 2>/dev/null)" = "cargo-deny $DENY_VERSION" ] && return
  CARGO_TARGET_DIR=$ERPSYNC_CACHE/cargo-deny/build CARGO_PROFILE_DEV_DEBUG=false cargo install cargo-deny --version "$DENY_VERSION" \
    --locked --debug --quiet --root "$ERPSYNC_CACHE/cargo-deny"
  rm -rf "$ERPSYNC_CACHE/cargo-deny/build"
}
# Licences, bans and sources always; advisories when their database can be reached, which is not so on every machine.
deny() {
  deny_built
  "$DENY" --config .ci/deny.toml --log-level error --locked check --hide-inclusion-graph licenses bans sources
  if timeout 60 "$DENY" --config .ci/deny.toml --log-level off fetch db >/dev/null 2>&1; then
    "$DENY" --config .ci/deny.toml --log-level error --locked check --hide-inclusion-graph --disable-fetch advisories
  else
    echo "advisories: NOT checked, their database cannot be reached from here" >&2
  fi
}

# What was checked, and with which rules: the tool is a large thing to build, so the gate does it when one of them is another,
# and .ci/full always. An advisory that is new about old dependencies is thus found by .ci/full alone.
DEPENDENCIES=.ci/dependencies.sha256
dependencies_checked() { sha256sum --quiet --check "$DEPENDENCIES" >/dev/null 2>&1; }
dependencies() {
  if dependencies_checked; then
    echo "as they were when they were checked: $DEPENDENCIES" >&2
    return
  fi
  deny
  echo "they pass; .ci/full dependencies writes that to $DEPENDENCIES, and spares the next gate the tool" >&2
}
dependencies_kept() {
  deny
  sha256sum Cargo.lock .ci/deny.toml >"$DEPENDENCIES"
}

# Downloads and database templates, which take minutes the first time.
servers_built() { for version in 14 19; do tests/odoo/up "$version" --lang ru_RU; done; }

servers() {
  ERPSYNC_TEST_ODOO14_URL=$(tests/odoo/up 14)
  ERPSYNC_TEST_ODOO19_URL=$(tests/odoo/up 19)
  export ERPSYNC_TEST_ODOO14_URL ERPSYNC_TEST_ODOO19_URL
}

# The one build of all tests, examples and programs: whoever builds with other words builds the dependencies once more.
build() { cargo test --locked --no-run --quiet && cargo build --locked --quiet --bins --examples; }

# suites <arguments>: against the real servers
suites() { cargo test --locked --test real -- --ignored "$@"; }

# slice: prints every second test, and of those that are there for 14 and for 19 one of the two: by turns, so that four commits
# have had all
slice() {
  local turn
  turn=$(git rev-list --count HEAD 2>/dev/null || echo 0)
  cargo test --locked --quiet --test real -- --ignored --list | awk -v turn="$turn" '
    !/: test$/ { next }
    { sub(/: test$/, ""); both = $0; gsub(/14|19/, "NN", both) }
    !(both in first) { first[both] = $0; order[n++] = both; next }
    { second[both] = $0 }
    END {
      for (i = turn % 2; i < n; i += 2) {
        name = order[i]
        print !(name in second) || int((i + turn) / 2) % 2 == 0 ? first[name] : second[name]
      }
    }'
}

# slice_of_suites <arguments>: what a change has to pass against the real servers; .ci/full runs all
slice_of_suites() {
  local tests
  mapfile -t tests < <(slice)
  echo "${#tests[@]} of the tests, each on one of the two versions" >&2
  cargo test --locked --test real -- --ignored --exact "$@" "${tests[@]}"
}
