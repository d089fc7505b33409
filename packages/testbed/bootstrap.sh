#!/bin/sh
# Brings a machine that has only Node >= 18, npm and git to the point where Node 24 can take over, then hands over:
#   bootstrap.sh start|test|dev|check|bench|bench-failover|bench-panel [arguments]     (called by `npm start`, `npm test`, `npm run …`)
# What is there already is left alone, so that a second call takes about a second. All of its own words go to standard
# error: standard output belongs to the command.
set -eu

PNPM_VERSION=12.21.0
cd "$(dirname "$0")/../.."
export TURBO_TELEMETRY_DISABLED=1 DO_NOT_TRACK=1

say() { printf '%s\n' "$*" >&2; }
fail() {
  say "$*"
  exit 1
}

# Daemons of Debian live in sbin, which is not on an ordinary user's path.
has_program() { PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1; }

# Whether what a Debian package brings is there, however it came.
has_package() {
  case $1 in
    postgresql-15) [ -x /usr/lib/postgresql/15/bin/postgres ] ;;
    redis-server) has_program redis-server ;;
    etcd-server) has_program etcd ;;
    # Where e2e/playwright.config.ts starts it.
    chromium-headless-shell) [ -x /usr/bin/chromium-headless-shell ] ;;
    fonts-liberation) [ -d /usr/share/fonts/truetype/liberation ] || [ -d /usr/share/fonts/truetype/liberation2 ] ;;
    iproute2) has_program ip ;;
    nftables) has_program nft ;;
    e2fsprogs) has_program mkfs.ext4 ;;
    freeradius-postgresql) [ -e /usr/lib/freeradius/rlm_sql_postgresql.so ] ;;
    freeradius-utils) has_program radclient ;;
    *) has_program "$1" ;;
  esac
}

packages_for() {
  servers='postgresql-15 redis-server curl'
  case $1 in
    check) echo shellcheck ;;
    start | dev | bench-panel) echo "$servers" ;;
    bench | bench-failover) echo "$servers etcd-server iproute2 nftables e2fsprogs" ;;
    test)
      echo "$servers etcd-server iproute2 nftables e2fsprogs shellcheck chromium-headless-shell fonts-liberation" \
        'freeradius freeradius-postgresql freeradius-utils'
      ;;
  esac
}

# Debian starts a new service at once. Ours have ports of their own, but nobody asked for a PostgreSQL, a Redis or an etcd
# of the system: while we install, services may not start. Running ones are not touched.
install_packages() {
  policy=/usr/sbin/policy-rc.d
  if [ ! -e $policy ]; then
    # Removed however this ends; an apt that we kill half-way says itself how to go on.
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
    trap 'exit 130' INT TERM HUP
    printf '#!/bin/sh\nexit 101\n' >$policy
    chmod 0755 $policy
  else
    policy=
  fi
  export DEBIAN_FRONTEND=noninteractive
  say "Installing $*"
  apt-get update --quiet=2 >&2 || fail "apt-get update failed: is this machine online?"
  apt-get install --quiet=2 --yes --no-install-recommends "$@" >&2 || fail "apt-get could not install: $*"
  if [ -n "$policy" ]; then
    rm -f $policy
    trap - EXIT INT TERM HUP
  fi
}

require_packages() {
  missing=
  for package in $(packages_for "$1"); do
    has_package "$package" || missing="$missing $package"
  done
  missing=${missing# }
  [ -n "$missing" ] || return 0
  has_program apt-get || fail "Missing: $missing. There is no apt-get here; install them and run this again."
  if [ "$(id -u)" -ne 0 ]; then
    say "Missing Debian packages. Run this line, then the command again:"
    fail "  sudo apt-get update && sudo apt-get install --yes --no-install-recommends $missing"
  fi
  # The names hold no blanks: the list is meant to be split.
  # shellcheck disable=SC2086
  install_packages $missing
}

require_pnpm() {
  if ! grep -qs "\"version\": *\"$PNPM_VERSION\"" .tools/node_modules/pnpm/package.json; then
    say "Installing pnpm $PNPM_VERSION into .tools"
    npm install --prefix .tools --no-save --no-audit --no-fund --loglevel=error "pnpm@$PNPM_VERSION" >&2 ||
      fail "npm could not install pnpm $PNPM_VERSION"
  fi
  # turbo looks for pnpm on the path as well.
  PATH="$PWD/.tools/node_modules/.bin:$PATH"
}

# A stamp of our own, since pnpm does not touch its files when there is nothing to do.
require_node_modules() {
  stamp=node_modules/.bootstrap-stamp
  if [ ! -e $stamp ] || [ ! -x node_modules/.bin/node ] || [ -n "$(find pnpm-lock.yaml -newer $stamp)" ]; then
    say "Installing node_modules"
    # CI: without a terminal pnpm would else stop and ask before it replaces an older node_modules.
    CI=true pnpm install --frozen-lockfile >&2 || fail "pnpm install failed"
    touch $stamp
  fi
  [ -x node_modules/.bin/node ] || fail "Node 24 comes for Linux on x64 and arm64 only; this is $(uname -sm)"
}

build() {
  pnpm exec turbo run build --output-logs=errors-only >&2 || fail "The build failed"
}

command=${1:-}
case $command in
  start | test | dev | check | bench | bench-failover | bench-panel) shift ;;
  *) fail "usage: bootstrap.sh start|test|dev|check|bench|bench-failover|bench-panel [arguments]" ;;
esac

node_major=$(node --version 2>/dev/null | sed 's/^v\([0-9]*\).*/\1/')
[ "${node_major:-0}" -ge 18 ] || fail "Node 18 or newer is needed to begin with (found: ${node_major:-none})"

require_packages "$command"
require_pnpm
require_node_modules
[ "$command" = check ] || build

exec node_modules/.bin/node "packages/testbed/src/commands/$command.ts" "$@"
