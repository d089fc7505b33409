/**
 * What setup_replica.sh and rejoin.sh do to data directories, in POSIX sh: with docker it runs inside the database's image, which may have no bash.
 * Every action on the old data may be repeated after an interruption (SIGKILL at any point).
 */
import { bash } from './bash-template.ts';
import { diskCopyFragment } from './fragment-disk-copy.ts';

const functions = bash`
set -eu
action=$1
dir=$2
shift 2
inside=$dir/.join-state
beside=$dir.join-state

die() {
  printf '%s\n' "$*" >&2
  exit 1
}

# Writes these files through to the disk; where sync takes no names, everything.
to_disk() { sync "$@" 2>/dev/null || sync; }

present() { [ -e "$1" ] || [ -L "$1" ]; }

# Calls the function $2 with each entry of the directory $1, except with what this script keeps there.
each_entry() {
  for entry in "$1"/* "$1"/.[!.]* "$1"/..?*; do
    present "$entry" || continue
    case $\{entry##*/} in
      .before-join-* | .before-rejoin-* | .join-* | .replica-* | lost+found) continue ;;
    esac
    "$2" "$entry"
  done
}

remove_entry() { rm -rf "$1"; }

# Both ends are on one file system, so each of these is a rename: whole or not at all.
move_entry() {
  present "$destination/$\{1##*/}" && die "$destination/$\{1##*/} is there already"
  mv "$1" "$destination/"
}

mark_file() {
  if [ -f "$inside" ]; then
    printf '%s' "$inside"
  elif [ -f "$beside" ]; then
    printf '%s' "$beside"
  fi
}

mark_value() { sed -n "s/^$1=//p" "$(mark_file)"; }

# The file that says, after a power cut, where the old data are and how far the work had come.
write_mark() { # mode phase aside was_running log
  if [ "$1" = contents ]; then file=$inside; else file=$beside; fi
  printf 'mode=%s\nphase=%s\naside=%s\nwas_running=%s\nlog=%s\n' "$1" "$2" "$3" "$4" "$5" >"$file.new"
  if [ -d "$dir" ]; then owner_of=$dir; else owner_of=$3; fi
  chown "$(stat -c %u:%g "$owner_of")" "$file.new"
  to_disk "$file.new"
  mv "$file.new" "$file"
  to_disk "$\{file%/*}"
  # A record of an earlier, finished join in the other place says nothing any more.
  if [ "$file" = "$inside" ]; then rm -f "$beside"; else rm -f "$inside"; fi
}

set_phase() {
  write_mark "$(mark_value mode)" "$1" "$(mark_value aside)" "$(mark_value was_running)" "$(mark_value log)"
}

is_mount_point() {
  if command -v mountpoint >/dev/null; then
    mountpoint -q "$1"
  else
    [ "$(stat -c %d "$1")" != "$(stat -c %d "$1/..")" ]
  fi
}

inspect() { # slot
  mark=$(mark_file)
  reference=$dir
  if [ -n "$mark" ]; then
    sed 's/^/mark_/' "$mark"
    [ -e "$dir/PG_VERSION" ] || reference=$(mark_value aside)
  fi
  [ -d "$reference" ] || return 0
  stat -c 'uid=%u
gid=%g
owner=%U' "$reference"
  [ -r "$reference/PG_VERSION" ] || return 0
  printf 'version=%s\n' "$(cat "$reference/PG_VERSION")"
  if is_mount_point "$dir" 2>/dev/null || [ ! -w "$dir/.." ]; then echo mode=contents; else echo mode=rename; fi
  df -Pk "$reference" | sed -n '2s/^.* \([0-9][0-9]*\)  *[0-9][0-9]*%.*$/available_kb=\1/p'
  if [ -d "$dir/pg_replslot/$1" ]; then echo holds_slot=yes; fi
  if [ -r "$dir/postgresql.auto.conf" ]; then
    sed -n "s/^ *primary_slot_name *= *'\([^']*\)'.*/follows_slot=\1/p" "$dir/postgresql.auto.conf"
  fi
}

# Prints the mode that worked, the place of the old data and the empty directory for the clone.
move_aside() { # mode time was_running log label
  mode=$1
  ids=$(stat -c %u:%g "$dir")
  if [ "$mode" = rename ]; then
    aside=$dir.before-$5-$2
    write_mark rename moving "$aside" "$3" "$4"
    present "$aside" && die "$aside is there already"
    if mv "$dir" "$aside"; then
      target=$dir
    else
      # A mount point that did not look like one: it is "busy" and cannot be renamed.
      rm -f "$beside"
      mode=contents
    fi
  fi
  if [ "$mode" = contents ]; then
    # A mount point stays where it is and all its room is inside it: the old data go into a
    # subdirectory, and the clone first into another one, since pg_basebackup wants an empty place.
    aside=$dir/.before-$5-$2
    target=$dir/.join-$2
    present "$aside" && die "$aside is there already"
    write_mark contents moving "$aside" "$3" "$4"
    mkdir "$aside"
    chown "$ids" "$aside"
    destination=$aside
    each_entry "$dir" move_entry
  fi
  mkdir -m 700 "$target"
  chown "$ids" "$target"
  set_phase moved
  printf 'mode=%s\naside=%s\ntarget=%s\n' "$mode" "$aside" "$target"
}

# The clone's files go from the subdirectory into the mount point itself.
place() { # target
  destination=$dir
  each_entry "$1" move_entry
  rmdir "$1"
}

# Puts the clone of a finished join beside the old data instead of deleting it.
keep_clone() {
  aside=$(mark_value aside)
  [ -e "$aside/PG_VERSION" ] || die "the old data directory $aside is not there any more"
  if [ "$(mark_value mode)" = rename ]; then
    present "$dir.replica-$\{aside##*.before-*join-}" || mv "$dir" "$dir.replica-$\{aside##*.before-*join-}"
    set_phase moved
    echo "$dir.replica-$\{aside##*.before-*join-}"
  else
    destination=$dir/.replica-$\{aside##*.before-*join-}
    mkdir -p "$destination"
    each_entry "$dir" move_entry
    set_phase cleared
    echo "$destination"
  fi
}

# Every step may be repeated: a restoration that was interrupted goes on where it stopped. Nothing is
# deleted unless the old data are known to be whole in the other place.
restore() {
  [ -n "$(mark_file)" ] || die 'there is no record of an interrupted run'
  aside=$(mark_value aside)
  phase=$(mark_value phase)
  if [ "$(mark_value mode)" = rename ]; then
    if [ -e "$aside/PG_VERSION" ]; then
      rm -rf "$\{dir:?}"
      mv "$aside" "$dir"
    fi
  elif [ "$phase" != stopping ] && [ "$phase" != restored ]; then
    if [ "$phase" = moved ]; then
      [ -e "$aside/PG_VERSION" ] || die "the old data directory $aside is not there any more"
      each_entry "$dir" remove_entry
      set_phase cleared
    fi
    destination=$dir
    if [ -d "$aside" ]; then
      each_entry "$aside" move_entry
      rmdir "$aside"
    fi
    rm -rf "$dir/.join-$\{aside##*.before-*join-}"
  fi
  [ -e "$dir/PG_VERSION" ] || die "there is no database in $dir"
  set_phase restored
}

# What the server would use, its command line of last time included. Prints name=value lines.
settings() { # bin_prefix config_file opts_directory names
  program=$1postgres
  config=$2
  line=$(sed -n 1p "$3/postmaster.opts" 2>/dev/null || true)
  names=$4
  set --
  [ -z "$config" ] || set -- -c "config_file=$config"
  # postmaster.opts holds: program "argument" "argument" ...
  rest=$\{line#* \"}
  if [ "$rest" != "$line" ]; then
    rest=$\{rest%\"*}
    skip=no
    while [ -n "$rest" ]; do
      argument=$\{rest%%\" \"*}
      if [ "$argument" = "$rest" ]; then rest=; else rest=$\{rest#*\" \"}; fi
      if [ "$skip" = yes ]; then
        skip=no
      elif [ "$argument" = -D ]; then
        skip=yes
      else
        set -- "$@" "$argument"
      fi
    done
  fi
  for name in $names; do
    value=$("$program" -C "$name" -D "$dir" "$@")
    printf '%s=%s\n' "$name" "$value"
  done
}

# Run in the clone, as its owner; standard input is the line with the password.
configure() { # old_directory settings_text
  old=$1
  # What main's directory may hold of main's own: earlier joins, its guard's deadline, its passwords.
  rm -rf "$dir"/.before-join-* "$dir"/.before-rejoin-* "$dir"/.join-* "$dir"/.replica-*
  rm -f "$dir"/proxpanel.* "$dir/recovery.signal" "$dir/postmaster.opts"
  # What belongs to this machine and not to the data stays this machine's: memory, port, access rules,
  # certificates. (Debian keeps these in /etc, then there is nothing to copy.)
  for own in "$old"/*.conf "$old"/conf.d "$old"/*.crt "$old"/*.key "$old"/*.pem "$old/postmaster.opts"; do
    present "$own" || continue
    [ "$\{own##*/}" != postgresql.auto.conf ] || continue
    rm -rf "$\{dir:?}/$\{own##*/}"
    cp -pR "$own" "$dir/"
  done
  cat >"$dir/proxpanel.pgpass"
  chmod 600 "$dir/proxpanel.pgpass"
  touch "$dir/postgresql.auto.conf"
  grep -v -E '^ *(primary_conninfo|primary_slot_name|recovery_target_timeline) *=' \
    "$dir/postgresql.auto.conf" >"$dir/postgresql.auto.conf.new" || true
  printf '%s\n' "$2" >>"$dir/postgresql.auto.conf.new"
  mv "$dir/postgresql.auto.conf.new" "$dir/postgresql.auto.conf"
  : >"$dir/standby.signal"
  to_disk "$dir"/*.conf "$dir/standby.signal" "$dir/proxpanel.pgpass" "$dir"
}

# For a container only, whose /tmp ends with it: standard input becomes a passfile for the command.
with_passfile() { # command
  umask 077
  passfile=$(mktemp)
  trap 'rm -f "$passfile"' EXIT
  cat >"$passfile"
  PGPASSFILE=$passfile "$@"
}
`;

const actions = bash`
case $action in
  inspect) inspect "$@" ;;
  show) cat "$dir/$1" ;;
  mark_stopping) write_mark "$1" stopping "" "$2" "$3" ;;
  move_aside) move_aside "$@" ;;
  place) place "$@" ;;
  keep_clone) keep_clone ;;
  restore) restore ;;
  finish) set_phase finished ;;
  unmark) rm -f "$inside" "$beside" "$inside.new" "$beside.new" ;;
  settings) settings "$@" ;;
  configure) configure "$@" ;;
  append)
    printf '%s\n' "$1" >>"$dir/postgresql.auto.conf"
    to_disk "$dir/postgresql.auto.conf"
    ;;
  with_passfile) with_passfile "$@" ;;
  size) data_size ;;
  tablespaces) tablespaces ;;
  keep_read_only) keep_read_only ;;
  copy_data) copy_data "$@" ;;
  copy_wal) copy_wal "$@" ;;
  empty_target) empty_target "$@" ;;
  *) die "unknown action $action" ;;
esac
`;

export const diskToolFragment = [functions, diskCopyFragment, actions].join('\n');
