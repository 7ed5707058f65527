// SPDX-License-Identifier: MIT
// Effects -> protobuf wire format. Each effect lists its fields once; the list runs twice, to count and to write, so lengths
// are canonical and nothing is moved.
#include <cstring>

#include "storage/effect.hpp"

namespace storage {
namespace {

constexpr std::size_t varint_size(std::uint64_t v) {
    std::size_t size = 1;
    while (v >= 0x80) v >>= 7, ++size;
    return size;
}

std::string_view view(const SessionId& id) { return {reinterpret_cast<const char*>(id.bytes.data()), id.bytes.size()}; }
std::string_view view(const TokenHash& hash) { return {reinterpret_cast<const char*>(hash.data()), hash.size()}; }

class Counter {
public:
    void number(unsigned field, std::uint64_t v) {
        if (v != 0) size_ += varint_size(field << 3U) + varint_size(v);
    }
    void bytes(unsigned field, std::string_view v) {
        if (!v.empty()) size_ += varint_size(field << 3U) + varint_size(v.size()) + v.size();
    }
    void data_field(unsigned field, std::string_view name, std::string_view value) {
        const auto size = body_size(name, value);
        size_ += varint_size(field << 3U) + varint_size(size) + size;
    }
    std::size_t size() const { return size_; }

    static std::size_t body_size(std::string_view name, std::string_view value) {
        Counter c;
        c.bytes(1, name);
        c.bytes(2, value);
        return c.size();
    }

private:
    std::size_t size_ = 0;
};

class Writer {
public:
    explicit Writer(char* to) : to_(to) {}

    void varint(std::uint64_t v) {
        while (v >= 0x80) {
            *to_++ = static_cast<char>(v | 0x80);
            v >>= 7;
        }
        *to_++ = static_cast<char>(v);
    }
    void number(unsigned field, std::uint64_t v) {
        if (v == 0) return;
        varint(field << 3U);
        varint(v);
    }
    void header(unsigned field, std::size_t size) {
        varint(field << 3U | 2U);
        varint(size);
    }
    void bytes(unsigned field, std::string_view v) {
        if (v.empty()) return;
        header(field, v.size());
        std::memcpy(to_, v.data(), v.size());
        to_ += v.size();
    }
    void data_field(unsigned field, std::string_view name, std::string_view value) {
        header(field, Counter::body_size(name, value));
        bytes(1, name);
        bytes(2, value);
    }

private:
    char* to_;
};

std::uint64_t number(UnixMs v) { return static_cast<std::uint64_t>(v); }
std::uint64_t number(RemovalReason v) { return static_cast<std::uint64_t>(v); }

std::uint64_t slot_number(Slot slot) { return slot == users_slot ? 0 : slot + 1U; }

template <class Out>
void fields(Out& out, const PutSession& e) {
    out.bytes(1, e.user);
    out.number(2, e.db);
    out.bytes(3, view(e.id));
    out.bytes(4, view(e.token));
    if (e.has_previous) {
        out.bytes(5, view(e.previous_token));
        out.number(6, number(e.previous_until));
    }
    out.number(7, number(e.created_at));
    out.number(8, number(e.last_active));
    out.number(9, number(e.expires_at));
    out.number(10, number(e.idle_ms));
    out.number(11, e.version);
    out.bytes(12, e.device);
    out.bytes(13, e.created_by);
    out.bytes(14, e.ip);
    out.bytes(15, e.ua);
    out.bytes(16, e.last_ip);
    out.bytes(17, e.last_ua);
    PackedData data = e.data;
    for (std::string_view name, value; data.next(name, value);) out.data_field(18, name, value);
    out.number(19, slot_number(e.token_slot));
    out.number(20, slot_number(e.previous_slot));
}

template <class Out>
void fields(Out& out, const TouchSession& e) {
    out.bytes(1, e.user);
    out.number(2, e.db);
    out.bytes(3, view(e.id));
    out.number(4, number(e.last_active));
    out.bytes(5, e.last_ip);
    out.bytes(6, e.last_ua);
}

template <class Out>
void fields(Out& out, const ExpireSession& e) {
    out.bytes(1, e.user);
    out.number(2, e.db);
    out.bytes(3, view(e.id));
    out.number(4, number(e.expires_at));
    out.number(5, e.version);
    out.number(6, number(e.last_active));
}

template <class Out>
void fields(Out& out, const RemoveSession& e) {
    out.bytes(1, e.user);
    out.number(2, e.db);
    out.bytes(3, view(e.id));
    out.number(4, number(e.reason));
    out.number(5, number(e.until));
}

template <class Out>
void fields(Out& out, const PutDeadToken& e) {
    out.bytes(1, e.user);
    out.number(2, e.db);
    out.bytes(3, view(e.token));
    out.number(4, number(e.reason));
    out.number(5, number(e.until));
    out.number(6, slot_number(e.token_slot));
}

template <class Out>
void fields(Out& out, const PutString& e) {
    out.bytes(1, e.key);
    out.number(2, e.db);
    out.bytes(3, e.value);
    out.number(4, number(e.expires_at));
}

template <class Out>
void fields(Out& out, const ExpireString& e) {
    out.bytes(1, e.key);
    out.number(2, e.db);
    out.number(3, number(e.expires_at));
}

template <class Out>
void fields(Out& out, const RemoveString& e) {
    out.bytes(1, e.key);
    out.number(2, e.db);
    out.number(3, number(e.reason));
}

template <class Out>
void fields(Out& out, const Flush& e) {
    out.number(1, e.all ? 1 : 0);
    out.number(2, e.db);
}

template <class E>
void write_effect(std::string& to, unsigned kind, const E& effect) {
    Counter counter;
    fields(counter, effect);
    const std::size_t body = counter.size();
    const std::size_t wrapped = 1 + varint_size(body) + body;  // Effect's oneof field; all kinds are below 16
    const std::size_t total = 1 + varint_size(wrapped) + wrapped;
    const std::size_t begin = to.size();
    to.resize(begin + total);
    Writer writer(to.data() + begin);
    writer.header(1, wrapped);
    writer.header(kind, body);
    fields(writer, effect);
}

}  // namespace

void RecordWriter::add(const PutSession& e) { write_effect(bytes_, 1, e); }
void RecordWriter::add(const TouchSession& e) { write_effect(bytes_, 2, e); }
void RecordWriter::add(const ExpireSession& e) { write_effect(bytes_, 3, e); }
void RecordWriter::add(const RemoveSession& e) { write_effect(bytes_, 4, e); }
void RecordWriter::add(const PutDeadToken& e) { write_effect(bytes_, 5, e); }
void RecordWriter::add(const PutString& e) { write_effect(bytes_, 6, e); }
void RecordWriter::add(const ExpireString& e) { write_effect(bytes_, 7, e); }
void RecordWriter::add(const RemoveString& e) { write_effect(bytes_, 8, e); }
void RecordWriter::add(const Flush& e) { write_effect(bytes_, 9, e); }

}  // namespace storage
