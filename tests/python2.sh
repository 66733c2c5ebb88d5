#!/bin/bash
# Puts a Python 2.7 on a Debian machine, which GIMP 2.10 brings on some systems, for the tests of what runs under it.
# Debian 12 has none any more: five packages of Debian 11 are unpacked beside the system. Needs root; takes three seconds
# and 20 MB. The folder of its program is printed.
set -euo pipefail

folder=${REVERIE_PYTHON2:-/var/cache/reverie-gimp/python2.7}
packages=(python2.7-minimal libpython2.7-minimal libpython2.7-stdlib libffi7 libssl1.1)

mirror() {  # this system's own, once its lists are fetched
    apt-get indextargets --format '$(REPO_URI)' 'Origin: Debian' 'Created-By: Packages' | awk '!/security/ && !n++'
}

if ! "$folder/bin/python2.7" -c '' 2>/dev/null; then
    rm -rf "$folder"
    mkdir -p "$folder"/{bin,root,apt/lists/partial,apt/cache/archives/partial}
    mirror=$(mirror)
    if [ -z "$mirror" ]; then
        apt-get -q update >&2
        mirror=$(mirror)
    fi
    echo "deb $mirror bullseye main" >"$folder/apt/sources.list"
    options=(-q -o APT::Sandbox::User=root -o Acquire::Languages=none -o "Dir::Etc::SourceList=$folder/apt/sources.list"
        -o Dir::Etc::SourceParts=/dev/null -o "Dir::State::lists=$folder/apt/lists" -o "Dir::Cache=$folder/apt/cache")
    apt-get "${options[@]}" update >&2
    (cd "$folder/apt" && apt-get "${options[@]}" download "${packages[@]}" >&2)
    for package in "$folder"/apt/*.deb; do dpkg -x "$package" "$folder/root"; done
    rm -rf "$folder/apt"
    cat >"$folder/bin/python2.7" <<PROGRAM
#!/bin/sh
LD_LIBRARY_PATH=\$(echo "$folder"/root/usr/lib/*-linux-gnu) PYTHONHOME="$folder/root/usr" exec "$folder/root/usr/bin/python2.7" "\$@"
PROGRAM
    chmod 755 "$folder/bin/python2.7"
    "$folder/bin/python2.7" -c 'import ctypes, hashlib, httplib, json'
fi
echo "$folder/bin"
