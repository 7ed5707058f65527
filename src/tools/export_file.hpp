// SPDX-License-Identifier: MIT
// An export as a whole: a header line, a line for each record, and a last line that says how many there were and the SHA-256
// of all bytes before it, so that one that was cut or changed is known from a whole one.
//
//   {"tokmesh_export":1,"directory":"<32 hex>","last_lsn":9,"time_ms":1795360340383,"token_secret":"<64 hex>"}
//   {"type":"session", ... }
//   {"end":true,"records":1,"sha256":"<64 hex>"}
//
// Bytes come and go through functions: memory is a line's. One thread.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <boost/json/value.hpp>

#include "src/tools/export_line.hpp"
#include "storage/header_block.hpp"
#include "storage/log_options.hpp"
#include "storage/sha256.hpp"
#include "storage/token_secret.hpp"
#include "storage/wal.hpp"

namespace server {

using storage::LogResult;

struct ExportHeader {
    storage::Id directory{};              // whose state it is
    storage::TokenSecret token_secret{};  // what keys the hashes of its tokens; zeros: nothing
    storage::Lsn last{};                  // of the state
    storage::UnixMs now = 0;              // the latest time that the state knows of
    std::optional<storage::DbIndex> db;   // only this database was exported
};

class ExportWriter {
public:
    using Write = std::function<storage::Result<void>(std::string_view bytes)>;  // all of it
    explicit ExportWriter(Write write) : write_(std::move(write)) {}

    void header(const ExportHeader& header);
    storage::Result<void> record(const storage::SnapshotEntry& entry);
    storage::Result<void> end();  // the last line, and all that is left
    std::uint64_t records() const { return records_; }
    std::uint64_t bytes() const { return bytes_; }

private:
    storage::Result<void> hand_on();

    Write write_;
    std::string buffer_;
    storage::Sha256 sha256_;
    std::uint64_t records_ = 0, bytes_ = 0;
};

class ExportReader {
public:
    using Read = std::function<storage::Result<std::size_t>(std::span<char> to)>;  // 0: the end
    // `name` is for messages: "<name>:<line>: <what is wrong>".
    ExportReader(Read read, std::string name) : read_(std::move(read)), name_(std::move(name)) {}

    LogResult<ExportHeader> header();                        // first
    LogResult<ExportHeader> header_at(storage::UnixMs now);  // the same; its time may be a day ahead of that
    // The next record, with the header's database and an LSN; null behind the last one, when the end is sound.
    LogResult<const storage::SnapshotEntry*> next();
    storage::Refusal fault(const std::string& what) const;  // of the line that was read last
    std::uint64_t bytes() const { return bytes_; }

private:
    LogResult<std::optional<std::string_view>> line();  // without its break; nothing at the end of the bytes
    LogResult<bool> fill();                             // false: there is no more
    LogResult<void> parse_value(std::string_view line);
    LogResult<const boost::json::object*> parse(std::string_view line);
    LogResult<void> check_end(const storage::Sha256::Value& of_lines_before);
    storage::Refusal cut_off() const;

    Read read_;
    std::string name_;
    std::string buffer_;
    std::size_t at_ = 0;                        // what was consumed of the buffer
    std::optional<boost::json::value> parsed_;  // the line that record_ looks into
    ImportedRecord record_;
    storage::Sha256 sha256_;
    ExportHeader header_;
    std::uint64_t line_ = 0, records_ = 0, bytes_ = 0;
};

}  // namespace server
