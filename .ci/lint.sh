# SPDX-License-Identifier: MIT
# lint all|changed: the repository test, clang-format, clang-tidy, and the proof that each of them can fail. Sourced by dev.

# All files that clang-format rules, NUL-separated. No git: also right in a copy, and when root looks at a user's clone.
source_files() {
    find resp storage src tests -name node_modules -prune -o \( -name '*.cpp' -o -name '*.hpp' \) -print0
}

changed_files() {
    git -c safe.directory='*' diff --name-only --diff-filter=d -z HEAD -- '*.cpp' '*.hpp'
    git -c safe.directory='*' ls-files -o --exclude-standard -z -- '*.cpp' '*.hpp'
}

# A file with mistakes of each kind must be refused; else the green light above means nothing.
prove_lint_fires() {
    local planted=build/lint/planted checks
    mkdir -p "$planted" && cp .clang-tidy .clang-format "$planted/"
    printf '%s\n' 'namespace Wrong { struct bad_name { int Value ; }; }' 'int* zero() { return 0; }' \
        'int half(bool a) { if (a); return 1; }' >"$planted/planted.cpp"
    if clang-format-14 --dry-run -Werror "$planted/planted.cpp" 2>/dev/null; then
        say "lint: clang-format lets a planted mistake pass"; return 1
    fi
    checks=$(clang-tidy-14 --quiet "$planted/planted.cpp" -- -std=c++20 2>/dev/null)
    for check in readability-identifier-naming modernize-use-nullptr bugprone-suspicious-semicolon; do
        grep -q "\[$check,-warnings-as-errors\]" <<<"$checks" || { say "lint: clang-tidy lets a planted $check pass"; return 1; }
    done
}

lint() {
    local files=source_files failed=0
    [ "$1" = changed ] && files=changed_files
    build lint generated_sources
    python3 tests/tidy/repository_test.py || failed=1
    python3 tests/tidy/rules_test.py || failed=1
    "$files" | xargs -0 -r clang-format-14 --dry-run -Werror 2>&1 | grep 'error:' |
        sed 's/ \[-Wclang-format-violations\]/: run .\/dev fmt/' | sort -u -t: -k1,1 | tee build/lint/format.log
    [ -s build/lint/format.log ] && failed=1
    prove_lint_fires || failed=1
    "$files" | grep -z '\.cpp$' | python3 .ci/lint_units.py build/lint "$JOBS" || failed=1
    [ $failed = 0 ] && say "lint: clean"
    return $failed
}
