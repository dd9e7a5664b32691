# shellcheck shell=bash
#
# How Odoo gets onto the machine: Debian packages → a tree → a template database. Sourced after lib.sh.
#
# Every step is skipped when its result exists, and makes its result under another name first, so an attempt that was
# interrupted anywhere is simply repeated.

# The number changes when the modules do, so that an older template is left alone and a new one made.
TEMPLATE=erpsync_tpl_1
MODULES=product,stock,account,sale_management,sale_stock,point_of_sale
# What Odoo 19 needs of Debian 12's Python.
PYTHON_19=(python3-asn1crypto python3-babel python3-cbor2 python3-chardet python3-cryptography python3-dateutil
  python3-docutils python3-freezegun python3-geoip2 python3-gevent python3-greenlet python3-idna python3-jinja2
  python3-libsass python3-lxml python3-magic python3-markupsafe python3-num2words python3-ofxparse python3-openpyxl
  python3-openssl python3-passlib python3-pil python3-polib python3-psutil python3-psycopg2 python3-pypdf
  python3-qrcode python3-reportlab python3-requests python3-rjsmin python3-serial python3-stdnum python3-tz
  python3-urllib3 python3-usb python3-vobject python3-werkzeug python3-xlrd python3-xlsxwriter python3-xlwt
  python3-zeep)
# Links of the Odoo 19 package lead to these; without them the web client answers 500.
WEB_19=(libjs-jquery libjs-jquery-form libjs-underscore fonts-font-awesome fonts-roboto-unhinted fonts-inconsolata
  fonts-ocr-b fonts-glyphicons-halflings)

# step <what> <command...>: runs it, says how long it took
step() {
  local what=$1 start=$SECONDS
  shift
  say "odoo $V: $what ..."
  "$@"
  say "odoo $V: $what: $((SECONDS - start)) s"
}

# --- packages --------------------------------------------------------------------------------------------------------

machine_packages() {
  local wanted=(postgresql-15 curl ca-certificates xz-utils zstd mmdebstrap python3 util-linux) missing
  missing=$(comm -23 <(printf '%s\n' "${wanted[@]}" | sort) \
    <(dpkg-query -W -f '${db:Status-Status} ${Package}\n' "${wanted[@]}" 2>/dev/null | sed -n 's/^installed //p' | sort))
  # shellcheck disable=SC2086 # a list of names
  [ -z "$missing" ] || step "install $(tr '\n' ' ' <<<"$missing")" apt_install $missing
}

apt_install() {
  local apt=(apt-get -o DPkg::Lock::Timeout=600 -o Acquire::Retries=5)
  export DEBIAN_FRONTEND=noninteractive
  "${apt[@]}" install -y --no-install-recommends "$@" >"$H/log/apt.log" 2>&1 && return
  # Package lists may be missing or too old.
  "${apt[@]}" update >>"$H/log/apt.log" 2>&1
  "${apt[@]}" install -y --no-install-recommends "$@" >>"$H/log/apt.log" 2>&1 || logged_failure apt
}

logged_failure() {
  tail -n 30 "$H/log/$1.log" >&2
  die "see $H/log/$1.log"
}

# The mirror that apt already uses here; other suites are read from the same one.
mirror() {
  local own=ERPSYNC_DEBIAN_MIRROR_$V found
  found=${!own:-${ERPSYNC_DEBIAN_MIRROR:-}}
  # shellcheck disable=SC2016 # apt's own placeholder
  [ -n "$found" ] ||
    found=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 'Codename: bookworm' | sed -n 1p)
  [ -n "$found" ] || die "apt knows no bookworm mirror; run apt-get update, or set ERPSYNC_DEBIAN_MIRROR"
  echo "${found%/}"
}

# --- trees -----------------------------------------------------------------------------------------------------------

tree() {
  [ -d "$TREE" ] && return
  [[ $V = 14 || $V = 19 || -s $H/source ]] || die "no package has Odoo $V; give its source tree once: up $V --tree DIRECTORY"
  # --one-file-system: an interrupted attempt may have left something mounted inside.
  rm -rf --one-file-system "$TREE.new"
  if [ -n "$LIKE" ]; then
    step "copy Odoo from $LIKE" tree_like "$TREE.new"
  else
    mkdir "$TREE.new"
    case $V in
      14 | 19) "tree_$V" "$TREE.new" ;;
      *) tree_given "$TREE.new" ;;
    esac
  fi
  mv "$TREE.new" "$TREE"
}

# Nothing of a tree is ever changed, only replaced: links do. The configuration and the databases' files are its own.
tree_like() {
  [ -d "$LIKE/tree-1" ] || die "ERPSYNC_ODOO_LIKE: nothing is built in $LIKE"
  cp -al "$LIKE/tree-1" "$1"
  [ "$V" != 14 ] || { rm -rf "$1/srv/odoo" && mkdir "$1/srv/odoo"; }
}

tree_14() { step "unpack Odoo and its Debian 11" debian_11 "$1"; }

# Odoo 14 needs the Python 3.9 of its time. Unpacked without running any maintainer script: nothing of them is needed.
debian_11() {
  local options=() proxy
  # mmdebstrap reads no configuration of the machine's apt.
  proxy=$(apt-config dump --format '%v' Acquire::http::Proxy)
  [ -z "$proxy" ] || options+=(--aptopt="Acquire::http::Proxy \"$proxy\"")
  mmdebstrap --variant=extract --mode=root --include=odoo-14,coreutils,libc-bin,dash,python3-minimal \
    --aptopt='APT::Install-Recommends "false"' --aptopt='Acquire::Retries "5"' "${options[@]}" \
    bullseye "$1" "deb $(mirror) bullseye main" >"$H/log/tree.log" 2>&1 || logged_failure tree
  mkdir -p "$1/srv/odoo" "$1/proc" "$1/dev" "$1/tmp"
  chmod 1777 "$1/tmp"
}

# Odoo 19 runs on this system's Python, from packages that are unpacked beside it and never installed.
tree_19() {
  local debs=$1/debs
  mkdir "$debs"
  step "download Odoo" download_odoo_19 "$debs"
  step "unpack Odoo" unpack_odoo_19 "$debs" "$1"
  step "unpack the Python and web packages" unpack_needs_19 "$debs" "$1"
  rm -rf "$debs"
}

# given <directory>: the source tree of a version that no package has; it is read where it is, and never changed
given() {
  [[ $V != 14 && $V != 19 ]] || die "Odoo $V comes from its Debian package"
  [[ -f $1/odoo/release.py && -d $1/addons ]] || die "'$1' is no source tree of Odoo"
  grep -q "^version_info = ($V," "$1/odoo/release.py" || die "'$1' is not Odoo $V"
  (cd "$1" && pwd -P) >"$H/source"
}

# The Python packages alone; older versions read PDF files with another one.
tree_given() {
  local debs=$1/debs
  mkdir "$debs"
  PYTHON_19+=(python3-pypdf2 python3-decorator python3-html2text)
  step "unpack the Python and web packages" unpack_needs_19 "$debs" "$1"
  # Debian's looks for its data where it would be installed.
  grep -rlZ /usr/share/docutils "$1/usr/lib/python3/dist-packages/docutils" | xargs -0r sed -i "s#/usr/share/docutils#$TREE/usr/share/docutils#g"
  rm -rf "$debs"
}

# apt with a second, private set of lists: the machine's own sources stay as they are.
download_odoo_19() {
  local d=$1/apt
  mkdir -p "$d/lists/partial" "$d/archives/partial"
  : >"$d/status"
  echo "deb $(mirror) sid main" >"$d/sources.list"
  local apt=(apt-get -q -o "Dir::State=$d" -o "Dir::State::Lists=$d/lists" -o "Dir::State::Status=$d/status"
    -o "Dir::Cache=$d" -o "Dir::Etc::SourceList=$d/sources.list" -o Dir::Etc::SourceParts=/dev/null
    -o Dir::Etc::Preferences=/dev/null -o Dir::Etc::PreferencesParts=/dev/null
    -o Acquire::Languages=none -o Acquire::IndexTargets::deb::Contents-deb::DefaultEnabled=false
    -o Acquire::IndexTargets::deb::DEP-11::DefaultEnabled=false -o Acquire::Retries=5 -o APT::Sandbox::User=root)
  { "${apt[@]}" update && (cd "$1" && "${apt[@]}" download odoo-19); } >"$H/log/tree.log" 2>&1 || logged_failure tree
  rm -rf "$d"
}

# Without the translations (three quarters of it, Russian stays) and the tests.
unpack_odoo_19() {
  dpkg-deb --fsys-tarfile "$1"/odoo-19_*.deb | tar -x -C "$2" --wildcards --exclude='*/i18n/[!r]*' \
    --exclude='*/i18n/r[!u]*' --exclude='*/i18n_extra/*' --exclude='*/addons/*/tests/*' \
    --exclude='*/addons/*/static/tests/*' --exclude='./usr/lib/python3/dist-packages/addons'
  rm "$1"/odoo-19_*.deb
}

unpack_needs_19() {
  local apt=(apt-get -q -o Acquire::Retries=5 -o APT::Sandbox::User=root) needs deb
  # What apt would install here, dependencies included.
  needs=$("${apt[@]}" install -s --no-install-recommends "${PYTHON_19[@]}" | awk '/^Inst/ { print $2 }')
  # shellcheck disable=SC2086 # a list of names
  (cd "$1" && "${apt[@]}" download $needs "${WEB_19[@]}") >>"$H/log/tree.log" 2>&1 || logged_failure tree
  for deb in "$1"/*.deb; do dpkg-deb -x "$deb" "$2"; done
}

# --- databases -------------------------------------------------------------------------------------------------------

# template [language]: makes sure that the template database exists; sets FROM to its name
template() {
  FROM=$TEMPLATE
  db_exists "$TEMPLATE" || step "create the template database" template_base
  [ -n "${1:-}" ] || return 0
  [[ $1 =~ ^[a-z]{2,3}(_[A-Z]{2})?$ ]] || die "'$1' is no language code, such as ru_RU"
  FROM=${TEMPLATE}_${1,,}
  db_exists "$FROM" || step "create the template database with $1" template_language "$1"
}

template_base() {
  if [ -n "$LIKE" ]; then
    template_like
  else
    template_made
  fi
  template_finish "${TEMPLATE}_new" "$TEMPLATE"
}

# Nobody may connect to a template, so a copy of it is what is read.
template_like() {
  local port copy=erpsync_like_$$ files=$LIKE${DATA#"$H"}/filestore/$TEMPLATE
  port=$(sed -n 's/^db_port = //p' "$LIKE${CONF#"$H"}")
  db_drop "${TEMPLATE}_new"
  PGPORT=$port sql postgres "create database $copy template \"$TEMPLATE\" strategy file_copy"
  sql postgres "create database \"${TEMPLATE}_new\""
  PGPORT=$port "$PG_BIN/pg_dump" -Fc "$copy" | "$PG_BIN/pg_restore" --no-comments -d "${TEMPLATE}_new" \
    >"$H/log/template.log" 2>&1 || logged_failure template
  PGPORT=$port sql postgres "drop database $copy"
  mkdir -p "$DATA/filestore"
  [ ! -d "$files" ] || cp -al "$files" "$DATA/filestore/${TEMPLATE}_new"
}

template_made() {
  local modules=$MODULES
  # From 17 on the generic chart of accounts is part of `account`.
  [ "$V" -ge 17 ] || modules+=,l10n_generic_coa
  db_drop "${TEMPLATE}_new"
  odoo server -d "${TEMPLATE}_new" -i "$modules" --stop-after-init --no-http --workers=0 >"$H/log/template.log" 2>&1 ||
    logged_failure template
  # Odoo 14 ends with status 0 after some failures.
  [ "$(sql "${TEMPLATE}_new" "select count(*) from ir_module_module where state = 'installed'
    and name = any (string_to_array('$modules', ','))")" = "$(tr ',' '\n' <<<"$modules" | wc -l)" ] || logged_failure template
}

template_language() {
  local new=${TEMPLATE}_lang_new
  db_drop "$new"
  db_copy "$TEMPLATE" "$new"
  odoo server -d "$new" "--load-language=$1" --stop-after-init --no-http --workers=0 >"$H/log/template.log" 2>&1 ||
    logged_failure template
  [ "$(sql "$new" "select active from res_lang where code = '$1'")" = t ] || logged_failure template
  template_finish "$new" "$FROM"
}

# template_finish <from> <to>: the rename of the database is what makes it exist
template_finish() {
  rm -rf "$DATA/filestore/$2"
  [ ! -d "$DATA/filestore/$1" ] || mv "$DATA/filestore/$1" "$DATA/filestore/$2"
  sql "$1" 'vacuum (analyze)'
  sql postgres "alter database \"$1\" rename to \"$2\""
  sql postgres "alter database \"$2\" with allow_connections false"
}

# prepare [language]: everything up to the template database, with PostgreSQL running; sets FROM
prepare() {
  machine_packages
  tree
  odoo_configure
  pg_start
  template "${1:-}"
}
