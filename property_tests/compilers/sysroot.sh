#!/usr/bin/env bash
# Unpacks the libraries of packages/sysroot.txt for another processor into DIR, without installing anything:
#
#   property_tests/compilers/sysroot.sh DEBIAN_ARCHITECTURE DIR
#
# DIR/toolchain.cmake tells CMake to use them. Exit code 77 where they cannot be had: no network, PAMKIT_OFFLINE, or a
# distribution whose archive has no such architecture.
set -euo pipefail
root=$(cd -- "$(dirname -- "${BASH_SOURCE[0]}")/../.." && pwd)
(($# == 2)) || { echo "usage: sysroot.sh DEBIAN_ARCHITECTURE DIR" >&2; exit 2; }
architecture=$1
mkdir -p -- "$2"
dir=$(cd -- "$2" && pwd)
list=$root/packages/sysroot.txt
[[ -f $dir/complete && $(<"$dir/complete") == "$(<"$list")" ]] && exit 0

unavailable() {
  echo "NOT RUN: no $architecture libraries: $1 (see $dir/apt.log)"
  exit 77
}
[[ -z ${PAMKIT_OFFLINE:-} || $PAMKIT_OFFLINE == 0 ]] || unavailable "PAMKIT_OFFLINE forbids to fetch them"

# apt's own state in DIR: the machine's packages, and what it knows of them, stay as they are.
rm -rf -- "$dir"/{complete,apt,packages,root}
mkdir -p -- "$dir"/apt/{state/lists/partial,cache/archives/partial} "$dir"/{packages,root}
: >"$dir/apt/status"
cat >"$dir/apt/apt.conf" <<EOF
APT::Architectures { "$architecture"; };
APT::Architecture "$architecture";
APT::Sandbox::User "";
Dir::State "$dir/apt/state";
Dir::State::status "$dir/apt/status";
Dir::Cache "$dir/apt/cache";
EOF
export APT_CONFIG=$dir/apt/apt.conf LC_ALL=C
mapfile -t packages < <(awk '!/^#/ && NF { print $1 }' "$list")
apt-get update >"$dir/apt.log" 2>&1 || unavailable "the package archive cannot be read"
(cd -- "$dir/packages" && apt-get download "${packages[@]}") >>"$dir/apt.log" 2>&1 ||
  unavailable "the package archive does not have them all"
for package in "$dir"/packages/*.deb; do dpkg-deb --extract "$package" "$dir/root"; done
rm -rf -- "$dir"/{apt,packages}
cp -- "$list" "$dir/complete"
