"""Small bugs in C, found where clang's syntax tree says that something can be wrong.

A place of a mutant is a range of bytes in a file and what stands there instead. Assertions, the
log and what comes out of macros are left alone: a bug in them is not one of what the gateway does.
"""

import collections
import json
import os
import re
import subprocess

Mutant = collections.namedtuple("Mutant", "path function line operator start end text before after")

SWAPPED = {"<": "<=", "<=": "<", ">": ">=", ">=": ">", "==": "!=", "!=": "==", "&&": "||",
           "||": "&&", "+": "-", "-": "+", "+=": "-=", "-=": "+=", "&": "|", "|": "&"}
LEFT_ALONE = re.compile(r"(log_\w+|assert)\b")
CONDITION_OF = {"IfStmt": 0, "WhileStmt": 0, "ConditionalOperator": 0, "ForStmt": 2}


def offset_of(place):
    """Where a location begins and how long its token is; None when it is in another file."""
    place = place.get("expansionLoc", place)
    if "offset" not in place or "includedFrom" in place:
        return None
    return place["offset"], place["tokLen"]


def is_macro(node):
    return any("expansionLoc" in node["range"][end] for end in ("begin", "end"))


class Finder:
    """Walks the functions of one file."""

    def __init__(self, path, text, tree):
        self.path, self.text = path, text
        self.mutants = []
        self.function = None
        self.enums = {}  # enumerator: the one behind it
        for node in tree["inner"]:
            if node["kind"] == "EnumDecl":
                names = [one["name"] for one in node.get("inner", [])
                         if one["kind"] == "EnumConstantDecl"]
                self.enums.update(zip(names, names[1:] + names[:1]))
        for node in tree["inner"]:
            if node["kind"] == "FunctionDecl" and self.span(node) is not None:
                for part in node.get("inner", []):
                    if part["kind"] == "CompoundStmt":
                        self.function = node["name"]
                        self.walk(part)

    def span(self, node):
        begin, end = (offset_of(node.get("range", {}).get(end, {})) for end in ("begin", "end"))
        return None if begin is None or end is None else (begin[0], end[0] + end[1])

    def add(self, operator, start, end, new):
        new = new.encode()
        if self.text[start:end] == new:
            return
        first = self.text.rfind(b"\n", 0, start) + 1
        last = self.text.find(b"\n", end)
        before = self.text[first:last]
        after = self.text[first:start] + new + self.text[end:last]
        line = self.text.count(b"\n", 0, start) + 1
        self.mutants.append(Mutant(
            self.path, self.function, line, operator, start, end, new,
            " ".join(before.decode().split()), " ".join(after.decode().split())))

    def walk(self, node):
        kind, inner, span = node.get("kind"), node.get("inner", []), self.span(node)
        if span is None:
            return
        code = self.text[span[0]:span[1]].decode()
        if is_macro(node) and LEFT_ALONE.match(code):
            return
        if kind == "CallExpr" and LEFT_ALONE.match(code):
            return
        if not is_macro(node):
            self.look_at(node, kind, inner, span, code)
        elif kind == "IntegerLiteral" and code in ("true", "false"):
            self.add("constant", *span, "false" if code == "true" else "true")
        for i, child in enumerate(inner):
            if child and not (kind == "CaseStmt" and i == 0):
                self.walk(child)

    def look_at(self, node, kind, inner, span, code):
        start, end = span
        if kind in CONDITION_OF:
            condition = inner[CONDITION_OF[kind]]
            place = self.span(condition) if condition else None
            if place is not None and not is_macro(condition):
                text = self.text[place[0]:place[1]].decode()
                self.add("negate", *place, f"!({text})")
        if kind in ("BinaryOperator", "CompoundAssignOperator") and node["opcode"] in SWAPPED:
            left, right = self.span(inner[0]), self.span(inner[1])
            if left is not None and right is not None:
                between = self.text[left[1]:right[0]]
                if between.strip() == node["opcode"].encode():
                    at = left[1] + between.index(node["opcode"].encode())
                    self.add("operator", at, at + len(node["opcode"]), SWAPPED[node["opcode"]])
        if kind == "IntegerLiteral":
            number = node["value"]
            self.add("constant", start, end, str(int(number) + 1))
            if number != "0":
                self.add("constant", start, end, str(int(number) - 1))
        if kind == "DeclRefExpr" and node["referencedDecl"]["kind"] == "EnumConstantDecl":
            if code.startswith("STATUS_"):
                self.add("status", start, end,
                         "STATUS_INVALID" if code == "STATUS_OK" else "STATUS_OK")
            elif code in self.enums:
                self.add("constant", start, end, self.enums[code])
        if kind == "CompoundStmt":
            for child in inner:
                self.drop(child)
        if kind in ("CaseStmt", "DefaultStmt") and inner:
            self.drop(inner[-1])
        if kind == "BreakStmt":
            self.add("drop", start, end, "")

    def drop(self, node):
        place = self.span(node)
        if place is None or is_macro(node):
            return
        called = node["kind"] == "CallExpr" or (
            node["kind"] == "CStyleCastExpr" and node["type"]["qualType"] == "void"
            and "(" in self.text[place[0] + 6:place[1]].decode())
        assigned = node["kind"] == "CompoundAssignOperator" or (
            node["kind"] == "BinaryOperator" and node["opcode"] == "=") or (
            node["kind"] == "UnaryOperator" and node["opcode"] in ("++", "--"))
        if assigned or (called and not LEFT_ALONE.match(self.text[place[0]:place[1]].decode())):
            self.add("drop", *place, "")


def find(root, path):
    """Every mutant of a file."""
    with open(os.path.join(root, path), "rb") as file:
        text = file.read()
    tree = subprocess.run(
        ["clang", "-Xclang", "-ast-dump=json", "-fsyntax-only", "-std=c17", "-D_GNU_SOURCE", "-w",
         "-I", root, path], cwd=root, stdout=subprocess.PIPE, check=True).stdout
    return Finder(path, text, json.loads(tree)).mutants
