# SPDX-License-Identifier: MIT
"""The skeletons: docs/labs/NN-name.c has the functions of an exercise, each after
a comment that names its file. They take the place of the tree's functions of the
same name, which must have the same signature."""

import os
import re

from source import (LabError, cut_function, function_names, replace_function,
                    split_function)


def skeleton_functions(root, lab):
    """{file: [(function, head, body)]} of the lab's skeleton; body None: the
    skeleton does without the function."""
    path = os.path.join(root, "docs/labs", f"{lab.file}.c")
    with open(path, encoding="utf-8") as file:
        parts = re.split(r"(?m)^/\* In (\S+?)(?:, without ([\w, ]+))?: \*/\n",
                         file.read())
    found = {}
    for source, without, text in zip(parts[1::3], parts[2::3], parts[3::3]):
        found.setdefault(source, []).extend(
            (name, None, None) for name in (without or "").split(", ") if name)
        for name in function_names(text):
            _, head, body, _ = split_function(text, name)
            found[source].append((name, head, body))
    if not found:
        raise LabError(f"{path} has no function")
    return found


def texts(root, lab, base=None):
    """{file: its text with the skeleton in place}; @base: texts that replace
    those of the tree."""
    result = {}
    for source, found in skeleton_functions(root, lab).items():
        text = (base or {}).get(source)
        if text is None:
            with open(os.path.join(root, source), encoding="utf-8") as file:
                text = file.read()
        for name, head, body in found:
            try:
                text = (cut_function(text, name) if body is None
                        else replace_function(text, name, head, body))
            except LabError as error:
                raise LabError(f"lab {lab.number}: {source}: {error}") from None
        result[source] = text
    return result


def solution_bodies(root, lab):
    """(file, name, head, body) of the tree's own functions: the solution."""
    for source, found in skeleton_functions(root, lab).items():
        with open(os.path.join(root, source), encoding="utf-8") as file:
            text = file.read()
        for name, _, _ in found:
            _, head, body, _ = split_function(text, name)
            yield source, name, head, body


def write(root, lab):
    """Writes the skeleton into the tree; returns the files' names."""
    changed = texts(root, lab)
    for source, text in changed.items():
        with open(os.path.join(root, source), "w", encoding="utf-8") as file:
            file.write(text)
    return sorted(changed)
