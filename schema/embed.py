#!/usr/bin/python3
"""Writes the migrations, the named queries and the API description into one C file.

usage: embed.py OUTPUT SCHEMA_DIRECTORY
"""
import json
import pathlib
import re
import sys

import yaml


class StrictLoader(yaml.SafeLoader):
    """Refuses what YAML forbids and PyYAML takes: of two equal keys it would keep the last."""

    def construct_mapping(self, node, deep=False):
        keys = [self.construct_object(key, deep=deep) for key, _ in node.value]
        for number, key in enumerate(keys):
            if key in keys[:number]:
                mark = node.value[number][0].start_mark
                sys.exit(f"{mark.name}, line {mark.line + 1}: {key} is there twice")
        return super().construct_mapping(node, deep=deep)


def octal(match):
    return "".join("\\%03o" % byte for byte in match[0].encode())


def c_string(text):
    """A C literal: one piece a line, so that no compiler's limit on one piece is met."""
    pieces = []
    for line in text.splitlines(keepends=True):
        escaped = line.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
        escaped = re.sub(r"[^\x20-\x7e]", octal, escaped)
        pieces.append(f'    "{escaped}"')
    return "\n".join(pieces) or '    ""'


def without_comments(sql):
    return "\n".join(line for line in sql.splitlines() if not line.lstrip().startswith("--"))


def migrations(directory):
    files = sorted(directory.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    for expected, path in enumerate(files, start=1):
        version = int(path.name[:4])
        if version != expected:
            sys.exit(f"{path}: migration {expected} is missing")
        yield version, path.stem[5:], without_comments(path.read_text())


def queries(directory):
    seen = set()
    for path in sorted(directory.glob("queries*.sql")):
        for block in re.split(r"^-- name: ", path.read_text(), flags=re.M)[1:]:
            name, sql = block.split("\n", 1)
            name = name.strip()
            if not re.fullmatch(r"[a-z_]+", name) or name in seen:
                sys.exit(f"{path}: bad or repeated query name {name!r}")
            seen.add(name)
            yield name, without_comments(sql).strip()


def byte_array(data):
    rows = (data[i : i + 20] for i in range(0, len(data), 20))
    return "\n".join("    " + " ".join(f"{byte}," for byte in row) for row in rows)


def main():
    output, schema = pathlib.Path(sys.argv[1]), pathlib.Path(sys.argv[2])
    with open(schema / "openapi.yaml", encoding="utf-8") as text:
        openapi = json.dumps(yaml.load(text, StrictLoader), ensure_ascii=True,
                             separators=(",", ":")).encode()
    parts = ['#include "schema/schema.h"\n']
    parts.append("const struct schema_migration schema_migrations[] = {")
    found = list(migrations(schema / "sqlite"))
    for version, name, sql in found:
        parts.append(f'    {{{version}, "{name}",\n{c_string(sql)}}},')
    parts.append(f"}};\nconst size_t schema_migrations_count = {len(found)};\n")
    named = list(queries(schema / "sqlite"))
    parts.append("const struct schema_query schema_queries[] = {")
    for name, sql in named:
        parts.append(f'    {{"{name}",\n{c_string(sql)}}},')
    parts.append(f"}};\nconst size_t schema_queries_count = {len(named)};\n")
    parts.append(f"const char schema_openapi_json[] = {{\n{byte_array(openapi + bytes(1))}\n}};")
    parts.append(f"const size_t schema_openapi_json_bytes = {len(openapi)};\n")
    output.write_text("\n".join(parts))


if __name__ == "__main__":
    main()
