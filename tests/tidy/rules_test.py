#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Each rule of rules.py must fire on a planted mistake and be silent on the same tree without it."""
import sys
import unittest

import rules

HEAD = "// SPDX-License-Identifier: MIT\n// What it is for.\n"


def sound_tree():
    return {
        "README.md": "\n".join(f"| `{f}/` | a folder |" for f in ("resp", "storage", "src", "tests", "conf", "docker")),
        "CMakeLists.txt": "# SPDX-License-Identifier: MIT\n", "CMakePresets.json": "{}", "dev": "#!/usr/bin/env bash\n",
        "resp/value.hpp": HEAD + "#pragma once\n#include <string>\n",
        "resp/value.cpp": HEAD + '#include "resp/value.hpp"\n',
        "storage/log.cpp": HEAD + "#include <vector>\nnamespace storage {\nint f(int a) {\n    return a;\n}\n}\n",
        "src/main.cpp": HEAD + '#include "resp/value.hpp"\nint main() {\n    return 0;\n}\n',
        "tests/CMakeLists.txt": "# SPDX-License-Identifier: MIT\ntests_executable(tests_resp resp tokmesh_resp)\n",
        "tests/resp/value_test.cpp": HEAD + '// holds conf/tokmesh.conf\n',
        "tests/fuzz/parser_fuzz.cpp": HEAD, "tests/fuzz/corpus/parser/1": "x",
        "conf/tokmesh.conf": "port 6379\n", "docker/Dockerfile": "FROM debian:bookworm\n",
    }


def long_function(lines):
    return HEAD + "namespace a {\nvoid Thing::work(int b) {\n" + "    b++;\n" * (lines - 2) + "}\n}\n"


class Rules(unittest.TestCase):
    def expect(self, words, **planted):
        """Planted files are {path: text}; text None removes the file. `words` must stand in the only complaint."""
        tree = sound_tree()
        for path, text in planted["files"].items():
            if text is None:
                tree.pop(path)
            else:
                tree[path] = text
        found = rules.complaints(tree)
        self.assertTrue(any(words in f"{p}:{n}: {w} - {i}" for p, n, w, i in found), (words, found))
        self.assertEqual(len(found), planted.get("count", 1), found)

    def test_a_sound_tree_has_no_complaints(self):
        self.assertEqual(rules.complaints(sound_tree()), [])

    def test_top_level(self):
        self.expect("notes.txt:1: is not part of the top level", files={"notes.txt": "x"})
        self.expect("dev:1: is missing", files={"dev": None})
        self.expect("named after nothing", files={"src/util/x.cpp": HEAD})

    def test_include_direction(self):
        self.expect("resp may not include storage/", files={"resp/a.cpp": HEAD + '#include "storage/log.hpp"\n'})
        self.expect("resp may not include boost/", files={"resp/a.cpp": HEAD + "#include <boost/system/result.hpp>\n"})
        self.expect("storage may not include resp/", files={"storage/a.cpp": HEAD + '#include "resp/value.hpp"\n'})
        self.expect("storage may not include boost/asio", files={"storage/a.cpp": HEAD + "#include <boost/asio.hpp>\n"})
        self.expect("src may not include tests/", files={"src/a.cpp": HEAD + '#include "tests/x.hpp"\n'})
        self.expect('no file "value.hpp"', files={"resp/a.cpp": HEAD + '#include "value.hpp"\n'})

    def test_dead_header(self):
        self.expect("src/dead.hpp:1: nobody includes it", files={"src/dead.hpp": HEAD + "#pragma once\n"})

    def test_sizes(self):
        self.expect("has 403 lines", files={"src/a.cpp": HEAD + "\n" * 401})
        self.expect("has 131 columns", files={"src/a.cpp": HEAD + "x" * 131})
        tree = sound_tree() | {"src/a.cpp": HEAD + "// longer than 400 lines because it is a table\n" + "\n" * 401}
        self.assertEqual(rules.complaints(tree), [])

    def test_function_size_is_a_ratchet(self):
        self.expect("src/a.cpp:4: Thing::work has 71 lines", files={"src/a.cpp": long_function(71)})
        ratchet = "# path function lines\nsrc/a.cpp Thing::work {}\n"
        self.expect("has 75 lines, 74 are", files={"src/a.cpp": long_function(75), rules.RATCHET: ratchet.format(74)})
        self.expect("down to 73", files={"src/a.cpp": long_function(73), rules.RATCHET: ratchet.format(74)})
        self.expect("needs no exception", files={"src/a.cpp": long_function(70), rules.RATCHET: ratchet.format(74)})
        self.expect("has no function", files={rules.RATCHET: ratchet.format(74)})
        tree = sound_tree() | {"src/a.cpp": long_function(74), rules.RATCHET: ratchet.format(74)}
        self.assertEqual(rules.complaints(tree), [])

    def test_functions_are_found(self):
        text = HEAD + """
namespace { struct A { int x = 0; A() : x(1) { } int get() const noexcept { return x; } }; }
struct alignas(64) B { int x; };
const char* text = "{ (";  // }
auto table = std::array{f(1), g(2)};
TEST_CASE("a") {
    SECTION("b { ") {
        auto f = [](int) { return '{'; };
    }
}
"""
        self.assertEqual([(n, c) for n, _, c in rules.functions(text)], [("A", 1), ("get", 1), ("TEST_CASE", 5)])

    def test_names_of_unnamed_namespaces(self):
        def unnamed(text, around="a"):
            return HEAD + f"namespace {around} {{\nnamespace {{\n\n" + text + "\n\n}  // namespace\n}\n"

        function, constant = "int f(long a, int b) {\n    return b;\n}", "constexpr int most = 3;"
        own = unnamed("\n".join((function, constant, "struct A {\n    int c;\n};", "using B = int;")))
        for twin, name in [(function.replace("int b", "int c = 1"), "f"), (function.replace(") {", ") noexcept -> int {"), "f"),
                           ("const auto most{1};", "most"), ("int most(int a) {\n    return a;\n}", "most"),
                           ("using B = long;", "B"),
                           ("class A : B {\n};", "A"), ("struct alignas(64) A final {\n};", "A"), ("enum A : int {\n};", "A")]:
            words = f"src/b/b.cpp:6: gives the name {name} again, after src/a.cpp"
            self.expect(words, files={"src/a.cpp": own, "src/b/b.cpp": unnamed(twin)})
            for other in ({"storage/b.cpp": unnamed(twin)}, {"src/b.cpp": HEAD + twin}, {"src/b.cpp": unnamed(twin, "b")}):
                self.assertEqual(rules.complaints(sound_tree() | {"src/a.cpp": own} | other), [])
        overload = unnamed(function.replace("long", "short") + "\nusing B = int;\nint f(long a, int b);")
        self.assertEqual(rules.complaints(sound_tree() | {"src/a.cpp": own, "src/b.cpp": overload}), [])

    def test_banned(self):
        for line, words in [("// TODO later", "leftover"), ("sprintf(a, b);", "without a bound"),
                            ("int a = rand();", "repeatable"),
                            ('std::system("x");', "shell"), ("assert(x);", "ENSURE"), ("int a = atoi(b);", "from_chars"),
                            ('// in /' + 'work/x', "one machine"), ("kill" + "all(1);", "by its pid")]:
            self.expect(words, files={"src/a.cpp": HEAD + line + "\n"})
        self.expect("eventually", files={"tests/resp/a_test.cpp": HEAD + "std::this_thread::sleep_for(1s);\n"})
        self.expect("cannot fail", files={"tests/resp/a_test.cpp": HEAD + "REQUIRE(true);\n"})
        self.expect("as an argument", files={"storage/a.cpp": HEAD + "auto t = std::chrono::steady_clock::now();\n"})
        self.expect("RandomSource", files={"storage/a.cpp": HEAD + "std::random_device d;\n"})
        self.expect("leftover", files={"dev": "#!/bin/bash\n# FIXME\n"})

    def test_first_lines(self):
        self.expect("no SPDX", files={"src/a.cpp": "int a;\n"})
        self.expect("what it is for", files={"src/a.cpp": HEAD.split("\n")[0] + "\nint a;\n"})
        self.expect("included twice", files={"resp/value.hpp": HEAD})

    def test_every_test_is_built(self):
        self.expect("is in no target", files={"tests/other/a_test.cpp": HEAD})
        self.expect("is in no target", files={"tests/resp/forgotten.cpp": HEAD})
        self.expect("has no seed", files={"tests/fuzz/corpus/parser/1": None})

    def test_readme_maps(self):
        self.expect("names src/gone.cpp", files={"src/README.md": "| `src/gone.cpp` | x |"})
        readme = sound_tree()["README.md"]
        self.expect("lacks docker/", files={"README.md": readme.replace("| `docker/` | a folder |", "")})

    def test_conf(self):
        self.expect("conf/tokmesh.conf:1: is missing", files={"conf/tokmesh.conf": None, "conf/README.md": "x"})
        self.expect("no test holds it", files={"tests/resp/value_test.cpp": HEAD})


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=0).result
    sys.exit(0 if result.wasSuccessful() else 1)
