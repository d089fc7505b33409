/** What only rejoin.sh does to data directories (SAFETY §2), in POSIX sh like the rest of the disk tool. */
import { bash } from './bash-template.ts';

export const diskCopyFragment = bash`
add_size() {
  kb=$(du -sk "$1" 2>/dev/null | cut -f 1)
  total=$((total + $\{kb:-0}))
}

# Of the data alone, without what this script keeps among them; in kB.
data_size() {
  total=0
  each_entry "$dir" add_size
  echo "$total"
}

tablespaces() { ls "$dir/pg_tblspc"; }

# Whatever starts this server next, it comes up read-only.
keep_read_only() {
  [ -e "$dir/standby.signal" ] || : >"$dir/standby.signal"
  to_disk "$dir/standby.signal" "$dir"
}

# As one process, so that whoever ends it leaves none behind that goes on writing.
copy_data() { # target/.
  if cp --help 2>&1 | grep -q reflink; then exec cp -a --reflink=auto "$dir/." "$1"; fi
  exec cp -a "$dir/." "$1"
}

# WAL that lies elsewhere would be shared with the saved data, and rewound under them.
copy_wal() { # target
  [ -L "$1/pg_wal" ] || return 0
  rm "$1/pg_wal"
  cp -aL "$dir/pg_wal" "$1/pg_wal"
}

# For a clone after a rewind that did not work. The data proper lie aside by then.
empty_target() { # target
  [ -e "$(mark_value aside)/PG_VERSION" ] || die 'the old data are not where the record says: nothing was deleted'
  ids=$(stat -c %u:%g "$1")
  rm -rf "$\{1:?}"
  mkdir -m 700 "$1"
  chown "$ids" "$1"
}
`;
