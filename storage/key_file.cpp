// SPDX-License-Identifier: MIT
#include "storage/key_file.hpp"

#include <fcntl.h>
#include <openssl/crypto.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>

#include <boost/system/error_code.hpp>

namespace storage {

namespace {

constexpr std::size_t hex_digits = 2 * key_bytes;
constexpr ::mode_t others_may = S_IRWXG | S_IRWXO;

std::string_view take_word(std::string_view& line) {
    constexpr std::string_view space = " \t\r";
    line.remove_prefix(std::min(line.find_first_not_of(space), line.size()));
    const std::string_view word = line.substr(0, line.find_first_of(space));
    line.remove_prefix(word.size());
    return word;
}

bool is_key_id(std::string_view word) {
    const auto allowed = [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '.' || c == '_' || c == '-';
    };
    return !word.empty() && word.size() <= key_id_bytes_max && std::all_of(word.begin(), word.end(), allowed);
}

int hex_value(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

bool take_hex(Secret& to, std::string_view word) {
    if (word.size() != hex_digits) return false;
    for (std::size_t i = 0; i < key_bytes; ++i) {
        const int high = hex_value(word[2 * i]), low = hex_value(word[2 * i + 1]);
        if (high < 0 || low < 0) return false;
        to.bytes[i] = static_cast<unsigned char>(high * 16 + low);
    }
    return true;
}

// What is wrong with a line, or nothing. Blank lines and comments add no key.
std::optional<std::string> take_line(std::vector<Key>& keys, std::string_view line) {
    const std::string_view id = take_word(line), hex = take_word(line), more = take_word(line);
    if (id.empty() || id.front() == '#') return std::nullopt;
    if (!is_key_id(id))
        return "the key id must be 1 to " + std::to_string(key_id_bytes_max) + " letters, digits, '.', '_' or '-'";
    Key key{std::string(id), {}};
    if (!take_hex(key.secret, hex) || !more.empty())
        return "a key id must be followed by exactly " + std::to_string(hex_digits) + " hex digits and nothing else";
    if (std::any_of(keys.begin(), keys.end(), [&](const Key& other) { return other.id == key.id; }))
        return "this key id stands in the file already; each may be there once";
    if (keys.size() == keys_max) return "more than " + std::to_string(keys_max) + " keys, which is the most allowed";
    keys.push_back(std::move(key));
    return std::nullopt;
}

struct KeyFileDescriptor {
    int number;
    ~KeyFileDescriptor() {
        if (number >= 0) ::close(number);
    }
};

Refusal cannot_read(const std::string& path, int error) {
    return {"cannot read the key file " + path + ": " +
            boost::system::error_code(error, boost::system::system_category()).message()};
}

}  // namespace

Secret::~Secret() { OPENSSL_cleanse(bytes.data(), bytes.size()); }

bool operator==(const Secret& a, const Secret& b) { return CRYPTO_memcmp(a.bytes.data(), b.bytes.data(), key_bytes) == 0; }

boost::system::result<std::vector<Key>, Refusal> parse_key_file(std::string_view text, const std::string& name) {
    if (text.size() > key_file_bytes_max)
        return Refusal{name + ": a key file of more than " + std::to_string(key_file_bytes_max) + " bytes is not read"};
    std::vector<Key> keys;
    keys.reserve(keys_max);  // a vector that grows would leave unwiped copies behind
    std::size_t number = 0;
    while (!text.empty()) {
        ++number;
        const std::size_t end = std::min(text.find('\n'), text.size());
        if (const auto wrong = take_line(keys, text.substr(0, end)))
            return Refusal{name + ":" + std::to_string(number) + ": " + *wrong};
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (keys.empty()) return Refusal{name + ": no key; there must be a line `<key id> <64 hex digits>`"};
    return keys;
}

boost::system::result<std::vector<Key>, Refusal> read_key_file(const std::string& path) {
    const KeyFileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    struct stat about {};
    if (file.number < 0 || ::fstat(file.number, &about) != 0) return cannot_read(path, errno);
    if (!S_ISREG(about.st_mode)) return Refusal{"the key file " + path + " must be a regular file"};
    if ((about.st_mode & others_may) != 0)
        return Refusal{"the key file " + path + " may be used by others than its owner; it must have mode 0600"};
    std::string text(key_file_bytes_max + 1, '\0');
    std::size_t length = 0;
    while (length < text.size()) {
        const ssize_t got = ::read(file.number, text.data() + length, text.size() - length);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return cannot_read(path, errno);
        if (got == 0) break;
        length += static_cast<std::size_t>(got);
    }
    auto keys = parse_key_file(std::string_view(text).substr(0, length), path);
    OPENSSL_cleanse(text.data(), text.size());
    return keys;
}

}  // namespace storage
