// SPDX-License-Identifier: MIT
#include "storage/slot.hpp"

#include <array>

#include "storage/ensure.hpp"

namespace storage {
namespace {

constexpr std::array<std::uint16_t, 256> make_crc_table() {
    std::array<std::uint16_t, 256> table{};
    for (unsigned i = 0; i < 256; ++i) {
        unsigned crc = i << 8;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 0x8000U) ? (crc << 1) ^ 0x1021U : crc << 1;
        table[i] = static_cast<std::uint16_t>(crc);
    }
    return table;
}

constexpr auto crc_table = make_crc_table();
constexpr std::uint16_t slot_mask = slot_count - 1;

constexpr std::uint16_t crc_step(std::uint16_t crc, unsigned char byte) {
    return static_cast<std::uint16_t>((crc << 8) ^ crc_table[((crc >> 8) ^ byte) & 0xffU]);
}

constexpr std::size_t sliced = 8;

// What a byte contributes to the CRC when so many zero bytes follow it. The CRC of 8 bytes is the sum of what each contributes,
// eight loads that do not wait for one another in place of a chain of eight ("slicing-by-8", Kounavis and Berry 2005).
constexpr auto contributions = [] {
    std::array<std::array<std::uint16_t, 256>, sliced> tables{};
    tables[0] = crc_table;
    for (std::size_t zeros = 1; zeros < sliced; ++zeros)
        for (std::size_t byte = 0; byte < 256; ++byte) tables[zeros][byte] = crc_step(tables[zeros - 1][byte], 0);
    return tables;
}();

std::uint16_t contribution(char character, std::size_t zeros_after) {
    return contributions[zeros_after][static_cast<unsigned char>(character)];
}

}  // namespace

std::uint16_t crc16(std::string_view bytes, std::uint16_t start) {
    for (; bytes.size() >= sliced; bytes.remove_prefix(sliced)) {
        const auto* b = reinterpret_cast<const unsigned char*>(bytes.data());
        start = contributions[7][b[0] ^ start >> 8] ^ contributions[6][b[1] ^ (start & 0xffU)] ^ contributions[5][b[2]] ^
                contributions[4][b[3]] ^ contributions[3][b[4]] ^ contributions[2][b[5]] ^ contributions[1][b[6]] ^
                contributions[0][b[7]];
    }
    for (const char c : bytes) start = crc_step(start, static_cast<unsigned char>(c));
    return start;
}

Slot slot_of(std::string_view text) {
    const auto open = text.find('{');
    if (open != std::string_view::npos) {
        const auto close = text.find('}', open + 1);
        if (close != std::string_view::npos && close > open + 1) text = text.substr(open + 1, close - open - 1);
    }
    return static_cast<Slot>(crc16(text) & slot_mask);
}

SlotSteering::SlotSteering(std::string_view alphabet)
    : alphabet_(alphabet), pairs_(static_cast<std::uint32_t>(alphabet.size() * alphabet.size())), begin_(slot_count + 1) {
    ENSURE(alphabet.size() >= 32 && alphabet.size() <= 64 && (alphabet.size() & (alphabet.size() - 1)) == 0);
    const auto size = alphabet.size();
    std::vector<std::uint16_t> second(pairs_);
    first_.resize(pairs_);
    for (std::size_t a = 0; a < size; ++a)
        for (std::size_t b = 0; b < size; ++b) {
            const auto pair = a * size + b;
            first_[pair] = (contribution(alphabet[a], 3) ^ contribution(alphabet[b], 2)) & slot_mask;
            second[pair] = (contribution(alphabet[a], 1) ^ contribution(alphabet[b], 0)) & slot_mask;
            ++begin_[second[pair] + 1U];
        }
    for (std::uint32_t s = 0; s < slot_count; ++s) begin_[s + 1] = static_cast<std::uint16_t>(begin_[s + 1] + begin_[s]);
    some_.resize(slot_count / 64);
    for (const std::uint16_t slot : second) some_[slot / 64] |= 1ULL << slot % 64;
    members_.resize(pairs_);
    auto at = begin_;
    for (std::uint32_t pair = 0; pair < pairs_; ++pair) members_[at[second[pair]]++] = static_cast<std::uint16_t>(pair);
}

void SlotSteering::steer(std::span<char> text, Slot target, RandomSource& random) const {
    ENSURE(text.size() >= 4);
    const std::size_t head = text.size() - 4;
    std::uint16_t crc = crc16(std::string_view(text.data(), head));
    for (int i = 0; i < 4; ++i) crc = crc_step(crc, 0);
    const auto missing = static_cast<std::uint16_t>((crc ^ target) & slot_mask);

    std::array<unsigned char, 4> dice{};
    random.fill(dice);
    const std::uint32_t start = dice[0] | static_cast<std::uint32_t>(dice[1]) << 8;
    for (std::uint32_t i = 0; i < pairs_; ++i) {
        const std::uint32_t first = (start + i * 0x9e5U) & (pairs_ - 1);  // an odd stride visits every pair once
        const auto need = static_cast<std::uint16_t>(missing ^ first_[first]);
        if ((some_[need / 64] >> need % 64 & 1U) == 0) continue;
        const std::uint32_t begin = begin_[need];
        const std::uint32_t count = begin_[need + 1U] - begin;
        const std::uint32_t second = members_[begin + (dice[2] | static_cast<std::uint32_t>(dice[3]) << 8) % count];
        const auto size = static_cast<std::uint32_t>(alphabet_.size());
        text[head] = alphabet_[first / size];
        text[head + 1] = alphabet_[first % size];
        text[head + 2] = alphabet_[second / size];
        text[head + 3] = alphabet_[second % size];
        return;
    }
    ENSURE(!"every slot can be reached: slot_test.cpp shows it for both alphabets");
}

const SlotSteering& SlotSteering::crockford() {
    static const SlotSteering steering("0123456789abcdefghjkmnpqrstvwxyz");
    return steering;
}

const SlotSteering& SlotSteering::base64url() {
    static const SlotSteering steering("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");
    return steering;
}

}  // namespace storage
