#!/bin/sh
# Starts a server that is one of several, inside its container; NODE is what the others know it by, its name in a
# cluster and else its address.
#
#   node.sh cluster ARGUMENT...      a node of a cluster, with these arguments of redis-server
#   node.sh replicated ARGUMENT...   a primary or a replica, as SENTINELS say
#   node.sh sentinel                 one who watches them
#   node.sh join NAME...             makes a cluster of nodes, and has them find each other again
set -eu

port=6379
sentinel_port=26379
name=parlor
first=${FIRST:-redis} # the first of a cluster, or the first primary
password=${REDISCLI_AUTH:-}
kind=$1
shift

# An address, as names may not be told to CLUSTER MEET.
address() {
    getent ahostsv4 "$1" | sed -n '1s/ .*//p'
}

ask() {
    host=$1
    shift
    redis-cli --no-auth-warning -h "$host" -p "$port" "$@" 2>/dev/null
}

# Who is the primary, by the word of whoever has seen the latest failover; of one sentinel alone it may be an old one.
primary() {
    answers=0
    while [ "$answers" -lt 2 ]; do
        answers=0 latest=-1 found=""
        for sentinel in $SENTINELS; do
            facts=$(timeout 2 redis-cli --no-auth-warning -h "$sentinel" -p "$sentinel_port" \
                SENTINEL MASTER "$name" 2>/dev/null) || facts=""
            epoch=$(printf '%s\n' "$facts" | sed -n '/^config-epoch$/{n;p;q}')
            [ -n "$epoch" ] || continue
            answers=$((answers + 1))
            [ "$epoch" -gt "$latest" ] || continue
            latest=$epoch
            found=$(printf '%s\n' "$facts" | sed -n '/^ip$/{n;p;q}')
        done
        sleep 0.5
    done
    printf '%s' "$found"
}

case $kind in
cluster)
    # One master's absence stops its rooms only.
    exec redis-server /etc/parlor/redis.conf "$@" --masterauth "$password" \
        --cluster-enabled yes --cluster-require-full-coverage no \
        --cluster-announce-hostname "$NODE" --cluster-preferred-endpoint-type hostname
    ;;
replicated)
    leader=$(primary)
    [ "$leader" = "$NODE" ] || set -- "$@" --replicaof "$leader" "$port"
    # A primary that is cut off from its replicas takes no messages that would be lost.
    exec redis-server /etc/parlor/redis.conf "$@" --masterauth "$password" \
        --replica-announce-ip "$NODE" --min-replicas-to-write 1 --min-replicas-max-lag 10
    ;;
sentinel)
    # It writes there what it learns.
    file=/data/sentinel.conf
    if [ ! -e "$file" ]; then
        {
            echo "port $sentinel_port"
            echo "dir /data"
            echo "protected-mode no"
            echo "sentinel announce-ip $NODE"
            echo "sentinel monitor $name $first $port 2"
            echo "sentinel down-after-milliseconds $name 5000"
            echo "sentinel failover-timeout $name 30000"
            if [ -n "$password" ]; then
                echo "sentinel auth-pass $name \"$password\""
                echo "requirepass \"$password\""
            fi
        } >"$file.new"
        mv "$file.new" "$file"
    fi
    exec redis-server "$file" --sentinel
    ;;
join)
    for node in "$@"; do
        until ask "$node" PING | grep -qx PONG; do sleep 1; done
    done
    # A node that knows no other and serves no slot is new.
    case $(ask "$first" CLUSTER INFO | tr -d '\r' | sed -n 's/^cluster_slots_assigned://p') in
    16384) ;;
    0)
        nodes=""
        for node in "$@"; do nodes="$nodes $(address "$node"):$port"; done
        # shellcheck disable=SC2086 # a word each
        redis-cli --no-auth-warning --cluster create $nodes --cluster-replicas 1 --cluster-yes
        ;;
    *)
        echo "$first has the data of a single server: deploy/REDIS.md tells how it becomes a cluster." >&2
        sleep 30
        exit 1
        ;;
    esac
    # Containers come back with other addresses; nodes that all did can't find each other by themselves.
    while :; do
        for node in "$@"; do
            now=$(address "$node")
            [ -z "$now" ] || ask "$first" CLUSTER NODES | grep -q " $now:$port@" ||
                ask "$first" CLUSTER MEET "$now" "$port" || true
        done
        sleep 5
    done
    ;;
*)
    echo "node.sh: what is \"$kind\"?" >&2
    exit 2
    ;;
esac
