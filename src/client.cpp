// SPDX-License-Identifier: MIT
// What CLIENT LIST and CLIENT INFO print of a connection; the fields are Redis's, in Redis's order.
#include "src/client.hpp"

#include <utility>

#include <fmt/format.h>

#include "src/command.hpp"

namespace server {

Client::Client(Origin origin, Counters& counters) : origin_(std::move(origin)), counters_(counters) {
    traffic.last_request_ms = origin_.connected_at_ms;
}

std::string Client::name() const {
    const std::lock_guard lock(names_mutex_);
    return name_;
}

std::string Client::lib_name() const {
    const std::lock_guard lock(names_mutex_);
    return lib_name_;
}

std::string Client::lib_version() const {
    const std::lock_guard lock(names_mutex_);
    return lib_version_;
}

void Client::set_name(std::string_view name) {
    const std::lock_guard lock(names_mutex_);
    name_ = name;
}

void Client::set_lib_name(std::string_view name) {
    const std::lock_guard lock(names_mutex_);
    lib_name_ = name;
}

void Client::set_lib_version(std::string_view version) {
    const std::lock_guard lock(names_mutex_);
    lib_version_ = version;
}

std::string Client::describe(std::int64_t now_ms) const {
    const CommandSpec* command = traffic.last_command.load(std::memory_order_relaxed);
    std::string flags;
    if (origin_.unix_socket) flags += 'U';
    if (traffic.parked) flags += 'b';
    if (traffic.close_asked) flags += 'c';
    if (no_evict()) flags += 'e';
    if (no_touch()) flags += 'T';
    if (flags.empty()) flags = "N";
    const std::uint64_t query_room = traffic.query_room, output_room = traffic.output_room;
    const std::int64_t age_ms = now_ms - origin_.connected_at_ms, idle_ms = now_ms - traffic.last_request_ms;
    return fmt::format(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db={} sub=0 psub=0 ssub=0 multi=-1 watch=0 qbuf={} "
        "qbuf-free={} argv-mem=0 multi-mem=0 rbs={} rbp={} obl={} oll=0 omem={} tot-mem={} events={} cmd={} user={} redir=-1 "
        "resp={} lib-name={} lib-ver={} tot-net-in={} tot-net-out={}",
        id(), origin_.addr, origin_.laddr, origin_.fd, name(), age_ms / 1000, idle_ms / 1000, flags, db(), traffic.query_bytes,
        query_room, output_room, output_room, traffic.output_bytes, output_room, query_room + output_room + sizeof(Client),
        traffic.output_bytes > 0 ? "rw" : "r", command == nullptr ? "NULL" : command->name, user(), resp_version(), lib_name(),
        lib_version(), traffic.input_total, traffic.output_total);
}

}  // namespace server
