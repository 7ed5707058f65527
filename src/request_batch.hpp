// SPDX-License-Identifier: MIT
// The next requests of a connection. Those of one token or key that stand behind each other are parsed together, so that the
// memory they need is asked for together; they are executed one after the other all the same. One thread; one object an io
// thread.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>

#include "resp/request_parser.hpp"
#include "src/command.hpp"
#include "src/command_table.hpp"
#include "storage/probe.hpp"

namespace server {

class RequestBatch {
public:
    struct Parsed {
        Args args;
        std::size_t bytes = 0;
        const CommandEntry* entry = nullptr;  // null: unknown
        const storage::Probe* probe = nullptr;
    };

    // Of a turn. Nothing is parsed yet.
    void begin() {
        taken_ = count_ = 0;
        parsed_ = false;
        end_ = resp::RequestParser::Outcome::request;
    }
    // The request at the front of `input`, the bytes that are not consumed. `ahead`: more than this one may be parsed. What it
    // gives is valid until the next call.
    resp::RequestParser::Outcome next(resp::RequestParser& parser, std::string_view input, bool ahead, storage::Store& store,
                                      storage::DbIndex db, Parsed& to);
    // When a turn ends otherwise than with what next() said: the bytes that are not consumed will be shown again.
    void forget(resp::RequestParser& parser);

private:
    static constexpr std::size_t requests_max = 16, words_max = 8 * requests_max;

    bool keep(std::string_view input, Parsed& request);
    void probe(Parsed& request, const storage::Store& store);
    void parse(resp::RequestParser& parser, std::string_view input, bool ahead, const storage::Store& store);

    std::array<Parsed, requests_max> requests_;
    std::array<storage::Probe, requests_max> probes_;
    std::array<std::string_view, words_max> words_;
    bool parsed_ = false;  // anything in this turn
    std::size_t taken_ = 0, count_ = 0, words_used_ = 0, probes_used_ = 0;
    resp::RequestParser::Outcome end_ = resp::RequestParser::Outcome::request;  // what is behind them, if that is none
};

}  // namespace server
