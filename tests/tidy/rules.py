# SPDX-License-Identifier: MIT
"""The rules of this repository, as functions from a tree to complaints. repository_test.py applies them to the real tree,
rules_test.py to planted mistakes. A complaint is (path, line, what is wrong, what to do instead).

A Tree is {path: text} with / in the paths; nothing here touches the disk.
"""
import re

TOP_LEVEL = {"README.md", "CMakeLists.txt", "CMakePresets.json", "dev", "resp", "storage", "src", "tests", "conf", "docker"}
CODE = (".cpp", ".hpp")
SOURCE = CODE + (".proto", ".py", ".sh", ".js", ".mjs", ".cjs", ".php")
COLUMNS_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX = 130, 400, 70
RATCHET = "tests/tidy/long_functions.txt"


def lines_of(text):
    return enumerate(text.split("\n"), 1)


def code_files(tree, *folders):
    return [p for p in sorted(tree) if p.endswith(CODE) and (not folders or p.startswith(tuple(f + "/" for f in folders)))]


# ---- layout ----

def top_level(tree):
    for path in sorted({p.split("/")[0] for p in tree}):
        if path not in TOP_LEVEL and not path.startswith("."):
            yield path, 1, "is not part of the top level", "put it into one of " + " ".join(sorted(TOP_LEVEL))
    for name in sorted(TOP_LEVEL - {p.split("/")[0] for p in tree}):
        yield name, 1, "is missing from the top level", "the layout is in README.md"
    for path in sorted(tree):
        if re.search(r"(^|/)(utils?|common|misc|helpers?)(/|\.[a-z]+$)", path):
            yield path, 1, "is named after nothing", "name it after what it holds"


# What a folder may not include, and what to do instead. resp and storage never know each other; only src knows Asio.
FORBIDDEN_INCLUDES = {
    "resp": (r"storage/|src/|tests/|boost/|openssl/|spdlog/|fmt/|sys/socket", "pass bytes and values: resp is std only"),
    "storage": (r"resp/|src/|tests/|boost/asio|spdlog/|fmt/|sys/socket", "pass a value or a callback: storage knows no server"),
    "src": (r"tests/", "move it to src, or the test's part to tests"),
}


def includes(tree):
    pattern = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
    for path in code_files(tree):
        forbidden, instead = FORBIDDEN_INCLUDES.get(path.split("/")[0], ("$^", ""))
        for number, line in lines_of(tree[path]):
            found = pattern.match(line)
            if not found:
                continue
            quote, name = found.groups()
            if re.match(forbidden, name):
                yield path, number, f'{path.split("/")[0]} may not include {name}', instead
            elif quote == '"' and name not in tree and not name.endswith((".pb.h", ".inc")):
                yield path, number, f'no file "{name}" from the repository root', "write the whole path, or <> for libraries"


def dead_headers(tree):
    included = set(re.findall(r'#\s*include\s*"([^"]+)"', "\n".join(tree[p] for p in code_files(tree))))
    for path in code_files(tree):
        if path.endswith(".hpp") and path not in included:
            yield path, 1, "nobody includes it", "remove it or use it"


def sizes(tree):
    for path in sorted(tree):
        if path.startswith("tests/fuzz/corpus/") or path.endswith((".json", ".lock")):
            continue
        text = tree[path]
        count = text.count("\n")
        if path.endswith(SOURCE) and count > FILE_LINES_MAX and "longer than 400 lines because" not in text[:1500]:
            yield (path, 1, f"has {count} lines, {FILE_LINES_MAX} are allowed",
                   'split it by idea, or say in its first lines "longer than 400 lines because"')
        for number, line in lines_of(text):
            if len(line) > COLUMNS_MAX and "http" not in line and not path.endswith((".md", ".golden", ".txt")):
                yield path, number, f"has {len(line)} columns, {COLUMNS_MAX} are allowed", "break the line"


# ---- functions ----

def blank_literals(text):
    """The same text with comments, strings and characters blanked, line breaks kept."""
    pattern = re.compile(r'R"([^()\s]{0,16})\(.*?\)\1"|//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', re.S)
    text = re.sub(r"(?<=[0-9a-fA-F])'(?=[0-9a-fA-F])", "_", text)  # digit separators
    return pattern.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text)


def functions(text):
    """(name, first line, number of lines) of every function body that is not inside another one."""
    text = re.sub(r"(?m)^\s*#.*(?:\\\n.*)*$", lambda m: re.sub(r"[^\n]", " ", m.group()), blank_literals(text))
    stack, start, line = [], 0, 1
    for place, character in enumerate(text):
        if character == "\n":
            line += 1
        elif character == "{":
            head = re.sub(r"\balignas\([^()]*\) ?", "", " ".join(text[start:place].split()))
            scope = re.search(r"\b(namespace|class|struct|union|enum|extern)\b[^()]*$", head) and not head.endswith(")")
            inside = any(kind == "function" for kind, *_ in stack)
            is_function = not inside and not scope and ")" in head and not re.search(r"(=|,|\(|return)$", head)
            called = re.findall(r"([\w~:]+)\s*\(", head)
            first = line - text[start:place].lstrip().count("\n")
            stack.append(("function" if is_function else "scope", called[0] if called else "?", first, head))
            start = place + 1
        elif character == "}":
            if stack:
                kind, name, first, _ = stack.pop()
                if kind == "function":
                    yield name, first, line - first + 1
            start = place + 1
        elif character == ";":
            start = place + 1


def function_sizes(tree):
    allowed = {}
    for number, line in lines_of(tree.get(RATCHET, "")):
        words = line.split()
        if words and words[0] != "#":
            allowed[words[0], words[1]] = int(words[2]), number
    for path in code_files(tree):
        for name, first, count in functions(tree[path]):
            limit, _ = allowed.pop((path, name), (FUNCTION_LINES_MAX, 0))
            if count > limit:
                yield path, first, f"{name} has {count} lines, {limit} are allowed", "split it by idea"
            elif FUNCTION_LINES_MAX < count < limit:
                yield RATCHET, 1, f"{path} {name} is down to {count} lines", "write the new figure: it only goes down"
            elif limit > FUNCTION_LINES_MAX and count <= FUNCTION_LINES_MAX:
                yield RATCHET, 1, f"{path} {name} needs no exception any more", "remove its line"
    for (path, name), (_, number) in allowed.items():
        yield RATCHET, number, f"{path} has no function {name}", "remove the line"


GIVEN_NAME = re.compile(
    r"(?:\[\[\w+\]\] )?(?:(?:struct|class|union|enum(?: class)?) (?:alignas\([^)]*\) )?(?P<type>\w+)(?: final)? *[:{]|"
    r"using (?P<alias>\w+) =(?P<aliased>[^;]*);|(?!using|namespace|template|struct|class|union|enum)"
    r"[\w:<>,*& ]+?[ *&](?P<name>\w+)(?: *[={[;]|\((?P<parameters>[^;{]*)\)[\w:<>\- ]*\{))")


def given_name(found):
    """(name, kind, what): of a function its parameters' types, without names and defaults, and of an alias what it stands for."""
    if found["parameters"] is not None:
        types = re.sub(r" *=[^,]*", "", " ".join(found["parameters"].split()))
        return found["name"], "function", re.sub(r"(?<=[ &*])\w+(?=,|$)", "", types)
    return found["type"] or found["alias"] or found["name"], "alias" if found["alias"] else "other", found["aliased"]


def unnamed_twins(tree):
    """Files of one room that give the same name in their unnamed namespaces: lint and sanitizer builds take them as one file.
    Overloads may stand side by side, and equal aliases."""
    given = {}
    for path in code_files(tree):
        room = tuple(path.split("/")[:2 if path.startswith("tests/") else 1])
        text = blank_literals(tree[path])
        for inside in re.finditer(r"(?ms)^namespace \{$.*?^\}  // namespace$", tree[path]):
            around = tuple(re.findall(r"(?m)^namespace ([\w:]+) \{$", text[:inside.start()]))
            for line in re.finditer(r"(?m)^(?=[\w\[])", inside.group()):
                found = GIVEN_NAME.match(text, inside.start() + line.start())
                if found is None:
                    continue
                name, kind, what = given_name(found)
                before = given.setdefault((room, around, name), [])
                for first, other, of in before:
                    sound = kind == other and (kind == "function" and what != of or kind == "alias" and what == of)
                    if first != path and not sound:
                        yield (path, text.count("\n", 0, found.start()) + 1, f"gives the name {name} again, after {first}",
                               "share it, or name it after what differs")
                        break
                before.append((path, kind, what))


# ---- words ----

BANNED = [  # pattern, where, but not where, what it is, instead
    (r"\b(TODO|FIXME|XXX|HACK|TBD)\b|\b[Nn]ot (yet )?implemented\b|\bfor now\b", "", "",
     "is a leftover", "do it, or open an issue"),
    (r"\b(sprintf|vsprintf|strcpy|strcat|gets)\s*\(", "", "", "writes without a bound", "use std::string, fmt or snprintf"),
    (r"(?<![\w:.])s?rand\s*\(", "", "",
     "is neither random nor repeatable", "take a storage::RandomSource, or a seeded engine in tests"),
    (r"(?<![\w.])(std::)?system\s*\(|\bpopen\s*\(", "", "",
     "runs a shell", "call the function, or fork and exec with arguments"),
    (r"(?<![\w.])(std::)?(atoi|atol|atof|strtok)\s*\(", "", "", "hides errors", "use std::from_chars"),
    (r"(?<![\w.])assert\s*\(", "", "", "is gone in release", "use ENSURE from storage/ensure.hpp"),
    (r"\b(sleep_for|sleep_until|usleep|nanosleep)\b|(?<![\w.])sleep\s*\(", "tests/", "tests/support/",
     "makes a test slow or wrong", "wait with support::eventually, or move a manual clock"),
    (r"\b(system_clock|steady_clock)::now\b|\bclock_gettime\s*\(", "storage/", "storage/clock.cpp",
     "asks the time", "take the time as an argument (storage/clock.hpp)"),
    (r"\brandom_device\b|\bRAND_(priv_)?bytes\b|\bgetrandom\b", "storage/", "storage/random.cpp",
     "makes randomness", "take a storage::RandomSource"),
    (r"\bstd::(cout|cerr|clog)\b", "resp/", "", "prints", "return the error"),
    (r"\bstd::(cout|clog)\b", "storage/", "", "prints", "return the error"),
    (r"\bSUCCEED\s*\(|\b(REQUIRE|CHECK)\s*\(\s*true\s*\)|\[!mayfail\]|\[\.\w*\]", "tests/", "", "cannot fail", "test something"),
]
BANNED_EVERYWHERE = [
    (r"\b(pkill|killall)\b", "ends processes of others", "end only your own child, by its pid"),
    (r"(?<![\w.])/(work|Users|root)/\w|(?<![\w.}])/home/[a-z]+/", "is a path of one machine", "make it relative, or an argument"),
]


def banned_words(tree):
    for path in sorted(tree):
        if path.startswith(("tests/tidy/", "tests/fuzz/corpus/")) or path == "CMakePresets.json":
            continue
        rules = [(re.compile(p), w, i) for p, w, i in BANNED_EVERYWHERE]
        comments_too = [rule for rule in BANNED if rule[0].startswith(r"\b(TODO")]
        for pattern, where, but, what, instead in (BANNED if path.endswith(CODE) else comments_too):
            if path.startswith(where) and not (but and path.startswith(but)):
                rules.append((re.compile(pattern), what, instead))
        for number, line in lines_of(tree[path]):
            for pattern, what, instead in rules:
                found = pattern.search(line)
                if found and not (line.lstrip().startswith("//") and found.group().rstrip().endswith("(")):
                    yield path, number, f"{found.group().strip()} {what}", instead


def first_lines(tree):
    for path in sorted(tree):
        if path.startswith("tests/fuzz/corpus/") or not (path.endswith(SOURCE) or path.endswith("CMakeLists.txt")):
            continue
        head = tree[path].split("\n")[:3]
        script = head[0].startswith(("#!", "<?php"))
        at = 1 if script else 0
        if at >= len(head) or "SPDX-License-Identifier: MIT" not in head[at]:
            yield path, at + 1, "has no SPDX line", "begin with SPDX-License-Identifier: MIT"
        elif (path.endswith(CODE) and not path.endswith("_test.cpp") and path[:-4] + ".hpp" not in tree
              and not head[1].startswith("//")):
            yield path, 2, "does not say what it is for", "add a line of comment below the SPDX line"
        if path.endswith(".hpp") and "#pragma once" not in tree[path]:
            yield path, 1, "can be included twice", "add #pragma once"


# ---- tests, README, conf ----

def tests_in_targets(tree):
    folders = re.findall(r"^tests_executable\(\w+ (\w+)", tree.get("tests/CMakeLists.txt", ""), re.M)
    for path in code_files(tree, "tests"):
        if not path.endswith(".cpp"):
            continue
        parts = path.split("/")
        built = (parts[1] == "support" or (parts[1] in folders and path.endswith("_test.cpp"))
                 or (parts[1] == "fuzz" and len(parts) == 3 and path.endswith("_fuzz.cpp"))
                 or "/".join(parts[1:]) in tree.get("tests/CMakeLists.txt", ""))
        if not built:
            yield path, 1, "is in no target", "name it *_test.cpp in a folder that tests/CMakeLists.txt builds"
        if path.endswith("_fuzz.cpp"):
            corpus = "tests/fuzz/corpus/" + parts[-1][:-len("_fuzz.cpp")] + "/"
            if not any(p.startswith(corpus) for p in tree):
                yield path, 1, f"has no seed in {corpus}", "add at least one: it is replayed as a unit test"


def readme_maps(tree):
    """The first cells of tables and backticked paths in every README name files and folders that exist."""
    folders = {"/".join(p.split("/")[:n]) for p in tree for n in range(1, p.count("/") + 1)}
    for path in sorted(tree):
        if not path.endswith("README.md"):
            continue
        here = path[:-len("README.md")]
        mapped = set()
        for number, line in lines_of(tree[path]):
            for name in re.findall(r"`([\w./-]+(?:/|\.(?:cpp|hpp|proto|py|md|conf|txt|json)))`", line):
                if name.startswith(("../", "build/", "/", "data/")):
                    continue
                plain = name.rstrip("/").removeprefix("./")
                if line.startswith("| `"):
                    mapped.add(plain)
                if not any(place in tree or place in folders for place in (plain, here + plain)):
                    yield path, number, f"names {name}, which does not exist", "write what is there"
        if path == "README.md":
            for name in sorted({p.split("/")[0] for p in tree if "/" in p and not p.startswith(".")} - mapped):
                yield path, 1, f"its folder map lacks {name}/", "add a row"


def conf_file(tree):
    if "conf/tokmesh.conf" not in tree:
        yield "conf/tokmesh.conf", 1, "is missing", "every setting with default, unit and trade-off belongs there"
    elif not any("conf/tokmesh.conf" in tree[p] for p in code_files(tree, "tests")):
        yield "conf/tokmesh.conf", 1, "no test holds it against the table of settings", "add one in tests/src"


RULES = [top_level, includes, dead_headers, sizes, function_sizes, unnamed_twins, banned_words, first_lines, tests_in_targets,
         readme_maps, conf_file]


def complaints(tree):
    return [complaint for rule in RULES for complaint in rule(tree)]
