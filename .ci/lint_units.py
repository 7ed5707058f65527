#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""clang-tidy over many files at once.

Matching the headers is nine tenths of what clang-tidy does, so files of one folder that are compiled alike are joined to
units and their headers are looked at once a unit. A unit is the text of its files one after another (checks that look only at
the main file see all of them); an #include or a using that an earlier file of it has is left out. What is found is printed for
the file and line where it stands. Units of a folder lie below a copy of its .clang-tidy.

lint_units.py BUILD_FOLDER JOBS < NUL-separated paths of .cpp files; exit code 1 when something was found.
"""
import concurrent.futures
import json
import os
import re
import shutil
import subprocess
import sys

FILES_OF_A_UNIT = 24
ENTRY = "LLVMFuzzerTestOneInput"
FOUND = re.compile(r"^(?P<path>[^:\s]+):(?P<line>\d+):(?P<column>\d+): (?P<text>(?:error|warning|note): .*)$")


class Unit:
    def __init__(self, path):
        self.path = path
        self.lines, self.origins, self.said = [], [], set()

    def add(self, path):
        with open(path, encoding="utf-8") as source:
            lines = source.read().split("\n")
        before = set(self.said)
        if ENTRY in "".join(lines):  # each fuzz target has that function, and a name for it from its build
            lines[0] = f"#undef {ENTRY}\n#define {ENTRY} {os.path.basename(path)[:-len('.cpp')]}"
        for number, line in enumerate(lines, 1):
            if line.startswith(("#include", "using ")):
                what = line.split("//")[0].strip()
                self.said.add(what)
                if what in before:
                    line = ""
            self.lines.append(line)
            self.origins += [(path, number)] * (line.count("\n") + 1)

    def write(self):
        with open(self.path, "w", encoding="utf-8") as out:
            out.write("\n".join(self.lines) + "\n")

    def tidy(self):
        """What was found, in one piece; None: nothing."""
        run = subprocess.run(["clang-tidy-14", "--quiet", "-p", os.path.dirname(self.path), self.path], capture_output=True,
                             text=True, check=False)
        if run.returncode == 0:
            return None
        return "\n".join(self.told(line) for line in run.stdout.split("\n") if line) or run.stderr

    def told(self, line):
        found = FOUND.match(line)
        if not found or os.path.abspath(found["path"]) != os.path.abspath(self.path):
            return line
        path, number = self.origins[int(found["line"]) - 1]
        return f"{path}:{number}:{found['column']}: {found['text']}"


def entries_of(build, wanted):
    """Paths by room, a top folder or one of tests/, and by how they are compiled."""
    with open(os.path.join(build, "compile_commands.json"), encoding="utf-8") as commands:
        entries = json.load(commands)
    groups, seen = {}, set()
    for entry in entries:
        path = os.path.relpath(entry["file"])
        if path in wanted and path not in seen:
            seen.add(path)
            alike = re.sub(rf" ((-o|-c|-MF|-MT) |-D{ENTRY}=)\S+", "", entry["command"])
            room = "/".join(path.split("/")[:2 if path.startswith("tests/") else 1])
            groups.setdefault((room, alike), []).append(path)
    return groups, sorted(wanted - seen)


def make_units(groups, folder):
    units, commands = [], []
    for (room, command), paths in sorted(groups.items()):
        top = room.split("/")[0]
        os.makedirs(os.path.join(folder, top), exist_ok=True)
        if os.path.exists(os.path.join(top, ".clang-tidy")):
            shutil.copy(os.path.join(top, ".clang-tidy"), os.path.join(folder, top))
        paths.sort()
        for begin in range(0, len(paths), FILES_OF_A_UNIT):
            unit = Unit(os.path.abspath(os.path.join(folder, top, f"unit_{len(units)}.cpp")))
            for path in paths[begin:begin + FILES_OF_A_UNIT]:
                unit.add(path)
            unit.write()
            units.append(unit)
            commands.append({"directory": os.path.dirname(unit.path), "file": unit.path,
                             "command": f"{command} -Wno-shadow -c {unit.path}"})
        with open(os.path.join(folder, top, "compile_commands.json"), "w", encoding="utf-8") as out:
            json.dump([each for each in commands if f"/{top}/unit_" in each["file"]], out)
    return units


def main():
    build, jobs = sys.argv[1], int(sys.argv[2])
    wanted = {os.path.normpath(path) for path in sys.stdin.read().split("\0") if path}
    groups, missing = entries_of(build, wanted)
    units = make_units(groups, os.path.join(build, "units"))
    for path in missing:
        print(f"{path}: in no target, so clang-tidy cannot look at it")
    units.sort(key=lambda unit: -len(unit.lines))  # so that the last one does not run alone for long
    failed = bool(missing)
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for found in pool.map(Unit.tidy, units):
            if found:
                print(found, flush=True)
                failed = True
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
