# shellcheck shell=bash
#
# Real Odoos on loopback, for tests and benchmarks: what the scripts beside this file share.
#
#   up 14|19 [--workers N]                  build what is missing, start, wait, print the URL
#   up 17 --tree DIRECTORY                  the same with Odoo's source that the caller has; 15, 16 and 18 likewise
#   down 14|19|all                          stop; databases stay
#   stop 14|19 odoo|postgres SIGNAL         stop one of the two in a given way; `up` starts it again
#   fresh-db 14|19 NAME [--lang ru_RU]      (re)create a database from the template; login admin / admin
#   drop-db 14|19 NAME...                   remove databases and their filestores
#   odoo-shell 14|19 DB                     run a Python script from stdin in `odoo shell`
#   psql 14|19 DB [psql arguments]          psql on a database
#   api-key 14|19 DB LOGIN [DAYS]           print a new API key
#
# They want root on Debian 12 (chroot, mount namespaces, apt) and change nothing of the machine but the packages that
# they install. Everything else lives under one directory, outside the repository, that can be deleted at any time.
#
# Each version has a PostgreSQL cluster of its own, so database names never collide. Durability is off: a power cut
# costs the databases, never the scripts.
#
# Environment:
#   ERPSYNC_ODOO_HOME            where everything lives; default ${ERPSYNC_CACHE:-$HOME/.cache/erpsync}/odoo
#   ERPSYNC_ODOO_LIKE            another such place whose servers are up: trees and template databases are copied from there,
#                                in seconds, instead of being built
#   ERPSYNC_ODOO14_PORT          HTTP port of Odoo 14 (8114; of 19 8119, and so on); its long polling is 100 above
#   ERPSYNC_ODOO14_PGPORT        PostgreSQL port of Odoo 14 (5443; of 19 5444, of 15 to 18 5455 to 5458)
#   ERPSYNC_DEBIAN_MIRROR        the Debian mirror; default: the one that apt uses for this system's main suite
#   ERPSYNC_DEBIAN_MIRROR_14     another one for bullseye, which has Odoo 14
#   ERPSYNC_DEBIAN_MIRROR_19     another one for sid, which has Odoo 19
#
# stdout is the answer (a URL, a key, what psql says); everything else goes to stderr.

set -euo pipefail

# shellcheck disable=SC2034 # for the scripts
SCRIPTS=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
HOME_ALL=${ERPSYNC_ODOO_HOME:-${ERPSYNC_CACHE:-$HOME/.cache/erpsync}/odoo}
PG_BIN=/usr/lib/postgresql/15/bin
# The owner of every database. Odoo refuses to work as the superuser `postgres`.
export PGUSER=odoo PGPASSWORD=odoo PGHOST=127.0.0.1 PGOPTIONS='-c client_min_messages=error'

say() { printf '%s\n' "$*" >&2; }
die() { say "${0##*/}: $*"; exit 1; }

usage() { # usage <script>: the comment that opens it
  sed -n '2,/^$/{s/^# \{0,1\}//p}' "$1" >&2
  exit 64
}

# use <14|19>: everything below speaks of this version
use() {
  case ${1:-} in
    14) V=14 PGPORT=5443 ;;
    19) V=19 PGPORT=5444 ;;
    15 | 16 | 17 | 18) V=$1 PGPORT=54${1/#1/5} ;;
    *) usage "$0" ;;
  esac
  local port=ERPSYNC_ODOO${V}_PORT pgport=ERPSYNC_ODOO${V}_PGPORT
  PORT=${!port:-81$V} PGPORT=${!pgport:-$PGPORT}
  [ "$(id -u)" = 0 ] || die "needs root: Odoo 14 runs in a chroot, PostgreSQL in a mount namespace"
  export PGPORT
  URL=http://127.0.0.1:$PORT
  mkdir -p "$HOME_ALL/$V/log"
  # Absolute and free of symbolic links: it is written into configuration files.
  H=$(cd "$HOME_ALL/$V" && pwd -P)
  # The number changes when the recipe does, so that an older tree is left alone and a new one made.
  TREE=$H/tree-1
  # shellcheck disable=SC2034 # for build.sh
  LIKE=${ERPSYNC_ODOO_LIKE:+$ERPSYNC_ODOO_LIKE/$V}
  [[ $V = 14 || $V = 19 || -d $LIKE/tree-1 ]] || LIKE=
  case $V in
    14) CONF_INSIDE=/srv/odoo/odoo.conf DATA_INSIDE=/srv/odoo/data CONF=$TREE$CONF_INSIDE DATA=$TREE$DATA_INSIDE ;;
    *) CONF=$H/odoo.conf DATA=$H/data CONF_INSIDE=$CONF DATA_INSIDE=$DATA ;;
  esac
}

# One script at a time builds, starts or stops a version; others wait here.
lock() {
  exec {LOCK}>"$H/lock"
  flock "$LOCK"
}
unlock() { exec {LOCK}>&-; }

# --- processes -------------------------------------------------------------------------------------------------------

# The start time beside the pid tells our process from a later one that happens to get the same number. A process that
# has ended, but whose end nobody has asked for yet (Z), has none.
started_at() { sed -n 's/^.*) \([^ZX]\)/\1/p' "/proc/$1/stat" 2>/dev/null | cut -d' ' -f20; }

# running <name>: succeeds when the process recorded under this name lives; sets PID
running() {
  local at
  PID=
  [ -s "$H/$1.pid" ] && read -r PID at <"$H/$1.pid" && [ -n "$at" ] && [ "$(started_at "$PID")" = "$at" ]
}

# daemon <name> <command...>: in a session of its own, output to log/<name>.log
daemon() {
  local name=$1 pid
  shift
  # The lock must not be inherited, or it would be held for as long as the server runs.
  setsid "$@" >>"$H/log/$name.log" 2>&1 </dev/null {LOCK}>&- &
  pid=$!
  disown "$pid"
  echo "$pid $(started_at "$pid")" >"$H/$name.pid"
}

# await <name> <seconds> <command...>: until the command succeeds; fails at once when the process is gone
await() {
  local name=$1 deadline=$((SECONDS + $2))
  shift 2
  until "$@" >/dev/null 2>&1; do
    if ! running "$name" || [ $SECONDS -ge $deadline ]; then
      tail -n 15 "$H/log/$name.log" >&2
      die "$name of Odoo $V did not come up; see $H/log/$name.log"
    fi
    sleep 0.1
  done
}

# stop <name> <signal>: and wait; the whole session is killed when it has not ended after ten seconds
stop() {
  running "$1" || { rm -f "$H/$1.pid"; return 0; }
  local pid=$PID deadline=$((SECONDS + 10))
  kill -"$2" "$pid" 2>/dev/null || true
  while running "$1" && [ $SECONDS -lt $deadline ]; do sleep 0.1; done
  kill -KILL -- -"$pid" 2>/dev/null || true
  rm -f "$H/$1.pid"
}

port_free() { ! (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# --- PostgreSQL ------------------------------------------------------------------------------------------------------

# as_postgres <directory>: sets AS_POSTGRES to the beginning of a command that sees the directory at /mnt, alone.
# PostgreSQL refuses to run as root, and its own user may not pass through root's home directory.
as_postgres() {
  # shellcheck disable=SC2016 # expanded by the inner shell
  AS_POSTGRES=(unshare -m sh -c 'mount --bind "$1" /mnt && cd / && shift && exec "$@"' sh "$1"
    setpriv --reuid=postgres --regid=postgres --init-groups env -i PATH=/usr/bin:/bin LANG=C.UTF-8 HOME=/mnt)
}

pg_init() {
  local new=$H/pg.new secret=$H/pg.secret
  rm -rf "$new"
  install -d -o postgres -g postgres -m 700 "$new"
  as_postgres "$new"
  "${AS_POSTGRES[@]}" "$PG_BIN/initdb" -D /mnt -E UTF8 --locale=C.UTF-8 --auth=trust >>"$H/log/postgres.log" 2>&1
  cat >>"$new/postgresql.conf" <<-CONF
	listen_addresses = '127.0.0.1'
	unix_socket_directories = ''
	max_connections = 300
	shared_buffers = 256MB
	fsync = off
	synchronous_commit = off
	full_page_writes = off
	log_checkpoints = off
	autovacuum_naptime = 10s
	CONF
  # Loopback is open to every user of the machine, so Odoo's role has a password and the superuser no way in at all.
  printf 'host all odoo 127.0.0.1/32 scram-sha-256\n' >"$new/pg_hba.conf"
  echo "create role odoo login createdb password 'odoo'" >"$secret"
  "${AS_POSTGRES[@]}" "$PG_BIN/postgres" --single -D /mnt postgres <"$secret" >>"$H/log/postgres.log" 2>&1
  rm -f "$secret"
  mv "$new" "$H/pg"
}

pg_start() {
  running postgres && return
  [ -s "$H/pg/PG_VERSION" ] || pg_init
  port_free "$PGPORT" || die "port $PGPORT is taken; set ERPSYNC_ODOO${V}_PGPORT"
  # Servers are started by this function alone, under the lock, so a left-over of one that was killed is only in the way.
  rm -f "$H/pg/postmaster.pid"
  as_postgres "$H/pg"
  daemon postgres "${AS_POSTGRES[@]}" "$PG_BIN/postgres" -D /mnt -p "$PGPORT"
  await postgres 60 "$PG_BIN/pg_isready" -q -d postgres
}

# sql <database> <statement>: rows without decoration
sql() { psql -qXAt -v ON_ERROR_STOP=1 -d "$1" -c "$2"; }

db_exists() {
  local count
  count=$(sql postgres "select count(*) from pg_database where datname = '$1'") || die "PostgreSQL does not answer"
  [ "$count" = 1 ]
}

# db_copy <from> <to>: database and filestore. Odoo never changes a stored file, it only adds and removes: links do.
db_copy() {
  rm -rf "$DATA/filestore/${2:?}"
  [ ! -d "$DATA/filestore/$1" ] || cp -al "$DATA/filestore/$1" "$DATA/filestore/$2"
  sql postgres "create database \"$2\" template \"$1\" strategy file_copy"
}

db_drop() {
  # PostgreSQL ends other connections only as far as this role may: not its own cleaner, which happens to be at work.
  local try
  for try in 1 2 3 4 5; do
    if sql postgres "drop database if exists \"$1\" with (force)"; then break; fi
    [ "$try" != 5 ] || return 1
    sleep "$try"
  done
  rm -rf "$DATA/filestore/${1:?}"
}

# A name that needs no quoting anywhere, and is not one of the templates.
check_name() {
  [[ $1 =~ ^[a-zA-Z0-9][a-zA-Z0-9_.-]+$ && ${#1} -le 63 ]] || die "'$1' is no database name that Odoo accepts"
  [[ $1 != erpsync_tpl_* && $1 != postgres && $1 != template? ]] || die "'$1' is reserved"
}

# --- Odoo ------------------------------------------------------------------------------------------------------------

# Sets ODOO to the command that runs this version's `odoo`, in a clean environment.
odoo_command() {
  if [ "$V" = 14 ]; then
    # A mount namespace of its own: psutil needs /proc, and nothing stays mounted. Odoo 14 also wants USER.
    # shellcheck disable=SC2016 # expanded by the inner shell
    ODOO=(unshare -m sh -c 'mount -t proc proc "$1/proc" && mount --rbind /dev "$1/dev" && exec chroot "$@"' sh
      "$TREE" /usr/bin/env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 HOME=/srv/odoo LOGNAME=root USER=root
      PYTHONWARNINGS=ignore /usr/bin/python3 /usr/bin/odoo)
  elif [ -s "$H/source" ]; then
    # The caller's tree, on packages that are unpacked beside it. The tree comes first.
    ODOO=(env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 "HOME=$H" LOGNAME=root USER=root PYTHONWARNINGS=ignore
      PYTHONDONTWRITEBYTECODE=1 "PYTHONPATH=$(cat "$H/source"):$TREE/usr/lib/python3/dist-packages"
      "LD_LIBRARY_PATH=$(printf '%s:' "$TREE"/usr/lib/*-linux-gnu)" /usr/bin/python3 -c 'import odoo.cli; odoo.cli.main()')
  else
    # Debian's packages, unpacked side by side. `dist-packages/addons` there is a copy without data: see addons_path.
    ODOO=(env -i PATH=/usr/bin:/bin:/usr/sbin:/sbin LANG=C.UTF-8 "HOME=$H" LOGNAME=root USER=root PYTHONWARNINGS=ignore
      "PYTHONPATH=$TREE/usr/lib/python3/dist-packages" "LD_LIBRARY_PATH=$(printf '%s:' "$TREE"/usr/lib/*-linux-gnu)"
      /usr/bin/python3 "$TREE/usr/bin/odoo")
  fi
}

# odoo <subcommand> <arguments...>
odoo() {
  local sub=$1
  shift
  odoo_command
  "${ODOO[@]}" "$sub" -c "$CONF_INSIDE" "$@"
}

# No db-filter: any number of databases is served, the session (or, on 19, X-Odoo-Database) chooses one.
odoo_configure() {
  local addons=/usr/lib/python3/dist-packages/odoo/addons polling=longpolling_port without_demo=all
  case $V in
    15) polling=longpolling_port ;;
    16 | 17 | 18) polling=gevent_port ;;
    19) addons=$TREE$addons polling=gevent_port without_demo=True ;;
  esac
  [ ! -s "$H/source" ] || addons=$(cat "$H/source")/odoo/addons,$(cat "$H/source")/addons
  mkdir -p "$DATA/filestore"
  # Written aside, then renamed: another script may be reading it.
  cat >"$CONF.new" <<-CONF
	[options]
	db_host = $PGHOST
	db_port = $PGPORT
	db_user = $PGUSER
	db_password = $PGPASSWORD
	addons_path = $addons
	data_dir = $DATA_INSIDE
	http_interface = 127.0.0.1
	http_port = $PORT
	$polling = $((PORT + 100))
	max_cron_threads = 0
	without_demo = $without_demo
	log_level = info
	CONF
  mv "$CONF.new" "$CONF"
}

answers() { curl -fsS -m 20 -H 'content-type: application/json' -d '{}' "$URL/web/webclient/version_info"; }

# odoo_start [workers]: without a number, a running server is left as it is and a new one is threaded
odoo_start() {
  local workers=${1:-}
  if running odoo; then
    if [ -z "$workers" ] || [ "$workers" = "$(cat "$H/workers" 2>/dev/null)" ]; then
      await odoo 60 answers
      return
    fi
    stop odoo TERM
  fi
  port_free "$PORT" || die "port $PORT is taken; set ERPSYNC_ODOO${V}_PORT"
  local more=()
  # Odoo 19 warns at every call that JSON-RPC will go; that is known, and a benchmark makes many.
  [ "$V" != 19 ] || more=(--log-handler=odoo.addons.rpc.controllers.jsonrpc:ERROR)
  : >"$H/log/odoo.log"
  odoo_command
  daemon odoo "${ODOO[@]}" server -c "$CONF_INSIDE" --workers="${workers:-0}" "${more[@]}"
  echo "${workers:-0}" >"$H/workers"
  await odoo 60 answers
}
