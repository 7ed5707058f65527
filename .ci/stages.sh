# SPDX-License-Identifier: MIT
# The stages of CI, and the one way to run test programs. Sourced by dev. Each stage is a function stage_NAME that returns
# non-zero on failure; the table below has its time limit in seconds, and CI_SECONDS the limit of all together: CI stops at 90
# minutes; on two cores that have never built us the whole takes a little more than half of that.

STAGES="test release lint instructions asan tsan fuzz power crash powercut faults linearizability strace clients"
declare -A LIMIT=([test]=1200 [release]=900 [lint]=1500 [instructions]=400 [strace]=120
    [crash]=420 [power]=600 [powercut]=300 [faults]=240
    [linearizability]=120 [clients]=600 [asan]=1500 [tsan]=1800 [fuzz]=720 [image]=1800)
CI_SECONDS=${TOKMESH_CI_SECONDS:-5280}  # all stages together: what is left over is the last stage's limit

# run_tests BUILD_FOLDER [FILTER] [PROGRAM...]: runs the test programs, ends with `N passed, N failed` (test cases).
run_tests() {
    local dir=$1 filter=$2 program log code counts passed=0 failed=0 started; shift 2
    local programs=("$@")
    [ ${#programs[@]} -gt 0 ] || programs=(repository tests_resp tests_storage tests_server tests_fuzz_corpus tests_integration)
    mkdir -p "$dir/logs"
    for program in "${programs[@]}"; do
        log=$dir/logs/${TOKMESH_STAGE:+$TOKMESH_STAGE.}$program.log; started=$SECONDS  # stages of one folder run side by side
        case $program in
            repository) [ -z "$filter" ] || continue
                python3 tests/tidy/repository_test.py >"$log" 2>&1 && python3 tests/tidy/rules_test.py >>"$log" 2>&1 ;;
            tests_fuzz_corpus) [ -z "$filter" ] || continue
                timeout -k 10 300 "$dir/$program" tests/fuzz/corpus >"$log" 2>&1 </dev/null ;;
            *) timeout -k 10 "${TOKMESH_TEST_SECONDS:-1200}" "$dir/$program" ${filter:+"$filter"} >"$log" 2>&1 </dev/null ;;
        esac
        code=$?
        # "All tests passed (9 assertions in 3 test cases)" or "test cases: 3 | 2 passed | 1 failed"
        counts=$(sed -n -E 's/^All tests passed .* in ([0-9]+) test cases?\).*/\1 0/p
            s/^test cases: *([0-9]+) .*\| *([0-9]+) failed.*/\1 \2/p' "$log" | tail -1)
        local cases=${counts%% *} bad=${counts##* }
        grep -q 'No test cases matched' "$log" && cases=0 bad=0 code=0
        if [ $code != 0 ] && [ "${bad:-0}" = 0 ]; then cases=$((${cases:-0} + 1)) bad=1; fi
        passed=$((passed + ${cases:-1} - ${bad:-0})); failed=$((failed + ${bad:-0}))
        if [ $code != 0 ]; then
            tail -n 60 "$log"
            echo "$program: FAILED, exit code $code ($((SECONDS - started)) s; all of it in $log)"
        elif [ "${cases:-1}" != 0 ]; then
            echo "$program: ${cases:-1} passed ($((SECONDS - started)) s)"
        fi
    done
    [ $((passed + failed)) -gt 0 ] || { echo "no test matches '$filter'"; failed=1; }
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}

stage_test() { env -u TOKMESH_POWER_HISTORIES ./dev test; }  # the stage `power` has the many

stage_release() {  # what is shipped passes the integration tests too
    need_packages $PACKAGES_BUILD $PACKAGES_TEST
    provide_redis_server
    build release && build debug tests_integration || return 1
    TOKMESH_BIN=$ROOT/build/release/tokmesh run_tests build/debug "" tests_integration
}

stage_lint() { ./dev lint; }

stage_instructions() {  # so that speed cannot rot unseen: see tests/bench/instructions.py
    need_packages $PACKAGES_BUILD $PACKAGES_INSTRUCTIONS
    build release bench_replay && python3 tests/bench/instructions.py build/release/bench_replay
}

# The server that the stages below drive from outside: the release.
with_release() {
    need_packages $PACKAGES_BUILD $PACKAGES_TEST "$@"
    provide_redis_server
    build release || return 1
    export TOKMESH_BIN=$ROOT/build/release/tokmesh
}

stage_strace() {  # an fdatasync that covers a write returns before its reply is sent
    with_release $PACKAGES_STRACE && python3 tests/crash/strace_gate.py
}

stage_crash() {  # SIGKILL under load, then the oracle; TOKMESH_CRASH_ROUNDS in each appendfsync mode
    with_release && python3 tests/crash/crash_test.py
}

stage_power() {  # power cuts on a disk in memory, after every single step; TOKMESH_POWER_HISTORIES
    need_packages $PACKAGES_BUILD $PACKAGES_TEST
    export TOKMESH_POWER_HISTORIES=${TOKMESH_POWER_HISTORIES:-50}
    build debug && run_tests build/debug "Power cut*" tests_storage
}

stage_powercut() {  # the real server on ext4 and xfs, whose power is cut; TOKMESH_POWERCUT_ROUNDS on each; needs root
    with_release $PACKAGES_POWERCUT && python3 tests/crash/powercut_test.py
}

stage_faults() {  # system calls that fail, on the real server and its start, and a disk that fills; TOKMESH_FAULTS
    with_release $PACKAGES_STRACE mount || return 1
    local failed=0
    python3 tests/crash/faults_test.py || failed=1
    python3 tests/crash/recovery_kill_test.py || failed=1
    python3 tests/crash/full_disk_test.py || failed=1
    return $failed
}

stage_linearizability() {  # answers about single sessions under concurrency and kills have an order that explains them
    python3 tests/crash/history_checker_test.py && with_release && python3 tests/crash/linearizability_test.py
}

stage_clients() { with_release && bash tests/compat/run; }  # it installs what its clients need

# run_sanitized BUILD_FOLDER PROGRAM...: tests_storage, which is half of the work, and the programs beside it.
run_sanitized() {
    local dir=$1 beside code=0; shift
    export TOKMESH_POWER_HISTORIES=3  # the stage `power` has the many
    run_tests "$dir" "" tests_storage >"$dir/tests_storage.out" 2>&1 & beside=$!
    run_tests "$dir" "" "$@" || code=1
    wait $beside || code=1
    cat "$dir/tests_storage.out"
    return $code
}

stage_asan() {  # in the build of `fuzz`: the same sanitizers, so that there is one build for both
    need_packages $PACKAGES_BUILD $PACKAGES_TEST $PACKAGES_CLANG
    provide_redis_server
    build fuzz all || return 1
    export ASAN_OPTIONS=detect_stack_use_after_return=1:strict_string_checks=1 UBSAN_OPTIONS=print_stacktrace=1
    run_sanitized build/fuzz tests_resp tests_server tests_fuzz_corpus tests_integration
}

stage_tsan() {
    need_packages $PACKAGES_BUILD $PACKAGES_TEST $PACKAGES_CLANG
    provide_redis_server
    build tsan tests_storage tests_server tests_integration || return 1  # resp has no threads
    export TSAN_OPTIONS=halt_on_error=1:second_deadlock_stack=1
    run_sanitized build/tsan tests_server tests_integration
}

stage_fuzz() {  # the seeds were replayed by `test` and `asan`; here libFuzzer goes on from them
    need_packages $PACKAGES_BUILD $PACKAGES_TEST $PACKAGES_CLANG
    build fuzz fuzz_targets || return 1
    local target name words failed=0
    for target in build/fuzz/*_fuzz; do
        name=$(basename "$target" _fuzz)
        case $name in  # what a client sends
            executor | request_parser) words=-dict=build/fuzz/tokens.dict ;;
            *) words= ;;
        esac
        mkdir -p "build/fuzz/corpus/$name"
        "$target" -max_total_time="${TOKMESH_FUZZ_SECONDS:-10}" -timeout=10 -rss_limit_mb=2048 -print_final_stats=1 \
            -artifact_prefix="build/fuzz/$name-" $words "build/fuzz/corpus/$name" "tests/fuzz/corpus/$name" \
            >"build/fuzz/$name.log" 2>&1 </dev/null ||
            { tail -40 "build/fuzz/$name.log"; echo "$name: FAILED, see build/fuzz/$name-*"; failed=1; }
        echo "$name: $(sed -n 's/^stat::number_of_executed_units: */runs: /p' "build/fuzz/$name.log")"
    done
    return $failed
}

stage_image() {  # not part of CI: needs root and ../shared
    local check=../shared/tools/image-check.sh
    [ -e $check ] || { echo "the image is checked by $check, which is not here"; return 1; }
    need_packages redis-tools
    $check -C . -f docker/Dockerfile -p 6379 -n private \
        -c 'redis-cli -p $PORT SESS.CREATE alice TTL 3600 | tee /dev/stderr | grep -q tmtk_' \
        -r 'test "$(redis-cli -p $PORT SESS.COUNTUSER alice)" = 1'
}

# run_stage STAGE: in a process of its own, with its time limit. Prints what it came to at once, for others may print beside it,
# and adds it to build/ci/results: passed, failed or skipped.
run_stage() {
    local stage=$1 started=$SECONDS limit=$((CI_SECONDS - SECONDS)) code=124 result report child
    local log=build/ci/$stage.log
    [ $limit -lt "${LIMIT[$stage]}" ] || limit=${LIMIT[$stage]}
    echo "== $stage"
    : >"$log"
    if [ $limit -gt 0 ]; then
        timeout -k 20 $limit ./dev ci __stage "$stage" >"$log" 2>&1 </dev/null & child=$!
        trap 'kill $child; wait $child; exit 143' TERM  # timeout ends all that it started
        wait $child; code=$?
    fi
    if [ $code = 0 ] && grep -q '^skipped: ' "$log" && ! grep -q '^[1-9][0-9]* passed' "$log"; then
        result=skipped
        report=$(grep '^skipped: ' "$log" | sed 's/^/   /'; echo "== $stage: skipped")
    elif [ $code = 0 ]; then
        result=passed
        report=$(grep -E '^[a-z0-9_]+: (runs: )?[0-9]+|^[0-9]+ passed|^skipped: ' "$log" | sed 's/^/   /'
            echo "== $stage: ok ($((SECONDS - started)) s)")
    else
        result=failed
        report=$(tail -n 80 "$log" | sed 's/^/   /'
            [ $code != 124 ] || echo "   out of time: $limit s"
            echo "== $stage: FAILED, exit code $code ($((SECONDS - started)) s)")
    fi
    echo "$report"
    echo $result >>build/ci/results
}

# ci [full] [STAGE...]: one closing line. TOKMESH_CI_WORKERS stages run side by side: `full`, whose time goes to tests of one
# thread, has one a core; else one, so that what takes a minute on a small machine does not fail by what runs beside it.
ci() {
    local stages=("$@") stage passed skipped failed workers=1
    if [ "${1-}" = list ]; then echo "$STAGES image"; return; fi
    if [ "${1-}" = __stage ]; then TOKMESH_STAGE=$2 "stage_$2"; return; fi
    if [ "${1-}" = full ]; then
        export TOKMESH_CRASH_ROUNDS=${TOKMESH_CRASH_ROUNDS:-334} TOKMESH_POWER_HISTORIES=${TOKMESH_POWER_HISTORIES:-1000} \
            TOKMESH_FUZZ_SECONDS=${TOKMESH_FUZZ_SECONDS:-300} TOKMESH_POWERCUT_ROUNDS=${TOKMESH_POWERCUT_ROUNDS:-300} \
            TOKMESH_FAULTS=${TOKMESH_FAULTS:-420} TOKMESH_RECOVERY_KILLS=${TOKMESH_RECOVERY_KILLS:-0} \
            TOKMESH_LINEARIZABILITY_ROUNDS=${TOKMESH_LINEARIZABILITY_ROUNDS:-1000} \
            TOKMESH_TEST_SECONDS=${TOKMESH_TEST_SECONDS:-7000}
        CI_SECONDS=${TOKMESH_CI_SECONDS:-86400}
        for stage in $STAGES image; do LIMIT[$stage]=7200; done
        stages=("${@:2}"); workers=$JOBS
    fi
    workers=${TOKMESH_CI_WORKERS:-$workers}
    [[ $workers =~ ^[1-9][0-9]*$ ]] || die "TOKMESH_CI_WORKERS is '$workers'; it is a number above 0"
    [ ${#stages[@]} -gt 0 ] || read -r -a stages <<<"$STAGES"
    for stage in "${stages[@]}"; do
        [ -n "${LIMIT[$stage]-}" ] || die "no stage '$stage'; there are: $STAGES image"
    done
    mkdir -p build/ci && : >build/ci/results
    export CI=true
    trap 'kill $(jobs -p); wait; exit 130' INT TERM
    for stage in "${stages[@]}"; do
        while [ "$(jobs -rp | wc -l)" -ge "$workers" ]; do wait -n; done
        run_stage "$stage" &
    done
    wait
    passed=$(grep -c passed build/ci/results)
    skipped=$(grep -c skipped build/ci/results)
    failed=$((${#stages[@]} - passed - skipped))  # one without a result too
    [ "$skipped" = 0 ] || echo "skipped, because this machine cannot: $skipped"
    echo "time in all: $((SECONDS / 60)) min $((SECONDS % 60)) s"
    echo "$passed passed, $failed failed"
    [ $failed = 0 ]
}
