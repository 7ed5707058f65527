// SPDX-License-Identifier: MIT
// Runs every file of tests/fuzz/corpus/<target>/ through that target, without libFuzzer: a seed that once broke something
// breaks the tests for ever. Usage: tests_fuzz_corpus CORPUS_FOLDER. fuzz_targets.inc is written by CMake.
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <vector>

namespace {

struct FuzzTarget {
    const char* name;
    int (*run)(const std::uint8_t* data, std::size_t size);
};

}  // namespace

#include "fuzz_targets.inc"

namespace {

std::vector<std::uint8_t> read_all(const std::filesystem::path& path) {
    std::ifstream file(path, std::ios::binary);
    const std::vector<char> bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
    return {bytes.begin(), bytes.end()};
}

// Returns how many seeds there were. The name is printed first: a crash then names its seed.
int replay(const FuzzTarget& target, const std::filesystem::path& folder) {
    int seeds = 0;
    if (!std::filesystem::is_directory(folder)) return seeds;
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
        const auto bytes = read_all(entry.path());
        std::fprintf(stderr, "%s/%s\n", target.name, entry.path().filename().c_str());
        target.run(bytes.data(), bytes.size());
        ++seeds;
    }
    return seeds;
}

}  // namespace

int main(int argc, char** argv) {
    if (argc != 2) {
        std::fprintf(stderr, "usage: %s CORPUS_FOLDER\n", argv[0]);
        return 2;
    }
    int failed = 0;
    int passed = 0;
    for (const FuzzTarget& target : fuzz_targets) {
        const int seeds = replay(target, std::filesystem::path(argv[1]) / target.name);
        std::printf("%s: %d seeds\n", target.name, seeds);
        ++(seeds == 0 ? failed : passed);  // a target without a seed tests nothing
    }
    std::printf("test cases: %d | %d passed | %d failed\n", passed + failed, passed, failed);
    return failed == 0 ? 0 : 1;
}
