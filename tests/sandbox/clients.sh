#!/usr/bin/env bash
# Holds the SQL Server stand-in against clients that we did not write: FreeTDS (tsql, bsqldb) and python-tds.
#
# Needs cargo, python3 and Debian's freetds-bin; python-tds goes into a virtual environment under
# ${ERPSYNC_CACHE:-$HOME/.cache/erpsync}. Ends with 1 and the difference when an answer is not the expected one.
set -euo pipefail

cd "$(dirname "$0")"
cache=${ERPSYNC_CACHE:-$HOME/.cache/erpsync}
venv=$cache/venv-tds
work=$(mktemp -d)
server_pid=
finish() {
  exec 8>&- 2>/dev/null || true
  if [[ -n $server_pid ]]; then wait "$server_pid" 2>/dev/null || true; fi
  rm -rf "$work"
}
trap finish EXIT

for program in tsql bsqldb; do
  command -v "$program" >/dev/null || { echo "clients.sh: $program is missing; install freetds-bin" >&2; exit 1; }
done
if ! "$venv/bin/python" -c 'import pytds, OpenSSL' 2>/dev/null; then
  mkdir -p "$cache"
  python3 -m venv "$venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check 'python-tds==1.17.1' 'pyOpenSSL>=24'
fi
(cd ../.. && cargo build --quiet --locked --bins --examples)
binary=$(cargo metadata --format-version 1 --no-deps |
  python3 -c 'import json, sys; print(json.load(sys.stdin)["target_directory"])')/debug/examples/mssql-sandbox

start() { # encryption, number of generated products
  mkfifo "$work/in" "$work/out"
  "$binary" "$@" <"$work/in" >"$work/out" &
  server_pid=$!
  exec 8>"$work/in" 9<"$work/out"
  read -r line <&9
  port=${line#PORT=}; port=${port%% *}
  ca=${line##*CA=}
}
stop() {
  exec 8>&- 9<&-
  wait "$server_pid"
  server_pid=
  rm "$work/in" "$work/out"
}
ask() { echo "$1" >&8; read -r answer <&9; }

expect() { # name; expected on fd 3, got on stdin
  if ! diff -u /dev/fd/3 - >"$work/diff"; then
    echo "clients.sh: $1: expected (-) and got (+):" >&2
    cat "$work/diff" >&2
    exit 1
  fi
  echo "ok: $1"
}

# tsql without banners and prompts; a batch per line of input.
run_tsql() { # encryption as freetds.conf says it
  printf '[sandbox]\n host = 127.0.0.1\n port = %s\n tds version = 7.4\n client charset = UTF-8\n encryption = %s\n' "$port" "$1" >"$work/freetds.conf"
  if [[ $ca != - && $1 != off ]]; then
    printf ' ca file = %s\n check certificate hostname = no\n' "$ca" >>"$work/freetds.conf"
  fi
  sed 's/$/\ngo/' | FREETDSCONF=$work/freetds.conf timeout 60 tsql -S sandbox -U erpsync -P "${password:-Pa55-word!}" -D Trade -o fhq -t '|' 2>"$work/errors" || true
  # Rows and messages come on two streams, whose order is chance.
  grep -v '^Setting Trade as default' "$work/errors" || true
}

start off 2000
run_tsql off <<'SQL' | expect 'tsql: types and NULLs' 3<<'WANT'
SELECT * FROM dbo.Products WHERE ProductID < 1000 ORDER BY ProductID
SELECT id, big, small, tiny, flag, f, r, d, sm, nvm, v, vm, c, nc, g, bin FROM dbo.Typed
SELECT CAST(q.[ProductID] AS nvarchar(64)) AS [id], CAST(q.[Price] AS decimal(19,4)) AS [price] FROM (SELECT ProductID, Price FROM dbo.Products) AS q WHERE q.ProductID < 3
SELECT CAST(at2 AS nvarchar(40)), CAST(day AS nvarchar(40)) FROM dbo.Typed WHERE id = 1
SQL
1|Жаккард|9.9955
2|Silk|922337203685477.5807
3|NULL|NULL
1|-9223372036854775808|-32768|255|1|0.5|0.25|-12345.6789|1.5000|Сыр|Сыр|text|ab  |Ж   |6F9619FF-8B86-D011-B42D-00C04FC964FF|deadbeef
2|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL|NULL
1|9.9955
2|922337203685477.5807
2026-11-22 20:05:32.1234567|2026-11-22
WANT
run_tsql off <<'SQL' | expect 'tsql: errors, several results, transactions' 3<<'WANT'
SELECT nope FROM dbo.Products
SELECT 1 AS a; SELECT x FROM dbo.Nothing
SELECT 1 FROM
SET NOCOUNT ON; SET LOCK_TIMEOUT 10000; SET TRANSACTION ISOLATION LEVEL SNAPSHOT; BEGIN TRANSACTION; SELECT COUNT_BIG(*) AS n FROM dbo.Products; SELECT 2 AS b; COMMIT
UPDATE dbo.Products SET Price = 0
SELECT CAST(ProductName AS int) AS a FROM dbo.Products WHERE ProductID = 1
SQL
1
2003
2
Msg 207 (severity 16, state 1) from SANDBOX Line 1:
	"Invalid column name 'nope'."
Msg 208 (severity 16, state 1) from SANDBOX Line 1:
	"Invalid object name 'dbo.Nothing'."
Msg 156 (severity 15, state 1) from SANDBOX Line 1:
	"Incorrect syntax near the keyword 'FROM'."
Msg 229 (severity 14, state 5) from SANDBOX Line 1:
	"The UPDATE permission was denied on the object 'Products', database 'Trade', schema 'dbo'."
Msg 245 (severity 16, state 1) from SANDBOX Line 1:
	"Conversion failed when converting the nvarchar value 'Жаккард' to data type int."
WANT
run_tsql off <<<'SELECT ProductID FROM dbo.Products' | wc -l | expect 'tsql: all rows' 3<<<2003
password=wrong run_tsql off <<<'SELECT 1' | grep -o "Msg 18456.*\|Login failed for user '.*'" | expect 'tsql: wrong password' 3<<'WANT'
Msg 18456 (severity 14, state 1) from SANDBOX Line 1:
Login failed for user 'erpsync'
WANT
run_tsql request <<<'SELECT 1' | expect 'tsql: encryption requested' 3<<<1
run_tsql require <<<'SELECT 1' | expect 'tsql: encryption required by the client' 3<<<1

echo 'SELECT ProductID, Price FROM dbo.Products WHERE ProductID < 3' >"$work/query.sql"
TDSVER=7.4 timeout 60 bsqldb -q -S "127.0.0.1:$port" -U erpsync -P 'Pa55-word!' -D Trade -t '|' -i "$work/query.sql" 2>/dev/null |
  tr -d ' ' | grep '^[0-9]' | expect 'bsqldb: rows' 3<<'WANT'
1|9.9955
2|922337203685477.5807
WANT
"$venv/bin/python" clients.py "$port" 'Trade' login-or-none | expect 'python-tds: plain' 3<clients.expected
ask refused
expect 'the refused write was recorded' 3<<<'UPDATE dbo.Products SET Price = 0 | UPDATE dbo.Products SET Price = 1' <<<"$answer"
stop

start required
run_tsql require <<<'SELECT N'"'Ж'" | expect 'tsql: everything encrypted' 3<<<'Ж'
"$venv/bin/python" clients.py "$port" 'Trade' "$ca" | expect 'python-tds: everything encrypted' 3<clients.expected
ask logins
expect 'every login was encrypted throughout' 3<<<everything < <(tr ' ' '\n' <<<"$answer" | sort -u)
stop
echo 'clients.sh: all good'
