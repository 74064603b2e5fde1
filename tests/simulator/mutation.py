"""What a mutation is, and where the gateway keeps what is changed."""

import collections

Mutation = collections.namedtuple("Mutation", "name changes")

CORE = "gateway/core/"
ENGINE = "gateway/engine/"
STORE = "gateway/store/"
ROTA = "gateway/rota/"


def mutation(name, *changes):
    return Mutation(name, changes)
