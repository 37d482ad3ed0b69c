# SPDX-License-Identifier: MIT
"""The packs: archives without history, for students and for instructors.

The students' has all skeletons in place (or those of the labs that are named), and
lacks all that would show the solutions. The instructors' is the whole tree, with
the solutions once more in a folder of their own.
"""

import io
import os
import subprocess
import tarfile

import skeleton
from hidden import HIDDEN
from labs import LABS
from source import LabError

# The mutants quote the lines that they break.
NOT_FOR_STUDENTS = ("tests/mutants/", "tools/labs/wrong.py",
                    "tools/labs/hidden.py", "tools/labs/check.py",
                    "tools/labs/pack.py", "docs/labs/teaching.md")


def hidden_files():
    return {f"tests/unit/test_{hidden.unit}.c"
            for tests in HIDDEN.values() for hidden in tests}


def files_of_tree(root):
    """The tree's files, as git knows them."""
    listed = subprocess.run(["git", "-C", root, "ls-files", "-z"],
                            capture_output=True, text=True)
    if listed.returncode:
        raise LabError("packs are made of a git tree: " + listed.stderr)
    return [name for name in listed.stdout.split("\0") if name]


def for_students(root, labs):
    """{file: its text, or None for the tree's} of the students' pack."""
    texts = {}
    for lab in labs:
        texts.update(skeleton.texts(root, lab, texts))
    left_out = hidden_files()
    return {name: texts.get(name) for name in files_of_tree(root)
            if not name.startswith(NOT_FOR_STUDENTS) and name not in left_out}


def solutions(root):
    """{file: text}: each lab's functions as the tree has them."""
    found = {}
    for lab in LABS:
        text = f"/* Lab {lab.number}: {lab.title} */\n"
        for source, name, head, body in skeleton.solution_bodies(root, lab):
            text += f"\n/* In {source}: {name}() */\n\n{head}{{\n{body}}}\n"
        found[f"solutions/{lab.file}.c"] = text
    return found


def write(root, name, contents):
    """Writes build/labs/@name.tar.gz, without the times of files or owners."""
    path = os.path.join(root, "build/labs", f"{name}.tar.gz")
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with tarfile.open(path, "w:gz") as archive:
        for file, text in sorted(contents.items()):
            here = os.path.join(root, file)
            if text is None and not os.path.exists(here):
                continue
            info = tarfile.TarInfo(f"{name}/{file}")
            info.mode = 0o644
            if text is None:
                info.mode = os.stat(here).st_mode & 0o755
                with open(here, "rb") as source:
                    data = source.read()
            else:
                data = text.encode()
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    print(f"build/labs/{name}.tar.gz: {len(contents)} files")
    return path


def main(root, labs):
    write(root, "umbra-labs", for_students(root, labs))
    write(root, "umbra-labs-instructors",
          {**{name: None for name in files_of_tree(root)}, **solutions(root)})
    return 0
