# SPDX-License-Identifier: MIT
"""Is there an order of these operations on one session that explains all answers and respects real time? The search is Wing and
Gong's, with Lowe's memory of what was tried: a set of finished operations and the state after them.

A session is None, or (version, data, token). An operation whose answer is None was in flight when the server was killed: it
happened between its start and its end (the kill), or never. A token that it made is known to nobody, and is named after it."""
import collections

# kind and args are what was asked, answer what came back:
#   create (token, data)           "ok" | "taken"
#   update (if_version, data)      ("ok", new version) | ("moved", current version) | "absent"; if_version None: any
#   rotate (token,)                ("ok", new token) | "dead"
#   delete ()                      1 | 0
#   get ()                         (version, data) | None in a list of its own: [None], so that it is not "no answer"
#   find (token,)                  as get
Operation = collections.namedtuple("Operation", "kind args answer start end")
NOTHING = [None]


def step(state, operation, number):
    """The state after it, or False when its answer cannot come from this state. None as answer: any."""
    return STEPS[operation.kind](state, operation, number)


def create(state, operation, _):
    token, data = operation.args
    if state is None:
        return (1, data, token) if operation.answer in ("ok", None) else False
    return state if operation.answer in ("taken", None) else False


def update(state, operation, _):
    if_version, data = operation.args
    if state is None:
        return None if operation.answer in ("absent", None) else False
    version, _, token = state
    if if_version not in (None, version):
        return state if operation.answer in (("moved", version), None) else False
    return (version + 1, data, token) if operation.answer in (("ok", version + 1), None) else False


def rotate(state, operation, number):
    if state is None or state[2] != operation.args[0]:
        return state if operation.answer in ("dead", None) else False
    if operation.answer == "dead":
        return False
    return (state[0] + 1, state[1], operation.answer[1] if operation.answer else ("token of", number))


def delete(state, operation, _):
    return None if operation.answer in (None, 0 if state is None else 1) else False


def get(state, operation, _):
    return state if operation.answer in (None, NOTHING if state is None else state[:2]) else False


def find(state, operation, _):
    there = state is not None and state[2] == operation.args[0]
    return state if operation.answer in (None, state[:2] if there else NOTHING) else False


STEPS = {"create": create, "update": update, "rotate": rotate, "delete": delete, "get": get, "find": find}


def explain(operations):
    """None when the history is linearizable, else the longest explanation that was found, as numbers in order of start."""
    operations = sorted(operations, key=lambda operation: operation.start)
    wanted = sum(1 << n for n, operation in enumerate(operations) if operation.answer is not None)
    tried, best = set(), ()
    stack = [(0, None, 0.0, ())]  # finished, state, latest start of what is finished, order
    while stack:
        finished, state, latest, order = stack.pop()
        if finished & wanted == wanted:
            return None
        if (finished, state) in tried:
            continue
        tried.add((finished, state))
        if len(order) > len(best):
            best = order
        for number in possible(operations, finished, latest):
            after = step(state, operations[number], number)
            if after is not False:
                stack.append((finished | 1 << number, after, max(latest, operations[number].start), order + (number,)))
    return [operations[n] for n in best]


def possible(operations, finished, latest):
    """What may come next: nothing that started after the end of one that is still to come, nothing in flight after the kill."""
    first_end, candidates = float("inf"), []
    for number, operation in enumerate(operations):
        if operation.start > first_end:  # so do all that follow
            break
        if not finished >> number & 1:
            if operation.answer is not None:
                first_end = min(first_end, operation.end)
            if operation.answer is not None or operation.end >= latest:
                candidates.append(number)
    return [number for number in candidates if operations[number].start <= first_end]
