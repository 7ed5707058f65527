# SPDX-License-Identifier: MIT
"""Debian's python3-redis (redis-py 4, RESP2): the session family, pipelines, bytes, locks without scripts, reconnects."""
import os
import subprocess
import sys
import time

import redis

PORT, LOCKED = int(os.environ["COMPAT_PORT"]), int(os.environ["COMPAT_LOCKED_PORT"])
PASSED = FAILED = 0


def check(what, good, seen=None):
    global PASSED, FAILED
    PASSED, FAILED = PASSED + bool(good), FAILED + (not good)
    if not good:
        print(f"FAILED {what}: {seen!r}")


def fields(reply):
    return {reply[i]: reply[i + 1] for i in range(0, len(reply), 2)} if reply else {}


def refusal(action):
    try:
        return f"no error: {action()!r}"
    except redis.RedisError as error:
        return str(error)


def sessions(client):
    call = client.execute_command
    made = fields(call("SESS.CREATE", "alice", "TTL", 3600, "DEVICE", "phone", "DATA", 2, "cart", 3, "lang", "de"))
    check("CREATE", made[b"id"].startswith(b"tmss-") and made[b"token"].startswith(b"tmtk_") and made[b"version"] == 1, made)
    found = fields(call("SESS.GETBYTOKEN", made[b"token"]))
    check("GETBYTOKEN", found[b"id"] == made[b"id"] and fields(found[b"data"])[b"cart"] == b"3", found)
    check("VALIDATE", fields(call("SESS.VALIDATE", made[b"token"]))[b"user_id"] == b"alice")
    check("UPDATE", call("SESS.UPDATE", made[b"id"], "IFVERSION", 1, "SET", 1, "cart", 4) == 2)
    check("RENEW", call("SESS.RENEW", made[b"id"], "TTL", 7200) > time.time() * 1000)
    rotated = call("SESS.ROTATE", made[b"token"])
    check("ROTATE", rotated.startswith(b"tmtk_") and rotated != made[b"token"])
    check("TOUCH", call("SESS.TOUCH", made[b"id"], "IP", "10.0.0.1") > 1e12)
    check("LISTUSER", fields(call("SESS.LISTUSER", "alice")[0])[b"id"] == made[b"id"])
    check("COUNTUSER", call("SESS.COUNTUSER", "alice") == 1 and call("SESS.COUNT") >= 1)
    check("LIST", call("SESS.LIST", "USER", "alice")[0] == 1)
    check("STATS and HELP", len(call("SESS.STATS")) > 4 and len(call("SESS.HELP")) > 10)
    check("unknown token", call("SESS.GETBYTOKEN", "tmtk_nobody-has-this-one") is None)
    text = refusal(lambda: call("SESS.UPDATE", "tmss-01arz3ndektsv4rrffq69g5fav", "CLEAR"))
    check("error code", text.startswith("TM-SESS-4040"), text)
    check("session as a key", client.type(made[b"id"]) == b"session" and client.ttl(made[b"id"]) > 7000)
    check("session as a hash", client.hgetall(made[b"id"])[b"cart"] == b"4")
    text = refusal(lambda: client.set(made[b"id"], "x"))
    check("reserved name", "wrong kind of value" in text, text)
    return made[b"id"], rotated


def strings(client):
    check("SET EX", client.set("native", "v", ex=100) is True and client.get("native") == b"v")
    check("EXPIRE", client.expire("native", 200) is True and 190 < client.ttl("native") <= 200)
    check("SET NX", client.set("native", "w", nx=True) is None)
    check("MSET", client.mset({"native:a": "1", "native:b": "2"}))
    check("MGET", client.mget("native:a", "x", "native:b") == [b"1", None, b"2"])
    check("scan_iter", sorted(client.scan_iter(match="native*")) == [b"native", b"native:a", b"native:b"])
    check("getex", client.getex("native", persist=True) == b"v" and client.ttl("native") == -1)
    every = bytes(range(256))
    client.set(every, every)
    check("binary", client.get(every) == every)
    check("info", client.info()["redis_version"] == "7.4.0" and client.info()["loading"] == 0)
    check("config_get", client.config_get("databases") == {"databases": "16"})
    check("client_list", any(c["name"] == "compat" for c in client.client_list()))
    pipe = client.pipeline(transaction=False)
    for i in range(1000):
        pipe.set(f"batch:{i}", i).get(f"batch:{i}")
    replies = pipe.execute()
    check("pipeline", replies[1::2] == [b"%d" % i for i in range(1000)])
    check("DEL", client.delete("native", "native:a", "native:b", "none") == 3)


def reconnect(client, session_id, token):
    before = client.execute_command("SESS.GETBYTOKEN", token)
    subprocess.run(["bash", os.environ["COMPAT_SERVER"], "restart", os.environ["COMPAT_STATE"]], check=True)
    after = client.execute_command("SESS.GETBYTOKEN", token)  # the pool notices and connects again
    check("same session after kill -9", after == before, after)
    check("DELUSER", client.execute_command("SESS.DELUSER", "alice") == 1)
    check("revoked", client.execute_command("SESS.GETBYTOKEN", token) is None and client.exists(session_id) == 0)


def main():
    client = redis.Redis("127.0.0.1", PORT, client_name="compat", retry_on_error=[redis.ConnectionError],
                         retry=redis.retry.Retry(redis.backoff.ConstantBackoff(0.05), 20))
    check("PING", client.ping())
    session_id, token = sessions(client)
    strings(client)
    reconnect(client, session_id, token)
    locked = redis.Redis("127.0.0.1", LOCKED, password=os.environ["COMPAT_PASSWORD"], db=3)
    check("password and database", locked.client_info()["db"] == 3)
    wrong = redis.Redis("127.0.0.1", LOCKED, password="wrong")
    text = refusal(wrong.ping)
    check("wrong password", "invalid username-password pair" in text, text)
    print(f"{PASSED} passed, {FAILED} failed")
    return 1 if FAILED else 0


if __name__ == "__main__":
    sys.exit(main())
