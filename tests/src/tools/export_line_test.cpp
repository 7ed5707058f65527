// SPDX-License-Identifier: MIT
// A record as a line and back; and lines that no export has, each refused by the field's name.
#include "src/tools/export_line.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>

#include "storage/slot.hpp"
#include "tests/support/store_fixture.hpp"

using namespace server;
using namespace storage;

namespace {

std::string line_of(const SnapshotEntry& entry) {
    std::string line;
    append_line(line, entry);
    return line;
}

// What is wrong with it; "" if nothing is, and then it was written again as it was.
std::string fault_of(const std::string& line) {
    const boost::json::value parsed = boost::json::parse(line);
    ImportedRecord record;
    return take_line(parsed.as_object(), record).value_or("");
}

std::string random_text(test::SeededRandom& dice, std::size_t least, std::size_t most) {
    std::string text(least + dice.below(most - least + 1), '\0');
    const std::uint64_t kind = dice.below(4);
    for (char& c : text) {
        if (kind == 0) c = static_cast<char>(dice.next());           // bytes
        if (kind == 1) c = static_cast<char>('a' + dice.below(26));  // words
        if (kind == 2) c = "\"\\/\n\r\t{}:,"[dice.below(10)];        // what JSON minds
        if (kind == 3) c = static_cast<char>(dice.below(0x20));      // control characters
    }
    if (kind == 1 && text.size() > 8 && dice.below(2) == 0) text.replace(0, 7, "base64:");
    return text;
}

template <std::size_t Size>
void fill(test::SeededRandom& dice, std::array<unsigned char, Size>& to) {
    dice.fill(to);
}

SnapshotEntry random_entry(test::SeededRandom& dice, std::deque<std::string>& texts) {
    const auto text = [&](std::size_t least, std::size_t most) -> std::string_view {
        return texts.emplace_back(random_text(dice, least, most));
    };
    const auto slot = [&] { return dice.below(2) == 0 ? users_slot : static_cast<Slot>(dice.below(slot_count)); };
    const auto time = [&] { return static_cast<UnixMs>(dice.below(session_time_max)); };
    SnapshotEntry entry;
    entry.lsn = Lsn{1 + dice.below(value(lsn_max))};
    entry.db = static_cast<DbIndex>(dice.below(db_count));
    switch (dice.below(3)) {
        case 0: {
            PutSession e;
            e.db = entry.db;
            fill(dice, e.id.bytes);
            fill(dice, e.token);
            e.user = text(1, 128);
            e.token_slot = slot();
            if (dice.below(2) == 0) {
                e.has_previous = true;
                fill(dice, e.previous_token);
                e.previous_slot = slot();
                e.previous_until = time();
            }
            e.device = text(0, 128);
            e.created_by = text(0, 255);
            e.ip = text(0, 40);
            e.ua = text(0, 600);
            e.last_ip = text(0, 40);
            e.last_ua = text(0, 600);
            e.created_at = time();
            e.last_active = time();
            e.expires_at = dice.below(2) == 0 ? 0 : time();
            e.idle_ms = static_cast<std::int64_t>(dice.below(idle_s_max)) * 1000;
            e.version = 1 + dice.below(session_version_max);
            std::string packed;
            for (std::uint64_t i = dice.below(4); i > 0; --i)
                PackedData::add(packed, std::to_string(i) + random_text(dice, 0, 200), random_text(dice, 0, 2000));
            if (dice.below(3) == 0) PackedData::add(packed, "base64:", "a name that looks coded");
            e.data = PackedData(texts.emplace_back(std::move(packed)));
            entry.effect = e;
            break;
        }
        case 1: entry.effect = PutString{text(0, 300), entry.db, text(0, 3000), dice.below(2) == 0 ? 0 : time()}; break;
        default: {
            PutDead e;
            e.db = entry.db;
            e.user = text(1, 128);
            e.has_id = dice.below(2) == 0;
            if (e.has_id || dice.below(2) == 0) fill(dice, e.id.bytes);
            fill(dice, e.token);
            e.token_slot = slot();
            e.has_previous = dice.below(2) == 0;
            if (e.has_previous) {
                fill(dice, e.previous);
                e.previous_slot = slot();
            }
            e.reason = static_cast<RemovalReason>(dice.below(7));
            e.until = time();
            e.created_at = dice.below(2) == 0 ? 0 : time();
            e.last_active = time();
            e.ended_at = time();
            entry.effect = e;
        }
    }
    return entry;
}

const std::string hash_a(64, 'a');
const std::string id_1 = "tmss-01arz3ndektsv4rrffq69g5fav";

std::string session_line(const std::string& more = "", const std::string& id = id_1, const std::string& hash = hash_a) {
    return R"({"type":"session","id":")" + id + R"(","user_id":"u","token_hash":")" + hash + R"(","created_at":5)" + more + "}";
}

}  // namespace

TEST_CASE("Export line: every record comes back byte for byte, for any seed", "[export]") {
    for (std::uint64_t seed = 1; seed <= 600; ++seed) {
        INFO("seed " << seed);
        test::SeededRandom dice(seed);
        std::deque<std::string> texts;
        const SnapshotEntry entry = random_entry(dice, texts);
        const std::string line = line_of(entry);
        REQUIRE(line.find('\n') == line.size() - 1);
        const boost::json::value parsed = boost::json::parse(line);  // which insists on UTF-8
        ImportedRecord record;
        const auto fault = take_line(parsed.as_object(), record);
        INFO(line);
        REQUIRE(fault.value_or("").empty());
        CHECK(line_of(record.entry) == line);
        std::string before, after;
        pack(entry, before);
        pack(record.entry, after);
        REQUIRE(after == before);
    }
}

TEST_CASE("Export line: what a line looks like", "[export]") {
    PutSession e;
    e.id = *SessionId::parse(id_1);
    e.user = "alice";
    e.token.fill(0xaa);
    e.created_at = e.last_active = 5;
    e.idle_ms = 900'000;
    const std::string data = [] {
        std::string packed;
        PackedData::add(packed, "cart", "3");
        PackedData::add(packed, "raw", "\xff");
        PackedData::add(packed, "\xff", "");
        return packed;
    }();
    e.data = PackedData(data);
    CHECK(line_of({Lsn{7}, 0, e}) ==
          R"({"type":"session","lsn":7,"db":0,"id":"tmss-01arz3ndektsv4rrffq69g5fav","user_id":"alice",)"
          R"("token_hash":")" +
              hash_a +
              R"(","created_at":5,"last_active":5,"idle_timeout":900,)"
              R"("version":1,"data":{"cart":"3","raw":{"base64":"/w=="},"base64:/w==":""}})" +
              "\n");
    CHECK(line_of({Lsn{8}, 3, PutString{"k", 3, "v", 9}}) ==
          R"({"type":"string","lsn":8,"db":3,"key":"k","value":"v","expires_at":9})"
          "\n");
    PutDead dead;
    dead.user = "bob";
    dead.token.fill(0xaa);
    dead.reason = RemovalReason::revoked;
    dead.until = 9;
    CHECK(line_of({Lsn{9}, 0, dead}) == R"({"type":"dead","lsn":9,"db":0,"user_id":"bob","token_hash":")" + hash_a +
                                            R"(","reason":"revoked","until":9})" + "\n");
}

TEST_CASE("Export line: a line may leave out what is as usual", "[export]") {
    CHECK(fault_of(session_line()).empty());
    CHECK(fault_of(R"({"type":"string","key":"k","value":""})").empty());
    const boost::json::value parsed = boost::json::parse(session_line());
    ImportedRecord record;
    REQUIRE_FALSE(take_line(parsed.as_object(), record));
    const auto& e = std::get<PutSession>(record.entry.effect);
    CHECK(value(record.entry.lsn) == 0);
    CHECK(e.last_active == 5);
    CHECK(e.version == 1);
    CHECK(e.token_slot == users_slot);
}

TEST_CASE("Export line: what does not fit is refused by the field's name", "[export]") {
    const std::vector<std::pair<std::string, std::string>> wrong{
        {"{}", "field 'type' is missing"},
        {R"({"type":"list"})", "field 'type' must be session, string or dead"},
        {R"({"type":7})", "field 'type' must be a string"},
        {session_line(R"(,"colour":"red")"), R"(unknown field "colour")"},
        {session_line(R"(,"lsn":0)"), "field 'lsn' must be a whole number, 1 to 72057594037927935"},
        {session_line(R"(,"db":16)"), "field 'db' must be a whole number, 0 to 15"},
        {session_line(R"(,"db":1.5)"), "field 'db' must be a whole number, 0 to 15"},
        {session_line(R"(,"db":-1)"), "field 'db' must be a whole number, 0 to 15"},
        {session_line(R"(,"version":0)"), "field 'version' must be a whole number, 1 to 4398046511103"},
        {session_line(R"(,"version":4398046511104)"), "field 'version' must be a whole number, 1 to 4398046511103"},
        {session_line(R"(,"expires_at":-5)"), "field 'expires_at' must be a whole number, 0 to 281474976710655"},
        {session_line(R"(,"expires_at":9223372036854775807)"), "field 'expires_at' must be a whole number, 0 to 281474976710655"},
        {session_line(R"(,"idle_timeout":4294967296)"), "field 'idle_timeout' must be a whole number, 0 to 4294967295"},
        {session_line(R"(,"token_slot":16384)"), "field 'token_slot' must be a whole number, 0 to 16383"},
        {session_line("", "tmss-x"), "field 'id' must be tmss- and 26 characters of a ULID"},
        {session_line("", id_1, "aa"), "field 'token_hash' must be 64 hex digits in lower case"},
        {session_line("", id_1, std::string(64, 'A')), "field 'token_hash' must be 64 hex digits in lower case"},
        {session_line(R"(,"previous_token_hash":")" + hash_a + R"(","previous_until":1)"),
         "field 'previous_token_hash' must differ from token_hash"},
        {session_line(R"(,"previous_token_hash":")" + std::string(64, 'b') + "\""), "field 'previous_until' is missing"},
        {session_line(R"(,"previous_until":1)"), R"(unknown field "previous_until")"},
        {session_line(R"(,"device_id":")" + std::string(129, 'd') + "\""), "field 'device_id' must have 0 to 128 bytes"},
        {session_line(R"(,"device_id":{"base64":"Zh=="})"), R"(field 'device_id' must be a string or {"base64": "..."})"},
        {session_line(R"(,"device_id":{"base64":"Zg==","more":1})"),
         R"(field 'device_id' must be a string or {"base64": "..."})"},
        {session_line(R"(,"ip_address":")" + std::string(64, 'i') + "\""), "field 'ip_address' must have 0 to 63 bytes"},
        {session_line(R"(,"user_agent":")" + std::string(1024, 'a') + "\""), "field 'user_agent' must have 0 to 1023 bytes"},
        {session_line(R"(,"device_id":null)"), R"(field 'device_id' must be a string or {"base64": "..."})"},
        {session_line(R"(,"data":[])"), "field 'data' must be an object"},
        {session_line(R"(,"data":{"":"v"})"), "field 'data' has a name that is not of 1 to 255 bytes"},
        {session_line(R"(,"data":{")" + std::string(256, 'n') + R"(":"v"})"),
         "field 'data' has a name that is not of 1 to 255 bytes"},
        {session_line(R"(,"data":{"base64:?":"v"})"), "field 'data' has a name that is not base64 behind \"base64:\""},
        {session_line(R"(,"data":{"n":3})"), R"(field 'data' has a value that is neither a string nor {"base64": "..."})"},
        {session_line(R"(,"data":{"a":"1","base64:YQ==":"2"})"), "field 'data' has a name twice"},
        {session_line(R"(,"data":{"n":")" + std::string(65'536, 'v') + R"("})"),
         "field 'data' has a value of more than 65535 bytes"},
        {R"({"type":"session","id":")" + id_1 + R"(","user_id":"","token_hash":")" + hash_a + R"(","created_at":5})",
         "field 'user_id' must have 1 to 128 bytes"},
        {R"({"type":"session","id":")" + id_1 + R"(","user_id":"u","token_hash":")" + hash_a + R"("})",
         "field 'created_at' is missing"},
        {R"({"type":"string","key":")" + id_1 + R"(","value":""})", "field 'key' must not look like a session id"},
        {R"({"type":"string","key":"k"})", "field 'value' is missing"},
        {R"({"type":"dead","user_id":"u","token_hash":")" + hash_a + R"(","reason":"bored","until":1})",
         "field 'reason' must be one of unknown, deleted, revoked, expired, evicted, quota, replaced"},
        {R"({"type":"dead","user_id":"u","token_hash":")" + hash_a + R"(","reason":"revoked"})", "field 'until' is missing"},
        {R"({"type":"dead","id":")" + id_1 + R"(","former_id":")" + id_1 + R"(","user_id":"u","token_hash":")" + hash_a +
             R"(","reason":"revoked","until":1})",
         R"(unknown field "former_id")"},
    };
    for (const auto& [line, fault] : wrong) {
        INFO(line.substr(0, 300));
        CHECK(fault_of(line) == fault);
    }
}

TEST_CASE("Export line: data and times of the largest size that a command takes", "[export]") {
    const auto data_of = [](std::size_t bytes) {  // names and values
        std::string data;
        for (int i = 10; bytes > 0; ++i) {
            const std::size_t value = std::min<std::size_t>(bytes, 65'002) - 2;
            data += (data.empty() ? "\"" : ",\"") + std::to_string(i) + "\":\"" + std::string(value, 'v') + "\"";
            bytes -= value + 2;
        }
        return session_line(",\"data\":{" + data + "}");
    };
    CHECK(fault_of(data_of(1'048'576)).empty());
    CHECK(fault_of(data_of(1'048'577)) == "field 'data' is larger than 1048576 bytes");
    const std::string line = R"({"type":"string","key":"k","value":"v","expires_at":9223372036854775807})";
    const boost::json::value parsed = boost::json::parse(line);
    ImportedRecord record;
    REQUIRE_FALSE(take_line(parsed.as_object(), record));
    CHECK(std::get<PutString>(record.entry.effect).expires_at == INT64_MAX);
    CHECK_FALSE(fault_of(R"({"type":"string","key":"k","value":"v","expires_at":9223372036854775808})").empty());
}
