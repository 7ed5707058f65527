// SPDX-License-Identifier: MIT
// The options that several SESS commands share, and the limits of a session's fields. See commands.md, "Session fields".
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "src/args.hpp"
#include "storage/session_view.hpp"
#include "storage/settings.hpp"
#include "storage/store.hpp"

namespace server {

namespace session_limits {
inline constexpr std::size_t user_bytes_max = 128;
inline constexpr std::size_t device_bytes_max = 128;
inline constexpr std::size_t agent_bytes_max = 512;  // longer ones are cut
inline constexpr std::size_t token_bytes_min = 16, token_bytes_max = 1024;
inline constexpr std::size_t removals_max = 1000;      // ids of one SESS.DEL, tokens of one SESS.DELBYTOKEN
inline constexpr std::int64_t page_max = 1000;         // sessions of one SESS.LIST, and of SESS.LISTUSER if none is asked for
inline constexpr std::int64_t user_page_max = 10'000;  // of one SESS.LISTUSER: all that a user can have
inline constexpr std::int64_t page_end_max = 100'000;  // offset + count
inline constexpr std::int64_t grace_s_max = 300, grace_s_default = 5;
inline constexpr storage::UnixMs latest_ms = 253'402'300'799'999;  // the end of year 9999
}  // namespace session_limits

// How long a session may live, as the settings say at one moment.
struct TtlLimits {
    TtlLimits(const storage::Settings& settings, storage::UnixMs now);

    storage::UnixMs now, latest;  // the last moment that a session may be asked to live until
    std::int64_t default_ms;
    bool never_allowed;  // session-max-ttl 0

    storage::UnixMs default_expiry() const;
    bool allows(storage::UnixMs at) const { return at == 0 ? never_allowed : at > now && at <= latest; }
};

enum class ExpiryWord : std::uint8_t { ttl, px, exat, pxat };
// The value of the option `word`: the moment it means, 0 for never. Beyond the limits: TM-ARG-1001, and 0.
storage::UnixMs read_expiry(ArgReader& reader, ExpiryWord word, const TtlLimits& limits);
// IDLE s: milliseconds, 0 for none.
std::int64_t read_idle_ms(ArgReader& reader, const TtlLimits& limits);
std::uint64_t read_version(ArgReader& reader);  // IFVERSION v
std::optional<storage::SessionId> read_session_id(ArgReader& reader, std::string_view name);

struct Page {
    std::uint64_t offset = 0, count = 0;
};
Page read_page(ArgReader& reader, std::int64_t count_max);  // LIMIT offset count

// IP a and UA t of a touch. The address lives here, the agent in the request.
struct TouchOptions {
    std::optional<AddressText> ip;
    std::string_view ua;

    storage::Touch touch(bool wanted) const { return {wanted, ip ? ip->view() : std::string_view{}, ua}; }
};
std::string_view read_agent(ArgReader& reader);  // UA t, cut to its limit

using DataFields = boost::container::small_vector<storage::DataField, 16>;
// `n name value ...`: a name given twice counts once, with its last value.
DataFields read_data(ArgReader& reader, std::string_view name);

// 16..1024 bytes without control characters.
bool is_token_form(std::string_view token);

// Collects what is wrong with a session: TM-SESS-4001 names all of it.
class Violations {
public:
    void length(std::string_view field, std::size_t bytes, std::size_t least, std::size_t most);
    void data(std::span<const storage::DataField> fields, const storage::Settings& settings);
    bool any() const { return count_ != 0; }
    std::string error() const;

private:
    static constexpr std::size_t named_max = 64;  // an error line stays a line
    void add(std::string_view words);

    std::size_t count_ = 0;
    std::string named_;
};

}  // namespace server
