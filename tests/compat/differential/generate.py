# SPDX-License-Identifier: MIT
"""Generates standard commands from a seed: valid ones, and ones that are wrong in each way clients get them wrong. Times are far
away, so that nothing expires between two servers."""
import random

KEYS = [b"a", b"b", b"c", b"k:1", b"k:2", b"{tag}1", b"{tag}2", b"", b"bin\x00\xff\r\n", b"K", b"absent", b"n", b"x" * 300]
VALUES = [b"", b"1", b"-1", b"0", b"10", b"9223372036854775807", b"-9223372036854775808", b"9223372036854775808", b"3.14", b"1e3",
          b"inf", b"nan", b"word", b" 1", b"1 ", b"+1", b"01", b"\x00\x01\xff", b"a\r\nb", b"y" * 1000, b"0x10", b"-0", b"1.50",
          b"5.0e-2", b"-0.0", b"1e400", b"123456789012345678901234567890"]
INTEGERS = [b"0", b"1", b"-1", b"2", b"5", b"100", b"-100", b"9223372036854775807", b"-9223372036854775808",
            b"9223372036854775808", b"abc", b"", b"1.5", b" 1", b"01", b"+1", b"4294967296", b"536870912"]
PATTERNS = [b"*", b"k:*", b"k:?", b"[abc]", b"[^a]", b"[a-c]", b"\\*", b"{tag}*", b"", b"nothing", b"[", b"a*b*c",
            b"**", b"[c-a]"]
FAR_S = [b"100000", b"200000", b"300000"]
FAR_AT_S = [b"4000000000", b"4100000000", b"4200000000"]  # the years 2096 to 2103
BAD_TIMES = [b"0", b"-1", b"abc", b"9223372036854775807", b"9223372036854776", b"-9223372036854775808", b"", b"1.5"]


class Generator:
    def __init__(self, seed):
        self.random = random.Random(seed)
        self.seconds = 1_000_007
        self.makers = [getattr(self, name) for name in sorted(dir(self)) if name.startswith("make_")]

    def command(self):
        r = self.random
        args = r.choice(self.makers)()
        if r.random() < 0.05:  # a wrong count of arguments
            args = args[:r.randint(1, len(args))] if r.random() < 0.6 else args + [r.choice(KEYS)]
        if r.random() < 0.2:
            args[0] = args[0].swapcase()
        return args

    def key(self):
        return self.random.choice(KEYS)

    def keys(self, most=4):
        return [self.key() for _ in range(self.random.randint(1, most))]

    def value(self):
        return self.random.choice(VALUES)

    def integer(self):
        return self.random.choice(INTEGERS)

    def case(self, word):
        return self.random.choice([word, word.lower()])

    def far(self, millis):
        text = self.random.choice(FAR_S)
        return text + b"000" if millis else text

    def far_and_new(self, millis):
        """Never the same twice: GT and LT of equal relative times would depend on the millisecond."""
        self.seconds += 10
        return b"%d" % (self.seconds * 1000 if millis else self.seconds)

    def far_at(self, millis):
        text = self.random.choice(FAR_AT_S)
        return text + b"000" if millis else text

    def expiry_words(self):
        word = self.random.choice([b"EX", b"PX", b"EXAT", b"PXAT"])
        if self.random.random() < 0.2:
            return [self.case(word), self.random.choice(BAD_TIMES)]
        maker = self.far_at if word.endswith(b"AT") else self.far
        return [self.case(word), maker(word.startswith(b"P"))]

    # ---- strings ----
    def make_set(self):
        args = [b"SET", self.key(), self.value()]
        for _ in range(self.random.choice([0, 0, 0, 1, 1, 2, 3])):
            choice = self.random.randint(0, 5)
            args += (self.expiry_words() if choice == 0 else
                     [self.case([b"NX", b"XX", b"KEEPTTL", b"GET", b"NONSENSE"][choice - 1])])
        return args

    def make_plain_set(self):
        return [b"SET", self.key(), self.random.choice([b"5", b"7.5", b"text", b"-3"])]

    def make_setex(self):
        millis = self.random.random() < 0.5
        time = self.random.choice(BAD_TIMES) if self.random.random() < 0.2 else self.far(millis)
        return [b"PSETEX" if millis else b"SETEX", self.key(), time, self.value()]

    def make_one_value(self):
        return [self.random.choice([b"SETNX", b"GETSET", b"APPEND"]), self.key(), self.value()]

    def make_read(self):
        return [self.random.choice([b"GET", b"STRLEN", b"GETDEL", b"INCR", b"DECR", b"TYPE", b"PERSIST"]), self.key()]

    def make_getex(self):
        r = self.random.random()
        if r < 0.3:
            return [b"GETEX", self.key()]
        if r < 0.5:
            return [b"GETEX", self.key(), self.case(b"PERSIST")]
        return [b"GETEX", self.key(), *self.expiry_words(), *([b"PERSIST"] if r > 0.95 else [])]

    def make_many(self):
        name = self.random.choice([b"MSET", b"MSETNX", b"MGET", b"EXISTS", b"DEL", b"UNLINK", b"TOUCH"])
        if name.startswith(b"MSET"):
            pairs = [part for key in self.keys() for part in (key, self.value())]
            return [name, *pairs, *([b"odd"] if self.random.random() < 0.1 else [])]
        return [name, *self.keys()]

    def make_counter(self):
        return [self.random.choice([b"INCRBY", b"DECRBY"]), self.key(), self.integer()]

    def make_float(self):
        return [b"INCRBYFLOAT", self.key(),
                self.random.choice([b"1.5", b"-0.25", b"3.0e2", b"inf", b"nan", b"abc", b"", b"0.1", b"1e17"])]

    def make_range(self):
        if self.random.random() < 0.6:
            return [self.random.choice([b"GETRANGE", b"SUBSTR"]), self.key(), self.integer(), self.integer()]
        offset = self.random.choice([b"0", b"1", b"5", b"20", b"-1", b"abc", b"536870912", b"9223372036854775807"])
        return [b"SETRANGE", self.key(), offset, self.random.choice([b"", b"x", b"word"])]

    # ---- keys ----
    def make_expire(self):
        name = self.random.choice([b"EXPIRE", b"PEXPIRE", b"EXPIREAT", b"PEXPIREAT"])
        millis = name.startswith(b"P")
        if self.random.random() < 0.25:
            time = self.random.choice(BAD_TIMES)
        else:
            time = self.far_at(millis) if name.endswith(b"AT") else self.far_and_new(millis)
        words = [b"NX", b"XX", b"GT", b"LT", b"NONSENSE"]
        count = self.random.choice([0, 0, 1, 1, 2, 2, 3])
        return [name, self.key(), time, *[self.case(self.random.choice(words)) for _ in range(count)]]

    def make_time_left(self):
        return [self.random.choice([b"TTL", b"PTTL", b"EXPIRETIME", b"PEXPIRETIME"]), self.key()]

    def make_rename(self):
        return [self.random.choice([b"RENAME", b"RENAMENX"]), self.key(), self.key()]

    def make_copy(self):
        words = self.random.choice([[], [], [b"REPLACE"], [b"DB", b"0"], [b"DB", b"99"], [b"DB", b"x"], [b"NONSENSE"], [b"DB"]])
        return [b"COPY", self.key(), self.key(), *words]

    def make_scan(self):
        words = [b"SCAN", self.random.choice([b"0", b"0", b"0", b"abc", b"-1", b""])]
        if self.random.random() < 0.5:
            words += [self.case(b"MATCH"), self.random.choice(PATTERNS)]
        if self.random.random() < 0.7:
            words += [self.case(b"COUNT"), self.random.choice([b"100000", b"100000", b"0", b"-1", b"abc"])]
        if self.random.random() < 0.3:
            words += [self.case(b"TYPE"), self.random.choice([b"string", b"hash", b"STRING"])]
        return words + ([b"NONSENSE"] if self.random.random() < 0.05 else [])

    def make_listing(self):
        return self.random.choice([[b"KEYS", self.random.choice(PATTERNS)], [b"DBSIZE"], [b"RANDOMKEY", b"x"],
                                   [b"OBJECT", b"ENCODING", self.key()], [b"OBJECT", b"REFCOUNT", b"absent"],
                                   [b"OBJECT", b"NONSENSE", self.key()], [b"OBJECT", b"FREQ", b"absent"]])

    def make_hash_read(self):
        name = self.random.choice([b"HGET", b"HEXISTS", b"HMGET"])
        if self.random.random() < 0.5:
            return [name, self.key(), b"field"]
        return [self.random.choice([b"HGETALL", b"HLEN", b"HKEYS", b"HVALS"]), self.key()]

    # ---- connection and server ----
    def make_connection(self):
        return self.random.choice([[b"PING"], [b"PING", self.value()], [b"ECHO", self.value()], [b"SELECT", b"0"],
                                   [b"SELECT", b"x"],
                                   [b"SELECT", b"16"], [b"SELECT", b"-1"], [b"CLIENT", b"NONSENSE"], [b"CLIENT", b"GETNAME"],
                                   [b"CLIENT", b"SETNAME", b"a b"], [b"CLIENT", b"REPLY", b"x"], [b"AUTH", b"x"],
                                   [b"AUTH", b"u", b"x"],
                                   [b"CLIENT", b"KILL", b"1.2.3.4:5"], [b"CLIENT", b"KILL", b"ID", b"x"], [b"HELLO", b"9"],
                                   [b"CLIENT", b"NO-EVICT", b"x"], [b"CLIENT", b"PAUSE", b"x"], [b"HELLO", b"abc"]])

    def make_command(self):
        """COMMAND about another command, whole or wrong."""
        about = self.random.choice([m for m in self.makers if m != self.make_command])()
        return self.random.choice([[b"COMMAND", b"GETKEYS", *about], [b"COMMAND", b"GETKEYSANDFLAGS", *about],
                                   [b"COMMAND", b"INFO", about[0], b"nosuch"]])

    def make_server(self):
        rare = [[b"FLUSHDB"], [b"FLUSHALL"], [b"FLUSHDB", b"NONSENSE"], [b"SAVE"]] if self.random.random() < 0.1 else []
        return self.random.choice(rare + [[b"CONFIG", b"GET", b"no-such-setting"], [b"CONFIG", b"NONSENSE"],
                                          [b"CONFIG", b"SET", b"no-such-setting", b"1"],
                                          [b"COMMAND", b"GETKEYS", b"MSET", b"a", b"1"],
                                          [b"COMMAND", b"NONSENSE"], [b"COMMAND", b"GETKEYS", b"GET"],
                                          [b"CONFIG", b"GET", b"databases"], [b"LASTSAVE"],
                                          [b"NO.SUCH.COMMAND", self.value(), b"x" * 200], [b"COMMAND", b"GETKEYS", b"PING"]])
