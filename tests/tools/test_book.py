#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""tools/book finds names that are not in the tree, and wrong figures of boxes."""

import importlib.machinery
import importlib.util
import os
import sys
import unittest

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))
sys.dont_write_bytecode = True
sys.path.insert(0, os.path.join(ROOT, "tools"))

import book_text  # noqa: E402

LOADER = importlib.machinery.SourceFileLoader(
    "book", os.path.join(ROOT, "tools/book"))
book = importlib.util.module_from_spec(
    importlib.util.spec_from_loader("book", LOADER))
LOADER.exec_module(book)

GOOD = ["guest_walk()", "entry32", "mmu/walk.c", "walk.c", "mmu/", "P=0",
        "struct guest_walk", "mmu=bypass", "mmu.prefetch=16", "SPTE_LEAF_HELD",
        "build/unit/test_mmu", "build/book", "tests/model"]
# The name is put together, since this file is a part of the tree.
X = "stroll"
BAD = [f"guest_{X}()", f"mmu/{X}.c", f"{X}.c", f"struct guest_{X}", f"mmu={X}",
       f"mmu.{X}=1", f"SPTE_{X.upper()}", f"build/unit/test_{X}"]

OUTPUT = "umbra:   exits: 2\numbra: CR0 must have 0x21;\ndemo pass 1: 3.00 x\n"


def box(*figures, command="tools/run", seconds=1):
    return book_text.Box("01", command, seconds, list(figures))


class Spans(unittest.TestCase):
    tree = book.Tree()

    def test_names(self):
        for span in GOOD:
            self.assertIsNone(book.fault_of_span(self.tree, span), span)
        for span in BAD:
            self.assertIsNotNone(book.fault_of_span(self.tree, span), span)

    def test_boxes(self):
        good = box(("exits: {}", "2"), command="make demo && tools/run")
        self.assertEqual(list(book.faults_of_box(self.tree, good)), [])
        for bad in (box(), box(("exits: 2", "2")), box(("{} {}", "2")),
                    box(("{}", "2"), command="make stroll"),
                    box(("{}", "2"), command="tools/stroll"),
                    box(("{}", "2"), seconds=None)):
            self.assertTrue(list(book.faults_of_box(self.tree, bad)), bad)

    def test_links(self):
        path = os.path.join(ROOT, "docs/book/README.md")
        for target, faults in (("answers.md#chapter-1", 0), ("../mmu.md", 0),
                               ("stroll.md", 1), ("answers.md#stroll", 1)):
            found = list(book.faults_of_links(path, f"[x]({target})"))
            self.assertEqual(len(found), faults, target)


class Figures(unittest.TestCase):
    def test_figures(self):
        for piece, figure in (("exits: {}", "2"), ("must have {};", "0x21"),
                              ("demo ... {} x", "3.00"), ("none: {}", None)):
            self.assertEqual(book_text.figure(piece, OUTPUT), figure)

    def test_differences(self):
        for measured, count in (("2", 0), ("3", 1), ("some 3", 0)):
            found = book_text.differences(box(("exits: {}", measured)), OUTPUT)
            self.assertEqual(len(found), count, measured)
        self.assertTrue(book_text.differences(box(("no: {}", "some 3")), OUTPUT))


if __name__ == "__main__":
    unittest.main()
