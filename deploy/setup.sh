# SPDX-License-Identifier: BSD-2-Clause
# Sourced by deploy/try and tests/run: installs what is missing on Debian 12.

BUILD_PACKAGES="gcc cmake ninja-build pkg-config libc6-dev libetpan-dev
	libsqlite3-dev libssl-dev libuv1-dev libinih-dev libjansson-dev
	libutf8proc-dev libseccomp-dev libgsasl-dev zlib1g-dev
	libmicrohttpd-dev libc-ares-dev libexpat1-dev libncurses-dev
	ca-certificates"
PACKAGE_PACKAGES="debhelper dpkg-dev python3"
LAB_PACKAGES="python3 openssl dovecot-imapd dovecot-pop3d"
TEST_PACKAGES="libcmocka-dev git clang clang-format clang-tidy cppcheck
	libclang-rt-14-dev valgrind faketime procps e2fsprogs btrfs-progs
	mount prometheus debhelper dpkg-dev lintian zsh fish rsync curl
	strace debootstrap tmux"

# install PACKAGE...: those that are not there yet, with apt-get.
install_missing() {
	missing=
	for package in "$@"; do
		dpkg-query -W -f '${Status}' "$package" 2>/dev/null |
			grep -q '^install ok installed' || missing="$missing $package"
	done
	[ -n "$missing" ] || return 0
	as_root=
	if [ "$(id -u)" != 0 ]; then
		command -v sudo >/dev/null || {
			echo "these packages are missing:$missing" >&2
			echo "install them as root: apt-get install$missing" >&2
			return 1
		}
		as_root=sudo
	fi
	echo "installing:$missing"
	# RUNLEVEL=1: the Dovecot that comes along is not to be started.
	$as_root apt-get update -qq &&
		$as_root env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 \
			apt-get install -y -qq --no-install-recommends $missing >/dev/null
}
