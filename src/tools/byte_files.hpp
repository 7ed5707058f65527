// SPDX-License-Identifier: MIT
// The files that an operator names to a tool, or its standard streams: read and written from the first byte to the last.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/error.hpp"
#include "storage/wal.hpp"

namespace server {

class InputFile {
public:
    static storage::LogResult<InputFile> open(const std::optional<std::string>& path);  // nothing: standard input
    InputFile(InputFile&& other) noexcept;
    InputFile& operator=(InputFile&&) = delete;
    ~InputFile();

    const std::string& name() const { return name_; }              // for messages
    std::optional<std::uint64_t> bytes() const { return bytes_; }  // of a regular file
    storage::Result<std::size_t> read(std::span<char> to);         // 0: the end
    storage::LogResult<std::string> read_all(std::size_t bytes_max);

private:
    InputFile(int number, std::string name) : number_(number), name_(std::move(name)) {}

    int number_;
    std::string name_;
    std::optional<std::uint64_t> bytes_;
};

// A new file of mode 0600, which goes again unless finish() was reached; or standard output.
class OutputFile {
public:
    static storage::LogResult<OutputFile> create(const std::optional<std::string>& path);
    OutputFile(OutputFile&& other) noexcept;
    OutputFile& operator=(OutputFile&&) = delete;
    ~OutputFile();

    storage::Result<void> write(std::string_view bytes);  // all of them
    storage::LogResult<void> finish();                    // on the disk, under its name

private:
    OutputFile(int number, std::optional<std::string> path) : number_(number), path_(std::move(path)) {}

    int number_;
    std::optional<std::string> path_;
    bool finished_ = false;
};

}  // namespace server
