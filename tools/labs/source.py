# SPDX-License-Identifier: MIT
"""Functions of the C sources, cut out by their braces.

The sources are in the style that clang-format keeps: a function's brace opens in
a line of its own, and its closing brace stands alone in the first line
after it that begins with one.
"""

import re


class LabError(Exception):
    """A fault of a lab's files, or of the call; the text is for the user."""


def split_function(text, name):
    """(before, head, body, after) of function @name; head: its signature."""
    found = re.search(r"(?m)^(?:[\w][^;{}#\n]*\n)?[\w][^;{}#\n]*?\b" + name
                      + r"\((?:[^;{}])*\)\n\{\n", text)
    if not found:
        raise LabError(f"there is no function {name}()")
    end = text.index("\n}\n", found.end() - 1) + 1
    head = found.group()[:-2]
    return text[:found.start()], head, text[found.end():end], text[end + 2:]


def function_names(text):
    """The names of the functions that @text defines."""
    return [re.findall(r"(\w+)\(", head)[0] for head in
            re.findall(r"(?m)^[\w][^;{}#]*?\)\n(?=\{\n)", text)]


def replace_function(text, name, head, body):
    """@text with another body of @name, whose signature must be @head."""
    before, old_head, _, after = split_function(text, name)
    if old_head.split() != head.split():
        raise LabError(f"{name}() has another signature by now:\n{old_head}")
    return f"{before}{old_head}{{\n{body}}}\n{after}"


def cut_function(text, name):
    """@text without the function @name and the comment before it."""
    before, _, _, after = split_function(text, name)
    before = re.sub(r"/\*(?:[^*]|\*(?!/))*\*/\n$", "", before)
    return before + after.lstrip("\n")
