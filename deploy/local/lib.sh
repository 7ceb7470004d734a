# What the scripts of this folder have in common. Sourced, not run.

# Progress goes to standard error, so that nothing mixes with what a caller reads.
say() {
    printf '%s\n' "$*" >&2
}

# Ends the script with one sentence.
die() {
    say "$*"
    exit 1
}

# Whether a command is there; the folders of system programs are not on every user's PATH.
has() {
    PATH="$PATH:/usr/sbin:/sbin" command -v "$1" >/dev/null 2>&1
}

# Installs Debian packages for commands that are missing: install_missing COMMAND:PACKAGE...
install_missing() {
    local pair packages=()
    for pair in "$@"; do
        has "${pair%%:*}" || packages+=("${pair##*:}")
    done
    ((${#packages[@]})) || return 0

    has apt-get || die "Please install ${packages[*]}: this machine has no apt-get to do it with."
    local as_root=()
    if ((EUID != 0)); then
        has sudo || die "Please install ${packages[*]} as root: this machine has no sudo to do it with."
        as_root=(sudo)
        # Nobody is there to type a password.
        [[ -t 0 ]] || as_root+=(-n)
    fi
    # RUNLEVEL=1 keeps a package from starting a service of its own on the standard port.
    as_root+=(env DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 apt-get -q)
    say "Installing with apt-get: ${packages[*]}"
    "${as_root[@]}" update </dev/null >&2 ||
        die "apt-get can't fetch its lists of packages."
    "${as_root[@]}" install -y --no-install-recommends "${packages[@]}" </dev/null >&2 ||
        die "apt-get can't install ${packages[*]}."
}

# Refuses to go on without the two tool chains, which are not ours to install.
need_toolchains() {
    has cargo || die "Rust is missing: please install it with rustup (https://rustup.rs)."
    has node && has npm || die "Node.js with npm is missing: please install version 20 or newer."
}

# Whether something listens on a loopback port.
port_in_use() {
    (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null
}

# The status of a GET, or nothing: http_status PORT PATH
http_status() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1"
        printf 'GET %s HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n' "$2" >&3
        read -r -t 2 _ status _ <&3
        printf '%s' "$status"
    ) 2>/dev/null
}
