// SPDX-License-Identifier: MIT
// SCAN and KEYS. Both walk with the store's cursor in slices, so neither stops the server: a SCAN with a large COUNT goes on
// after other connections had their turn, and so does KEYS until the cursor comes back to 0.
#include <algorithm>
#include <cctype>
#include <cerrno>
#include <cstdlib>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "resp/glob.hpp"
#include "resp/reply_writer.hpp"
#include "src/args.hpp"
#include "src/commands/key_commands.hpp"
#include "src/server_state.hpp"

namespace server::commands::key {

namespace {

constexpr std::uint64_t slice_places = 256;      // of one store.scan()
constexpr std::uint64_t scan_slices_inline = 4;  // a SCAN up to this size is answered at once

struct Wanted {
    std::string pattern = "*";
    std::optional<storage::KeyKind> kind;
    bool nothing = false;  // a TYPE that no key has

    bool takes(std::string_view key) const { return !nothing && (pattern == "*" || resp::glob_matches(pattern, key)); }
};

// A walk from a cursor over about `places` places. Keeps what matches, in one block of text.
class Walk {
public:
    Walk(Wanted wanted, std::uint64_t cursor, std::uint64_t places)
        : wanted_(std::move(wanted)), cursor_(cursor), places_left_(places) {}

    // One slice; true when the cursor came round or the places are used up.
    bool step(storage::Store& store, storage::Op& op) {
        const std::uint64_t places = std::min(places_left_, slice_places);
        cursor_ = store.scan(op, cursor_, {wanted_.kind, places}, [this](std::string_view key) {
            if (!wanted_.takes(key)) return;
            text_.append(key);
            ends_.push_back(text_.size());
        });
        places_left_ -= places;
        return cursor_ == 0 || places_left_ == 0;
    }

    std::uint64_t cursor() const { return cursor_; }
    void write(resp::ReplyWriter& reply) const {
        reply.array(ends_.size());
        std::size_t start = 0;
        for (const std::size_t end : ends_) {
            reply.bulk(std::string_view(text_).substr(start, end - start));
            start = end;
        }
    }

private:
    Wanted wanted_;
    std::uint64_t cursor_, places_left_;
    std::string text_;
    std::vector<std::size_t> ends_;
};

void answer_scan(resp::ReplyWriter& reply, const Walk& walk) {
    reply.array(2);
    reply.bulk(std::to_string(walk.cursor()));
    walk.write(reply);
}

class LongWalk final : public LongCommand {
public:
    LongWalk(storage::Store& store, Walk walk, bool is_scan) : store_(store), walk_(std::move(walk)), is_scan_(is_scan) {}

    bool step(storage::Op& op, resp::ReplyWriter& reply) override {
        if (!walk_.step(store_, op)) return false;
        if (is_scan_)
            answer_scan(reply, walk_);
        else
            walk_.write(reply);
        return true;
    }

private:
    storage::Store& store_;
    Walk walk_;
    bool is_scan_;
};

// As Redis reads it: strtoul, with nothing before or after. It takes a sign.
std::optional<std::uint64_t> parse_cursor(std::string_view text) {
    const std::string copy(text);
    if (copy.empty()) return 0;
    if (std::isspace(static_cast<unsigned char>(copy.front()))) return std::nullopt;
    char* end = nullptr;
    errno = 0;
    const unsigned long cursor = std::strtoul(copy.c_str(), &end, 10);
    if (errno == ERANGE || end != copy.c_str() + copy.size()) return std::nullopt;
    return cursor;
}

void read_type(std::string_view text, Wanted& wanted) {
    wanted.kind.reset();
    wanted.nothing = false;
    if (is_word(text, "STRING"))
        wanted.kind = storage::KeyKind::string;
    else if (is_word(text, "SESSION"))
        wanted.kind = storage::KeyKind::session;
    else
        wanted.nothing = true;
}

}  // namespace

void scan(CommandContext& ctx) {
    const auto cursor = parse_cursor(ctx.args[1]);
    if (!cursor) return ctx.reply.error("ERR invalid cursor");
    Wanted wanted;
    std::int64_t count = 10;
    for (std::size_t i = 2; i < ctx.args.size(); i += 2) {
        const std::string_view word = ctx.args[i];
        if (i + 1 == ctx.args.size()) return ctx.reply.error(words::syntax_error);
        const std::string_view text = ctx.args[i + 1];
        if (is_word(word, "COUNT")) {
            const auto number = parse_int64(text);
            if (!number) return ctx.reply.error(words::not_an_integer);
            if (*number < 1) return ctx.reply.error(words::syntax_error);
            count = *number;
        } else if (is_word(word, "MATCH")) {
            wanted.pattern = text;
        } else if (is_word(word, "TYPE")) {
            read_type(text, wanted);
        } else {
            return ctx.reply.error(words::syntax_error);
        }
    }
    Walk walk(std::move(wanted), *cursor, static_cast<std::uint64_t>(count));
    if (static_cast<std::uint64_t>(count) > slice_places * scan_slices_inline) {
        ctx.continuation = std::make_unique<LongWalk>(ctx.store, std::move(walk), true);
        return;
    }
    while (!walk.step(ctx.store, ctx.op)) {
    }
    answer_scan(ctx.reply, walk);
}

void keys(CommandContext& ctx) {
    Wanted wanted;
    wanted.pattern = ctx.args[1];
    Walk walk(std::move(wanted), 0, std::numeric_limits<std::uint64_t>::max());
    ctx.continuation = std::make_unique<LongWalk>(ctx.store, std::move(walk), false);
}

}  // namespace server::commands::key
