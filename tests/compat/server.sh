#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# Starts, kills and restarts one server for the compatibility runs. Its process id and port lie in the state folder.
#   server.sh start STATE [SETTINGS...]
#   server.sh restart STATE               kill -9, then again on the same port and data
#   server.sh stop STATE                  SIGTERM, and wait for its end
set -u
action=$1 state=$2; shift 2

alive() {  # a zombie is not
    local stat
    stat=$(cat "/proc/$1/stat" 2>/dev/null) || return 1
    [[ ${stat##*) } != Z* ]] || [ "$(ls "/proc/$1/task" 2>/dev/null | wc -l)" -gt 1 ]  # its threads end after it
}

wait_gone() {
    local n
    for ((n = 0; n < 3000; n++)); do
        alive "$1" || return 0
        sleep 0.01
    done
    echo "process $1 does not end" >&2
    return 1
}

answers() {
    local line=""
    { exec 3<>"/dev/tcp/127.0.0.1/$1"; } 2>/dev/null || return 1
    printf 'PING\r\n' >&3
    read -r -t 5 line <&3 2>/dev/null
    exec 3>&-
    [[ $line == +PONG* || $line == -NOAUTH* ]]
}

launch() {
    local settings=() n
    mapfile -t settings <"$state/settings"
    "$TOKMESH_BIN" serve --bind 127.0.0.1 --port "$(cat "$state/port")" --dir "$state/data" "${settings[@]}" \
        </dev/null >>"$state/log" 2>&1 &
    echo $! >"$state/pid"
    for ((n = 0; n < 3000; n++)); do
        answers "$(cat "$state/port")" && return 0
        alive "$(cat "$state/pid")" || break
        sleep 0.01
    done
    echo "the server does not answer:" >&2
    tail -5 "$state/log" >&2
    return 1
}

case $action in
    start)
        mkdir -p "$state/data"
        python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])' >"$state/port"
        if [ $# -gt 0 ]; then printf '%s\n' "$@" >"$state/settings"; else : >"$state/settings"; fi
        launch ;;
    restart)
        pid=$(cat "$state/pid")
        kill -9 "$pid" && wait_gone "$pid" && launch ;;
    stop)
        pid=$(cat "$state/pid")
        kill "$pid" 2>/dev/null && wait_gone "$pid" ;;
    *) echo "server.sh: unknown action $action" >&2; exit 1 ;;
esac
