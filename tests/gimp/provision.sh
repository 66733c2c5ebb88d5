#!/bin/bash
# Puts a real GIMP 3 on a machine whose distribution has none: a Debian 13 tree beside a Debian 12 or Ubuntu system.
# REVERIE_GIMP_SUITE=forky makes one with GIMP 3.2, in which a choice of the tests runs as well.
# It shares the machine's loopback, so a plug-in in it reaches a backend outside. Needs root; the second run takes a
# second; a half-made tree is made anew. Nothing happens where the machine has a GIMP 3 of its own.
set -euo pipefail

suite=${REVERIE_GIMP_SUITE:-trixie}
root=${REVERIE_GIMP_ROOT:-/var/cache/reverie-gimp/$suite}
packages=(gimp python3-gi gir1.2-gimp-3.0 xvfb dbus-x11 xdotool x11-utils imagemagick openbox adwaita-icon-theme fonts-dejavu-core)
finished=$root/.reverie-finished

for program in gimp-console-3.2 gimp-console-3.0 gimp-console gimp; do
    if command -v "$program" >/dev/null && "$program" --version 2>/dev/null | grep -q 'version 3\.'; then
        echo "This machine has a GIMP 3 of its own: $(command -v "$program")."
        exit 0
    fi
done
if [ "$(id -u)" != 0 ]; then
    echo "Setting up a GIMP 3 for the tests needs root." >&2
    exit 1
fi

mount_missing() {  # TYPE NAME WHERE [OPTIONS]
    mountpoint -q "$3" || mount -t "$1" ${4:+-o "$4"} "$2" "$3"
}

mount_all() {
    mkdir -p "$root/proc" "$root/dev/shm" "$root/dev/pts"
    mount_missing proc proc "$root/proc"
    mount_missing tmpfs shm "$root/dev/shm" mode=1777
    mount_missing devpts devpts "$root/dev/pts" gid=5,mode=620,ptmxmode=666
}

unmount_all() {
    for folder in dev/pts dev/shm proc; do
        if mountpoint -q "$root/$folder"; then umount "$root/$folder"; fi
    done
}

works() {
    [ -x "$root/usr/bin/gimp-console" ] && chroot "$root" dpkg-query -W "${packages[@]}" >/dev/null 2>&1 &&
        chroot "$root" gimp-console --version 2>/dev/null | grep -q 'version 3\.'
}

install_packages() {
    # Without this, a package's service would be started inside of the tree.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    export DEBIAN_FRONTEND=noninteractive
    chroot "$root" dpkg --configure -a
    # A mirror may lag behind, and its signed lists be older than they should: for tests they are good enough.
    chroot "$root" apt-get -o Acquire::Check-Valid-Until=false update
    chroot "$root" apt-get install -y --no-install-recommends "${packages[@]}"
}

bootstrap() {
    mkdir -p "$root"
    (  # two of these scripts may run at once, and apt would refuse one of them
        flock 9
        if ! command -v debootstrap >/dev/null; then
            apt-get update
            DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap debian-archive-keyring
        fi
    ) 9>"$root/../.lock"
    unmount_all
    rm -rf --one-file-system "$root"
    # Were each file synced to the disk, a tree would take three times as long; a half-made one is made anew anyway.
    mkdir -p "$root/etc/dpkg/dpkg.cfg.d"
    echo force-unsafe-io >"$root/etc/dpkg/dpkg.cfg.d/reverie"
    # A suite younger than this debootstrap is made as the one that never gets old.
    local script=/usr/share/debootstrap/scripts/$suite
    [ -e "$script" ] || script=/usr/share/debootstrap/scripts/sid
    debootstrap --variant=minbase "$suite" "$root" "" "$script"
}

# A tree without apt, or one that debootstrap left half-way (it keeps its own folder until it is done), begins anew.
if [ ! -e "$finished" ] || ! works; then
    if [ ! -x "$root/usr/bin/apt-get" ] || [ -d "$root/debootstrap" ]; then bootstrap; fi
    mount_all
    works || install_packages || { bootstrap && mount_all && install_packages; }
    works || { echo "The GIMP in $root does not start; remove the folder and run this again." >&2; exit 1; }
    touch "$finished"
fi
mount_all
echo "GIMP 3 for the tests: $root"
