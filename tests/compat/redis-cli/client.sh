#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# redis-cli, RESP2 and RESP3: one-shot calls, a session over standard input,
# binary values, --pipe, hints from COMMAND DOCS, reconnects.
set -u
passed=0 failed=0

check() {  # check WHAT SEEN PATTERN (of bash)
    # shellcheck disable=SC2053
    if [[ $2 == $3 ]]; then
        passed=$((passed + 1))
    else
        failed=$((failed + 1))
        echo "FAILED $1: $2"
    fi
}

family() {  # family USER OPTION...: the session family with these options of redis-cli
    local user=$1; shift
    local cli=(redis-cli -p "$COMPAT_PORT" "$@") made id token rotated
    made=$("${cli[@]}" SESS.CREATE "$user" TTL 3600 DATA 1 cart 3 | tr ' ' '\n')
    id=$(grep -o 'tmss-[0-9a-z]*' <<<"$made") token=$(grep -o 'tmtk_[0-9A-Za-z_-]*' <<<"$made")
    check "CREATE $*" "${#id} ${#token}" "31 48"
    check "GETBYTOKEN $*" "$("${cli[@]}" SESS.GETBYTOKEN "$token")" "*$id*user_id*$user*cart*3*"
    check "LISTUSER $*" "$("${cli[@]}" SESS.LISTUSER "$user")" "*$id*"
    check "UPDATE $*" "$("${cli[@]}" SESS.UPDATE "$id" SET 1 cart 4)" 2
    check "HGET $*" "$("${cli[@]}" HGET "$id" cart)" 4
    check "TYPE $*" "$("${cli[@]}" TYPE "$id")" session
    rotated=$("${cli[@]}" SESS.ROTATE "$token")
    check "ROTATE $*" "$rotated" "tmtk_*"
    check "VALIDATE $*" "$("${cli[@]}" SESS.VALIDATE "$rotated")" "*$id*user_id*$user*"
    check "LIST $*" "$("${cli[@]}" SESS.LIST USER "$user" FIELDS 1 id)" "1*$id*"
    check "error $*" "$("${cli[@]}" SESS.UPDATE tmss-01arz3ndektsv4rrffq69g5fav CLEAR)" "TM-SESS-4040*"
    check "DELUSER $*" "$("${cli[@]}" SESS.DELUSER "$user")" 1
    check "revoked $*" "$("${cli[@]}" SESS.GETBYTOKEN "$rotated")" ""
}

family alice
family bob -3
cli=(redis-cli -p "$COMPAT_PORT")
check "json of a map" "$("${cli[@]}" -3 --json CONFIG GET databases)" '{"databases":"16"}'
check "help of the server's commands" "$("${cli[@]}" --no-auth-warning COMMAND DOCS sess.create)" "*summary*group*session*"
check "-n" "$("${cli[@]}" -n 5 SET in-five 1; "${cli[@]}" -n 5 DBSIZE; "${cli[@]}" EXISTS in-five)" $'OK\n1\n0'

# Binary: all bytes but the one that a shell variable cannot hold go through standard input.
python3 -c 'import sys; sys.stdout.buffer.write(bytes(range(256)) * 100)' >"$COMPAT_STATE/bytes"
"${cli[@]}" -x SET binary <"$COMPAT_STATE/bytes" >/dev/null
"${cli[@]}" GET binary | head -c 25600 | cmp -s - "$COMPAT_STATE/bytes"
check "binary value" $? 0

python3 -c '
for i in range(20000):
    print("*3\r\n$3\r\nSET\r\n$%d\r\npipe:%d\r\n$%d\r\nvalue-%d\r\n" % (len("pipe:%d" % i), i, len("value-%d" % i), i), end="")
' >"$COMPAT_STATE/requests"
check "--pipe" "$("${cli[@]}" --pipe <"$COMPAT_STATE/requests" 2>&1)" "*errors: 0, replies: 20000*"
check "--scan" "$("${cli[@]}" --scan --pattern 'pipe:*' | sort -u | wc -l)" 20000
check "--bigkeys" "$("${cli[@]}" --bigkeys 2>&1)" "*Sampled*keys in the keyspace*"
check "--stat" "$(timeout 5 stdbuf -oL "${cli[@]}" --stat -i 0.1 2>/dev/null | head -3)" "*keys*mem*clients*"

# The same redis-cli over a kill -9 of the server: it connects again.
token=$("${cli[@]}" SESS.CREATE carol | tr ' ' '\n' | grep -o 'tmtk_[0-9A-Za-z_-]*')
mkfifo "$COMPAT_STATE/input"
"${cli[@]}" <"$COMPAT_STATE/input" >"$COMPAT_STATE/output" 2>&1 &
reader=$!
exec 4>"$COMPAT_STATE/input"
echo "SESS.COUNTUSER carol" >&4
for ((n = 0; n < 1000; n++)); do  # its output comes at its end, so ask the server whether it was there
    "${cli[@]}" CLIENT LIST | grep -q 'cmd=sess.countuser' && break
    sleep 0.01
done
bash "$COMPAT_SERVER" restart "$COMPAT_STATE" 4>&-  # the server must not hold the input open
printf 'PING\nSESS.GETBYTOKEN %s\nSESS.DELUSER carol\n' "$token" >&4
exec 4>&-
wait "$reader"
check "reconnect" "$(cat "$COMPAT_STATE/output")" "1*carol*1"

check "-a and -n" "$(redis-cli -p "$COMPAT_LOCKED_PORT" --no-auth-warning -a "$COMPAT_PASSWORD" -n 3 CLIENT INFO)" "*db=3*"
check "-a and -3" "$(redis-cli -p "$COMPAT_LOCKED_PORT" --no-auth-warning -a "$COMPAT_PASSWORD" -3 PING)" PONG
check "no password" "$(redis-cli -p "$COMPAT_LOCKED_PORT" PING 2>&1)" "NOAUTH*"
check "wrong password" "$(redis-cli -p "$COMPAT_LOCKED_PORT" --no-auth-warning -a wrong PING 2>&1)" "*WRONGPASS*"
echo "$passed passed, $failed failed"
[ "$failed" = 0 ]
