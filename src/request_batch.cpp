// SPDX-License-Identifier: MIT
#include "src/request_batch.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "src/session_options.hpp"

namespace server {

using Outcome = resp::RequestParser::Outcome;

namespace {

constexpr std::size_t probed_key_bytes_max = 1024;  // of longer ones the hash takes longer than memory

bool is_probed(const CommandEntry* entry) { return entry != nullptr && (entry->spec->flags & (by_token | by_key)) != 0; }

}  // namespace

Outcome RequestBatch::next(resp::RequestParser& parser, std::string_view input, bool ahead, storage::Store& store,
                           storage::DbIndex db, Parsed& to) {
    if (taken_ == count_ && end_ == Outcome::request) {
        parse(parser, input, ahead, store);
        if (probes_used_ > 1) store.prefetch(std::span(probes_).first(probes_used_), db);
    }
    if (taken_ == count_) return std::exchange(end_, Outcome::request);
    to = requests_[taken_++];
    return Outcome::request;
}

// Stops behind the first request that is not probed, that has many arguments, or whose arguments the parser keeps: those are
// its own until it is called again.
void RequestBatch::parse(resp::RequestParser& parser, std::string_view input, bool ahead, const storage::Store& store) {
    taken_ = count_ = words_used_ = probes_used_ = 0;
    parsed_ = true;
    for (bool more = true; more && count_ < requests_max;) {
        end_ = parser.next(input);
        if (end_ != Outcome::request) return;
        Parsed& request = requests_[count_++];
        request = {parser.args(), parser.consumed(), find_command_entry(parser.args()[0]), nullptr};
        more = ahead && keep(input, request) && (count_ > 1 || request.bytes < input.size());
        if (!more && count_ == 1) return;
        probe(request, store);
        input.remove_prefix(request.bytes);
    }
}

void RequestBatch::probe(Parsed& request, const storage::Store& store) {
    if (!is_probed(request.entry) || request.args.size() < 2) return;
    const std::string_view what = request.args[1];
    storage::Probe& to = probes_[probes_used_];
    if ((request.entry->spec->flags & by_token) != 0) {
        if (!is_token_form(what)) return;
        to = store.probe_token(what);
    } else {
        if (what.size() > probed_key_bytes_max) return;
        to = store.probe_key(what);
    }
    request.probe = &to;
    ++probes_used_;
}

// Copies the arguments out of the parser, if it is worth it and they are views into the input.
bool RequestBatch::keep(std::string_view input, Parsed& request) {
    const auto in_input = [&](std::string_view word) {
        return !std::less<>()(word.data(), input.data()) && !std::less<>()(input.data() + input.size(), word.data());
    };
    if (!is_probed(request.entry) || request.args.size() > words_max - words_used_ ||
        !std::all_of(request.args.begin(), request.args.end(), in_input))
        return false;
    std::string_view* const kept = words_.data() + words_used_;
    std::copy(request.args.begin(), request.args.end(), kept);
    words_used_ += request.args.size();
    request.args = {kept, request.args.size()};
    return true;
}

void RequestBatch::forget(resp::RequestParser& parser) {
    if (parsed_) parser.restart();
    begin();
}

}  // namespace server
