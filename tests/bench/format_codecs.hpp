// SPDX-License-Identifier: MIT
// The formats that are compared, each from the effect that the store has to bytes and back, so that all do the same work. What
// they need they keep: buffers and messages are reused, as a server would.
#pragma once

#include <memory>
#include <string_view>

#include "storage/effect.hpp"

namespace bench {

using Take = storage::FunctionRef<void(const storage::Effect&)>;

class Format {
public:
    Format() = default;
    Format(const Format&) = delete;
    Format& operator=(const Format&) = delete;
    virtual ~Format() = default;

    virtual std::string_view name() const = 0;
    virtual bool holds(const storage::Effect&) const { return true; }  // false: it has no such record
    virtual std::string_view encode(const storage::Effect&) = 0;       // valid until the next call; empty: it could not
    virtual bool decode(std::string_view bytes, Take take) = 0;        // false: bytes of another format
};

std::unique_ptr<Format> own_wire();        // effect_write.cpp, effect_read.cpp
std::unique_ptr<Format> generated_wire();  // what protoc makes of effect.proto
std::unique_ptr<Format> snapshot_entry();  // snapshot_records.hpp: only what snapshots hold, sessions and strings
std::unique_ptr<Format> json_tree();       // boost::json both ways
std::unique_ptr<Format> json_text();       // encoded without a tree, decoded as json_tree()

}  // namespace bench
