// SPDX-License-Identifier: MIT
// The text of INFO: one function a section, listed in one table.
#pragma once

#include <set>
#include <string>

#include "src/server_state.hpp"
#include "storage/types.hpp"

namespace server {

// Sections in lower case. None, or "default": all but commandstats; "all" and "everything": all. Unknown ones are left out.
std::string info_text(ServerState& state, storage::UnixMs now, const std::set<std::string, std::less<>>& sections);

// Writes "name:value\r\n" lines. One section is one of these.
class InfoLines {
public:
    explicit InfoLines(std::string& out) : out_(out) {}
    void operator()(std::string_view name, std::string_view value);
    void operator()(std::string_view name, const char* value) { (*this)(name, std::string_view(value)); }
    template <class Number>
    requires std::is_arithmetic_v<Number>
    void operator()(std::string_view name, Number value) { (*this)(name, std::string_view(std::to_string(value))); }
    void ratio(std::string_view name, double value);         // two decimals
    void bytes(std::string_view name, std::uint64_t value);  // name and name_human
    void title(std::string_view name);

private:
    std::string& out_;
};

// What a section may look at. The figures that take locks are collected once.
struct InfoSource {
    ServerState& state;
    storage::UnixMs now;
    bool loading;
    storage::Store::Figures store;  // zeros while loading
};

// info_storage.cpp
void info_memory(InfoLines& line, const InfoSource& from);
void info_persistence(InfoLines& line, const InfoSource& from);
void info_keyspace(InfoLines& line, const InfoSource& from);
void info_sessions(InfoLines& line, const InfoSource& from);
void info_wal(InfoLines& line, const InfoSource& from);

}  // namespace server
