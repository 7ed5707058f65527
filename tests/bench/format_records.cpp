// SPDX-License-Identifier: MIT
#include "tests/bench/format_records.hpp"

#include <random>
#include <tuple>

namespace bench {

namespace {

using namespace storage;

constexpr std::size_t effects_of_a_kind = 64;
constexpr std::size_t data_bytes = 100, string_bytes = 200;
constexpr UnixMs now_ms = 1'795'780'800'000, day_ms = 86'400'000;
constexpr std::string_view letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::string_view agents[] = {
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/119.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:109.0) Gecko/20100101 Firefox/119.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/17.1 "
    "Mobile/15E148 Safari/604.1",
};

class Maker {
public:
    explicit Maker(Samples& to) : to_(to) {}

    std::uint64_t number(std::uint64_t below) { return random_() % below; }
    std::string_view keep(std::string text) { return to_.texts.emplace_back(std::move(text)); }
    std::string text(std::size_t bytes) {  // nothing that JSON would have to escape
        std::string made(bytes, '\0');
        for (char& c : made) c = letters[number(letters.size())];
        return made;
    }
    std::string_view user() { return keep("user:" + std::to_string(100'000 + number(900'000))); }
    std::string_view ip() { return keep("203.0.113." + std::to_string(number(256))); }
    UnixMs time() { return now_ms + static_cast<UnixMs>(number(day_ms)); }
    template <class Bytes>
    void fill(Bytes& bytes) {
        for (auto& byte : bytes) byte = static_cast<typename Bytes::value_type>(number(256));
    }

    PutSession session() {
        PutSession e;
        e.user = user();
        fill(e.id.bytes);
        fill(e.token);
        e.created_at = e.last_active = time();
        e.expires_at = e.created_at + day_ms;
        e.ip = ip();
        e.ua = agents[number(std::size(agents))];
        std::string packed;
        PackedData::add(packed, "data", text(data_bytes));
        e.data = PackedData(keep(std::move(packed)));
        return e;
    }
    TouchSession touch() {
        TouchSession e;
        e.user = user();
        fill(e.id.bytes);
        e.last_active = time();
        return e;
    }
    PutString string(bool binary) {
        PutString e;
        e.key = keep("sess:" + text(32));
        std::string value = text(string_bytes);
        if (binary) fill(value);
        e.value = keep(std::move(value));
        e.expires_at = time() + day_ms;
        return e;
    }
    RemoveSession removal() {
        RemoveSession e;
        e.user = user();
        fill(e.id.bytes);
        e.reason = RemovalReason::revoked;
        e.until = time() + day_ms;
        return e;
    }

private:
    Samples& to_;
    std::mt19937_64 random_{1};  // the same records on every run
};

bool same_fields(const PutSession& a, const PutSession& b) {
    const auto fields = [](const PutSession& e) {
        return std::tuple(e.user, e.db, e.id, e.token, e.previous_token, e.has_previous, e.token_slot, e.previous_slot,
                          e.previous_until, e.created_at, e.last_active, e.expires_at, e.idle_ms, e.version, e.device,
                          e.created_by, e.ip, e.ua, e.last_ip, e.last_ua, e.data.bytes());
    };
    return fields(a) == fields(b);
}
bool same_fields(const TouchSession& a, const TouchSession& b) {
    return std::tie(a.user, a.db, a.id, a.last_active, a.last_ip, a.last_ua) ==
           std::tie(b.user, b.db, b.id, b.last_active, b.last_ip, b.last_ua);
}
bool same_fields(const PutString& a, const PutString& b) {
    return std::tie(a.key, a.db, a.value, a.expires_at) == std::tie(b.key, b.db, b.value, b.expires_at);
}
bool same_fields(const RemoveSession& a, const RemoveSession& b) {
    return std::tie(a.user, a.db, a.id, a.reason, a.until) == std::tie(b.user, b.db, b.id, b.reason, b.until);
}
bool same_fields(const auto&, const auto&) { return false; }  // of two kinds, or of one that no sample is of

void add(std::deque<Samples>& to, const char* name, auto make) {
    Samples& made = to.emplace_back();
    made.name = name;
    Maker maker(made);
    for (std::size_t i = 0; i < effects_of_a_kind; ++i) made.effects.emplace_back(make(maker));
}

}  // namespace

std::deque<Samples> all_samples() {
    std::deque<Samples> all;
    add(all, "SESS.CREATE with IP, UA, 100 bytes of data", [](Maker& m) { return m.session(); });
    add(all, "SESS.TOUCH", [](Maker& m) { return m.touch(); });
    add(all, "SET of 200 bytes of text", [](Maker& m) { return m.string(false); });
    add(all, "SET of 200 random bytes", [](Maker& m) { return m.string(true); });
    add(all, "SESS.DEL", [](Maker& m) { return m.removal(); });
    return all;
}

bool same(const Effect& a, const Effect& b) {
    return std::visit([](const auto& x, const auto& y) { return same_fields(x, y); }, a, b);
}

}  // namespace bench
