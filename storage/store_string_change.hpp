// SPDX-License-Identifier: MIT
// One change of one plain key under its shard's lock: look at the old value, say what shall be, apply. Used by the string
// commands; each calls one of puts, removes, expires, which check and log nothing yet, then apply(), which cannot fail.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "storage/store_impl.hpp"

namespace storage {

class StringChange {
public:
    StringChange(Store::Impl& store, Op& op, std::string_view key);

    // The live record, or nullptr.
    StringRecord* old() { return old_; }

    // False: error() says why, nothing is changed. `value` must live until apply().
    bool puts(std::string_view value, UnixMs expires_at) { return prepare(PutString{key_, op_.db, value, expires_at}); }
    bool removes() { return prepare(RemoveString{key_, op_.db, RemovalReason::deleted}); }
    bool expires(UnixMs at) { return prepare(ExpireString{key_, op_.db, at}); }
    Errc error() const { return *error_; }

    void apply();          // what was prepared, if anything
    void depend_on_old();  // for answers that change nothing

private:
    template <class E>
    bool prepare(const E& effect) {
        effect_ = effect;
        record_.add(effect);
        error_ = store_.check(op_, record_);
        return !error_;
    }

    Store::Impl& store_;
    Op& op_;
    std::string_view key_;
    ShardIndex shard_;
    ShardLock lock_;
    StringRecord* old_ = nullptr;
    RecordWriter& record_;
    std::variant<std::monostate, PutString, RemoveString, ExpireString> effect_;
    std::optional<Errc> error_;
};

}  // namespace storage
