#!/bin/bash
# Puts a real GIMP 2.10 with Python-Fu on a Debian or Ubuntu machine, for tests/gimp2. No distribution packages one any
# more, so it is assembled: a Debian 11 tree with its GIMP 2.10 and Python 2.7, in which GIMP's own Python module is
# compiled (from Debian 12's source package of GIMP; Debian 11's is gone from the mirrors) on PyGObject 3.36.1, the last
# for Python 2.7. Without PyGTK, which needs an older PyGObject that PyPI has not: everything works but gimpfu's dialog.
# Needs root, and a Python with pip and setuptools ($PYTHON, else python3); takes three to seven minutes and 1.4 GB. The
# second run takes a second.
set -euo pipefail

root=${REVERIE_GIMP2_ROOT:-/var/cache/reverie-gimp/bullseye}
pygobject=3.36.1
finished=$root/.reverie-finished
packages=(gimp libgimp2.0-dev libgtk2.0-dev libgirepository1.0-dev libffi-dev python2.7-dev python-setuptools gcc pkg-config dpkg-dev)

if [ "$(id -u)" != 0 ]; then
    echo "Setting up a GIMP 2.10 for the tests needs root." >&2
    exit 1
fi

mount_missing() {  # TYPE NAME WHERE [OPTIONS]
    mkdir -p "$3"
    mountpoint -q "$3" || mount -t "$1" ${4:+-o "$4"} "$2" "$3"
}

mount_all() {
    mount_missing proc proc "$root/proc"
    mount_missing tmpfs shm "$root/dev/shm" mode=1777
}

bootstrap() {
    if ! command -v debootstrap >/dev/null; then
        apt-get update
        DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends debootstrap debian-archive-keyring
    fi
    for folder in dev/shm proc; do
        if mountpoint -q "$root/$folder"; then umount "$root/$folder"; fi
    done
    rm -rf --one-file-system "$root"
    mkdir -p "$root"
    debootstrap --variant=minbase bullseye "$root"
}

install_packages() {
    # Without this, a package's service would be started inside of the tree.
    printf '#!/bin/sh\nexit 101\n' >"$root/usr/sbin/policy-rc.d"
    chmod 755 "$root/usr/sbin/policy-rc.d"
    cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
    mirror=$(awk '$1 == "deb" { print $2; exit }' "$root/etc/apt/sources.list")
    echo "deb-src $mirror bookworm main" >"$root/etc/apt/sources.list.d/gimp-source.list"
    export DEBIAN_FRONTEND=noninteractive
    chroot "$root" apt-get update
    chroot "$root" apt-get install -y --no-install-recommends "${packages[@]}"
}

fetch_sources() {
    rm -rf "$root/build"
    mkdir -p "$root/build"
    chroot "$root" sh -c 'cd /build && apt-get source --download-only gimp && tar xjf gimp_*.orig.tar.bz2 --wildcards "gimp-*/plug-ins/pygimp/*"'
    "${PYTHON:-python3}" -m pip download --no-deps --no-binary :all: --no-build-isolation -d "$root/build" "pygobject==$pygobject"
    tar xzf "$root"/build/[Pp]y[Gg][Oo]bject-$pygobject.tar.gz -C "$root/build"
    mv "$root"/build/[Pp]y[Gg][Oo]bject-$pygobject "$root/build/pygobject"
}

compile() {
    cat >"$root/build/compile.sh" <<'COMPILE'
set -eu
home=/usr/lib/gimp/2.0
mkdir -p $home/python $home/environ $home/interpreters $home/plug-ins/python-eval
cd /build/pygobject
PYGOBJECT_WITHOUT_PYCAIRO=1 python2.7 setup.py --quiet build 2>/build/pygobject.log
cp -r build/lib.*/gi $home/python/
# GIMP's module asks PyGTK for its version before it uses PyGObject, and calls that as PyGObject 2 wants it.
printf 'def require(version):\n    pass\n' >$home/python/pygtk.py
echo '#define init_pygobject() pygobject_init(-1, -1, -1)' >/build/pygobject2.h
cd /build/gimp-*/plug-ins/pygimp
touch config.h
build() {  # MODULE SOURCE…
    module=$1
    shift
    gcc -O1 -fPIC -shared -w -Werror=implicit-function-declaration -Werror=int-conversion -DGETTEXT_PACKAGE='"gimp20"' \
        -I. -I/usr/include/python2.7 -I/build/pygobject/gi -include /build/pygobject2.h \
        -o "$home/python/$module.so" "$@" $(pkg-config --cflags --libs gimp-2.0 gimpui-2.0 gegl-0.4)
}
build gimpcolor gimpcolormodule.c pygimp-colors.c
build _gimpenums gimpenumsmodule.c
build gimp gimpmodule.c pygimp-item.c pygimp-display.c pygimp-drawable.c pygimp-image.c pygimp-parasite.c \
    pygimp-pdb.c pygimp-tile.c pygimp-vectors.c
cp gimpenums.py gimpfu.py gimpplugin.py gimpshelf.py $home/python/
install -m 755 plug-ins/python-eval.py $home/plug-ins/python-eval/
echo ': PYTHONPATH=${gimp_plug_in_dir}/python' >$home/environ/pygimp.env
printf '%s=/usr/bin/python2.7\n' python python2 /usr/bin/python >$home/interpreters/pygimp.interp
echo ':Python:E::py::python2.7:' >>$home/interpreters/pygimp.interp
COMPILE
    nice chroot "$root" sh /build/compile.sh
}

works() {
    chroot "$root" env HOME=/tmp GIMP2_DIRECTORY=/tmp/reverie-check timeout 120 gimp-console-2.10 -i -d -f \
        --batch-interpreter python-fu-eval -b 'print "Python-Fu answers"' -b 'pdb.gimp_quit(1)' 2>/dev/null |
        grep -q 'Python-Fu answers'
    local answer=$?
    rm -rf "$root/tmp/reverie-check"
    return $answer
}

if [ ! -e "$finished" ]; then
    # A tree that debootstrap left half-way (it keeps its own folder until it is done) begins anew.
    if [ ! -x "$root/usr/bin/apt-get" ] || [ -d "$root/debootstrap" ]; then bootstrap; fi
    mount_all
    install_packages
    fetch_sources
    compile
    works || { echo "The GIMP in $root does not answer in Python; its build is in $root/build." >&2; exit 1; }
    rm -rf "$root/build"
    chroot "$root" apt-get clean
    touch "$finished"
fi
mount_all
echo "GIMP 2.10 for the tests: $root"
