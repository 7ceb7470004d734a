# Python with what the checks need, in a folder that goes with the script. Sourced, not run; from the
# project's folder, after deploy/local/lib.sh.

# Makes "$scratch", which is removed at the end, and the command "checked_python".
prepare_python() {
    install_missing python3:python3
    # Debian packages the part of Python that makes virtual environments apart.
    python3 -c 'import ensurepip, venv' 2>/dev/null || install_missing ensurepip:python3-venv
    scratch=$(mktemp -d)
    trap 'rm -rf "$scratch"' EXIT
    python3 -m venv "$scratch/venv"
    "$scratch/venv/bin/pip" install --quiet --disable-pip-version-check --no-cache-dir \
        -r deploy/helm/check/requirements.txt
}

checked_python() {
    PYTHONDONTWRITEBYTECODE=1 "$scratch/venv/bin/python" "$@"
}
