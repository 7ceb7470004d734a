# What the scripts of this folder have in common. Sourced, not run, after deploy/local/lib.sh.

DOCKER=${DOCKER:-docker}
compose_file=deploy/compose/compose.yaml

# Sets the array `compose` to the command for Compose v2, or fails.
find_compose() {
    if [[ -n ${COMPOSE:-} ]]; then
        compose=("$COMPOSE")
    elif "$DOCKER" compose version >/dev/null 2>&1; then
        compose=("$DOCKER" compose)
    elif has docker-compose && docker-compose version --short 2>/dev/null | grep -q '^v\?[2-9]'; then
        compose=(docker-compose)
    else
        return 1
    fi
}

# COMPOSE_FILE, of the environment or of .env, names the files where there are more than compose.yaml.
compose() {
    (
        cd "$(dirname "$compose_file")" || exit
        if [[ -n ${COMPOSE_FILE:-} ]] || grep -qs '^COMPOSE_FILE=' .env; then
            "${compose[@]}" "$@" </dev/null
        else
            "${compose[@]}" -f "$(basename "$compose_file")" "$@" </dev/null
        fi
    )
}

# The containers of a service: containers SERVICE
containers() {
    compose ps -q "$1"
}

# Waits until a command succeeds: await SECONDS WHAT COMMAND...
await() {
    local deadline=$((SECONDS + $1)) what=$2
    shift 2
    until "$@"; do
        ((SECONDS < deadline)) || {
            say "Waited in vain: $what."
            return 1
        }
        sleep 0.5
    done
}

# How many gateways get new connections, as the balancer sees it.
active_gateways() {
    compose exec -T balancer bash -c '
        exec 3<>/dev/tcp/127.0.0.1/8404
        printf "GET /metrics HTTP/1.0\r\n\r\n" >&3
        sed -n "s/^haproxy_backend_active_servers{proxy=\"gateways\"} //p" <&3'
}

gateways_are() {
    [[ $(active_gateways) == "$1" ]]
}
