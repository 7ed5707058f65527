// SPDX-License-Identifier: MIT
// One change of one plain key (store_string_change.hpp), and the counters built on it.
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "storage/store_string_change.hpp"

namespace storage {

StringChange::StringChange(Store::Impl& store, Op& op, std::string_view key)
    : store_(store),
      op_(op),
      key_(key),
      shard_(store.shard_of(op, key)),
      lock_(store.shards, shard_),
      record_(Store::Impl::writer()) {
    StringRecord* found = store.find_string(op, key, shard_).string();
    if (found && found->live(op.now)) old_ = found;
}

void StringChange::depend_on_old() {
    if (old_)
        Store::Impl::depend(op_, old_->lsn);
    else if (const StringRecord* due = store_.find_string(op_, key_, shard_).string())
        Store::Impl::depend(op_, due->lsn);
    else
        store_.depend_on_absence(op_, shard_);
}

void StringChange::apply() {
    if (std::holds_alternative<std::monostate>(effect_)) {
        depend_on_old();
        return;
    }
    Space& space = store_.make_space(shard_, op_.db);
    const Lsn lsn = store_.append(op_, record_);
    Store::Impl::depend(op_, lsn);
    std::visit(
        [&](const auto& effect) {
            if constexpr (!std::is_same_v<std::decay_t<decltype(effect)>, std::monostate>) space.apply(effect, lsn);
        },
        effect_);
}

namespace {

// Redis's string2ll: digits, a minus, no leading zeros or spaces.
std::optional<std::int64_t> strict_integer(std::string_view text) {
    std::int64_t v = 0;
    if (text.empty() || text == "-0" || (text.size() > 1 && text[0] == '0') ||
        (text.size() > 1 && text[0] == '-' && text[1] == '0'))
        return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), v);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return v;
}

// Redis's string2ld: strtold over all of it, no leading space.
std::optional<long double> strict_float(std::string_view text) {
    constexpr std::size_t size_max = 5 * 1024;
    if (text.empty() || text.size() >= size_max || text.find('\0') != std::string_view::npos) return std::nullopt;
    if (text[0] == ' ' || (text[0] >= '\t' && text[0] <= '\r')) return std::nullopt;
    const std::string copy(text);
    char* end = nullptr;
    errno = 0;
    const long double v = std::strtold(copy.c_str(), &end);
    if (end != copy.c_str() + copy.size() || std::isnan(v)) return std::nullopt;
    if (errno == ERANGE && (std::isinf(v) || std::fpclassify(v) == FP_ZERO)) return std::nullopt;
    return v;
}

// As Redis prints it: 17 digits after the point, trailing zeros taken off.
std::string human_float(long double v) {
    char text[5200];
    const int size = std::snprintf(text, sizeof text, "%.17Lf", v);
    std::string s(text, static_cast<std::size_t>(size));
    if (s.find('.') != std::string::npos) {
        while (s.back() == '0') s.pop_back();
        if (s.back() == '.') s.pop_back();
    }
    return s == "-0" ? "0" : s;
}

}  // namespace

Result<std::int64_t> Store::increment(Op& op, std::string_view key, std::int64_t by) {
    if (is_reserved_key(key)) return Errc::wrong_type;
    StringChange change(*impl_, op, key);
    const StringRecord* old = change.old();
    const auto before = old ? strict_integer(old->value()) : std::optional<std::int64_t>(0);
    change.depend_on_old();
    if (!before) return Errc::not_an_integer;
    std::int64_t after = 0;
    if (__builtin_add_overflow(*before, by, &after)) return Errc::would_overflow;
    char text[24];
    const auto end = std::to_chars(text, text + sizeof text, after).ptr;
    if (!change.puts({text, static_cast<std::size_t>(end - text)}, old ? old->expires_at : 0)) return change.error();
    change.apply();
    return after;
}

Result<std::string> Store::increment_float(Op& op, std::string_view key, long double by) {
    if (is_reserved_key(key)) return Errc::wrong_type;
    StringChange change(*impl_, op, key);
    const StringRecord* old = change.old();
    const auto before = old ? strict_float(old->value()) : std::optional<long double>(0);
    change.depend_on_old();
    if (!before) return Errc::not_a_float;
    const long double after = *before + by;
    if (std::isnan(after) || std::isinf(after)) return Errc::nan_or_infinity;
    const std::string text = human_float(after);
    if (!change.puts(text, old ? old->expires_at : 0)) return change.error();
    change.apply();
    return text;
}

}  // namespace storage
