// SPDX-License-Identifier: MIT
// The JSON of a session: escapes, order, and bytes that are no text. Read back with Boost.JSON, which did not write it.
#include "src/session_json.hpp"

#include <boost/json.hpp>
#include <catch2/catch.hpp>
#include <string>

using namespace server;

namespace {

std::string packed(std::initializer_list<std::pair<std::string, std::string>> fields) {
    std::string bytes;
    for (const auto& [name, value] : fields) {
        bytes += static_cast<char>(name.size());
        bytes += static_cast<char>(value.size() & 0xffU);
        bytes += static_cast<char>(value.size() >> 8);
        bytes += name + value;
    }
    return bytes;
}

}  // namespace

TEST_CASE("a session as JSON has its fields in order and without absent ones", "[json]") {
    storage::SessionView view;
    view.id = *storage::SessionId::parse("tmss-01arz3ndektsv4rrffq69g5fav");
    view.user = "al\"ice\\\n\x01";
    view.created_at = 5;
    view.last_active = 6;
    view.version = 7;
    const std::string data = packed({{"cart", "3"}, {"raw", std::string("\xff\0", 2)}, {"\xff", "\t\r\xc3\xa4"}});
    view.data = storage::PackedData(data);
    CHECK(
        session_json(view) ==
        R"({"id":"tmss-01arz3ndektsv4rrffq69g5fav","user_id":"al\"ice\\\n\u0001","created_at":5,"last_active":6,"expires_at":0,)"
        R"("version":7,"data":{"cart":"3","raw":{"base64":"/wA="},"base64:/w==":"\t\r)"
        "\xc3\xa4"
        R"("}})");
    const auto read = boost::json::parse(session_json(view)).as_object();
    CHECK(read.at("user_id").as_string() == view.user);
    CHECK(read.at("data").at("cart").as_string() == "3");
}

TEST_CASE("optional fields of a session as JSON", "[json]") {
    storage::SessionView view;
    view.user = "u";
    view.device = "\xff";
    view.idle_ms = 30'000;
    view.last_ip = "::1";
    const auto read = boost::json::parse(session_json(view)).as_object();
    CHECK(read.at("device_id").at("base64").as_string() == "/w==");
    CHECK(read.at("idle_timeout").as_int64() == 30);
    CHECK(read.at("last_access_ip").as_string() == "::1");
    CHECK(read.at("data").as_object().empty());
    CHECK_FALSE(read.contains("ip_address"));
}
