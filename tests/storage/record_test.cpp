// SPDX-License-Identifier: MIT
// The packed form of sessions: what most of them do not have costs nothing, and comes back where it is there.
#include "storage/record.hpp"

#include <catch2/catch.hpp>

#include <cstddef>
#include <string>
#include <vector>

#include "storage/snapshot_records.hpp"

using namespace storage;

namespace {

constexpr UnixMs made_at = 1'700'000'000'123;

SessionId id_of(UnixMs ms) {
    SessionId id;
    for (std::size_t i = 0; i < 6; ++i) id.bytes[i] = static_cast<unsigned char>(ms >> (40 - 8 * i));
    id.bytes[15] = 7;
    return id;
}

// As SESS.CREATE makes it where a client says no more than it must.
PutSession usual() {
    PutSession e;
    e.user = "alice";
    e.id = id_of(made_at);
    e.token[0] = 1;
    e.created_at = e.last_active = made_at;
    e.expires_at = made_at + 1000;
    e.created_by = "default";
    return e;
}

class Packed {
public:
    explicit Packed(const PutSession& e) : memory_(SessionRecord::size_of(e) / sizeof(std::max_align_t) + 1) {
        SessionRecord::write(memory_.data(), e);
    }
    SessionRecord& operator*() { return *std::launder(reinterpret_cast<SessionRecord*>(memory_.data())); }
    SessionRecord* operator->() { return &**this; }

private:
    std::vector<std::max_align_t> memory_;
};

void check_equal(const PutSession& a, const PutSession& b) {
    CHECK(a.user == b.user);
    CHECK(a.db == b.db);
    CHECK(a.id == b.id);
    CHECK(a.token == b.token);
    CHECK(a.has_previous == b.has_previous);
    CHECK(a.previous_token == b.previous_token);
    CHECK(a.previous_until == b.previous_until);
    CHECK(a.token_slot == b.token_slot);
    CHECK(a.previous_slot == b.previous_slot);
    CHECK(a.created_at == b.created_at);
    CHECK(a.last_active == b.last_active);
    CHECK(a.expires_at == b.expires_at);
    CHECK(a.idle_ms == b.idle_ms);
    CHECK(a.version == b.version);
    CHECK(a.device == b.device);
    CHECK(a.created_by == b.created_by);
    CHECK(a.ip == b.ip);
    CHECK(a.ua == b.ua);
    CHECK(a.last_ip == b.last_ip);
    CHECK(a.last_ua == b.last_ua);
    CHECK(a.data.bytes() == b.data.bytes());
}

}  // namespace

TEST_CASE("Session record: 96 bytes and the texts, where a session has nothing uncommon") {
    PutSession e = usual();
    CHECK(SessionRecord::size_of(e) == 96 + e.user.size());
    e.ip = "10.0.0.1";
    e.ua = "Mozilla/5.0";
    e.device = "phone";
    CHECK(SessionRecord::size_of(e) == 96 + 5 + 8 + 11 + 5);
    e.created_by = "someone";
    CHECK(SessionRecord::size_of(e) == 96 + 5 + 8 + 11 + 5 + 7);
    e.idle_ms = 60'000;
    CHECK(SessionRecord::size_of(e) == 96 + sizeof(SessionRecord::Uncommon) + 5 + 8 + 11 + 5 + 7);
}

TEST_CASE("Session record: every combination of what is uncommon comes back, also through a snapshot's entry") {
    constexpr unsigned choices = 10;
    std::string data;
    PackedData::add(data, "name", "value");
    for (unsigned chosen = 0; chosen < 1U << choices; ++chosen) {
        const auto is = [&](unsigned choice) { return (chosen >> choice & 1U) != 0; };
        PutSession e = usual();
        if (is(0)) e.created_at = made_at - 1;
        if (is(1)) e.idle_ms = 5000;
        if (is(2)) e.token_slot = 12;
        if (is(3)) e.previous_slot = 0;
        if (is(4)) e.last_ip = "10.0.0.2";
        if (is(5)) e.last_ua = "curl";
        if (is(6)) e.created_by = chosen % 3 == 0 ? "" : "defaults";
        if (is(7)) e.device = "a device";
        if (is(8)) {
            e.has_previous = true;
            e.previous_token[31] = 9;
            e.previous_until = made_at + 5;
        }
        if (is(9)) {
            e.ip = "::1";
            e.ua = std::string_view("Mozilla/5.0");
            e.data = PackedData(data);
        }
        CAPTURE(chosen);
        Packed record(e);
        REQUIRE(record->size_bytes() == SessionRecord::size_of(e));
        check_equal(record->effect(e.db), e);
        CHECK(record->due() == SessionRecord::due_of(e));
        CHECK(record->view().created_at == e.created_at);
        CHECK(record->view().created_by == e.created_by);
        CHECK(record->view().last_ua == e.last_ua);

        record->set_newest(3);  // memory's own flags are none of a snapshot's
        record->lsn = Lsn{4};
        std::string packed;
        pack(*record, e.db, packed);
        SnapshotEntries entries(packed);
        SnapshotEntry entry;
        REQUIRE(entries.next(entry));
        check_equal(std::get<PutSession>(entry.effect), e);
        std::string as_effect;
        pack(entry, as_effect);
        CHECK(as_effect == packed);
    }
}

TEST_CASE("Session record: the largest of everything comes back, and what is larger does not fit") {
    const std::string user(255, 'u'), device(255, 'd'), creator(255, 'c'), ip(session_ip_bytes_max, 'i'),
        ua(session_ua_bytes_max, 'a'), data(session_packed_bytes_max, '\0');  // fields without a name, which only a disk has
    PutSession e = usual();
    e.user = user;
    e.device = device;
    e.created_by = creator;
    e.ip = ip;
    e.ua = ua;
    e.data = PackedData(data);
    e.expires_at = e.last_active = session_time_max;
    e.version = session_version_max;
    REQUIRE(SessionRecord::fits(e));
    Packed record(e);
    record->lsn = lsn_max;
    record->tick = UINT32_MAX;
    record->set_newest(UINT32_MAX);
    record->set_ahead_of_log_ms(UINT64_MAX);
    check_equal(record->effect(e.db), e);
    CHECK(record->lsn == lsn_max);
    CHECK(record->kind == RecordKind::session);
    CHECK(record->ahead_of_log_ms() == SessionRecord::ahead_of_log_ms_max);
    record->set_ahead_of_log_ms(0);
    check_equal(record->effect(e.db), e);

    const auto refused = [&](auto&& change) {
        PutSession larger = e;
        change(larger);
        return !SessionRecord::fits(larger);
    };
    const std::string longer(session_packed_bytes_max + 1, '\0');
    const std::string_view text = longer;
    CHECK(refused([&](PutSession& of) { of.user = text.substr(0, 256); }));
    CHECK(refused([&](PutSession& of) { of.device = text.substr(0, 256); }));
    CHECK(refused([&](PutSession& of) { of.created_by = text.substr(0, 256); }));
    CHECK(refused([&](PutSession& of) { of.last_ip = text.substr(0, 256); }));
    CHECK(refused([&](PutSession& of) { of.last_ua = text.substr(0, 65'536); }));
    CHECK(refused([&](PutSession& of) { of.ip = text.substr(0, session_ip_bytes_max + 1); }));
    CHECK(refused([&](PutSession& of) { of.ua = text.substr(0, session_ua_bytes_max + 1); }));
    CHECK(refused([&](PutSession& of) { of.data = PackedData(text); }));
    CHECK(refused([&](PutSession& of) { of.expires_at = session_time_max + 1; }));
    CHECK(refused([&](PutSession& of) { of.expires_at = -1; }));
    CHECK(refused([&](PutSession& of) { of.last_active = session_time_max + 1; }));
    CHECK(refused([&](PutSession& of) { of.version = session_version_max + 1; }));
    CHECK(refused([&](PutSession& of) { of.idle_ms = (std::int64_t{UINT32_MAX} + 1) * 1000; }));
}

TEST_CASE("Session record: versions begin again after the largest") {
    CHECK(next_version(0) == 1);
    CHECK(next_version(session_version_max - 1) == session_version_max);
    CHECK(next_version(session_version_max) == 1);
}

TEST_CASE("Session record: the newest of a list has its count where the others have who is before them") {
    Packed record(usual());
    record->set_newest(5);
    CHECK(record->user_prev() == no_place);
    CHECK(record->user_count() == 5);
    record->user_next = 17;
    PutSession changed = usual();
    changed.idle_ms = 1000;
    Packed replacement(changed);
    replacement->take_links(*record);
    CHECK(replacement->user_count() == 5);
    CHECK(replacement->user_prev() == no_place);
    CHECK(replacement->user_next == 17);
    CHECK(replacement->idle_s() == 1);
    record->set_behind(9);
    CHECK(record->user_prev() == 9);
    replacement->take_links(*record);
    CHECK(replacement->user_prev() == 9);
    CHECK(replacement->idle_s() == 1);
}
