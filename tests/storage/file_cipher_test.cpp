// SPDX-License-Identifier: MIT
// Subkeys, tags and HMACs against values from another implementation (node's crypto), and what must not open.
#include "storage/file_cipher.hpp"

#include <thread>
#include <vector>

#include <catch2/catch.hpp>

#include "storage/header_block.hpp"
#include "tests/support/log_fixture.hpp"

using namespace storage;

namespace {

Key counting_key() {
    Key key{"k1", {}};
    for (std::size_t i = 0; i < key_bytes; ++i) key.secret.bytes[i] = static_cast<unsigned char>(i);
    return key;
}

Id salt_of(unsigned char byte) {
    Id salt;
    salt.fill(byte);
    return salt;
}

std::span<const std::byte> bytes_of(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string hex(std::span<const std::byte> bytes) {
    std::string text;
    for (const std::byte byte : bytes) {
        static constexpr std::string_view digits = "0123456789abcdef";
        text += {digits[std::to_integer<unsigned>(byte) >> 4U], digits[std::to_integer<unsigned>(byte) & 15U]};
    }
    return text;
}

using Tag = std::array<std::byte, FileCipher::tag_bytes>;
struct Sealed {
    std::vector<std::byte> bytes;
    Tag tag{};
};

Sealed seal(const FileCipher& cipher, std::string_view text, std::uint64_t number = 4096, std::string_view with = "header") {
    Sealed sealed{{bytes_of(text).begin(), bytes_of(text).end()}};
    cipher.seal(number, bytes_of(with), sealed.bytes, sealed.tag);
    return sealed;
}

std::string open(const FileCipher& cipher, Sealed sealed, std::uint64_t number = 4096, std::string_view with = "header") {
    if (!cipher.open(number, bytes_of(with), sealed.bytes, sealed.tag)) return "refused";
    return {reinterpret_cast<const char*>(sealed.bytes.data()), sealed.bytes.size()};
}

constexpr auto both = {CipherKind::aes_256_gcm, CipherKind::chacha20_poly1305};

}  // namespace

TEST_CASE("File cipher: HKDF, AEAD and HMAC give the known answers") {
    struct Known {
        CipherKind cipher;
        FilePurpose purpose;
        std::string check, sealed, tag, mac;
    };
    const auto known = GENERATE(
        Known{CipherKind::aes_256_gcm, FilePurpose::wal, "2b97400f7bfd569b6c8778158f7d129b", "c947846f81dbaae81983",
              "d43c99b4f60c4a62f1e677d495b6cc06", "c18ded9e40a9d534c1da229f08425820f41e9c99caf1ffe5e03223a9ed456f96"},
        Known{CipherKind::chacha20_poly1305, FilePurpose::wal, "5469d47bf59c3631e93893633f5795c0", "1b078260558d5674f182",
              "414bf9f0573912b991c52cdcac4ce69e", "d1a5d976bb6903ee48114bfe14d762355ab07384703ac99060a404a0e27a2c0c"},
        Known{CipherKind::aes_256_gcm, FilePurpose::snapshot, "b5b42779b8d456f0edd6e23d38cee8c0", "69c2e1ed380df319551a",
              "a63967985eaee0b84a5d7681d6d157d8", "55f397a19b9b8076d3dc6c6f64b2e7998c240abed1df45422fa79766542e2726"});
    const FileCipher cipher(known.cipher, known.purpose, counting_key(), salt_of(9));
    CHECK(cipher.name().cipher == static_cast<std::uint32_t>(known.cipher));
    CHECK(cipher.name().key_id == "k1");
    CHECK(hex(bytes_of(cipher.name().key_check)) == known.check);
    for (int again = 0; again < 3; ++again) {  // a context that is used again keeps nothing of the call before
        const Sealed sealed = seal(cipher, "the secret");
        CHECK(hex(sealed.bytes) == known.sealed);
        CHECK(hex(sealed.tag) == known.tag);
        CHECK(open(cipher, sealed) == "the secret");
        CHECK(hex(cipher.mac("header", {bytes_of("sig"), bytes_of("ned")})) == known.mac);
        seal(cipher, "another", 5000);
    }
}

TEST_CASE("File cipher: opens only what was sealed here, under this number, with this beside it") {
    for (const CipherKind kind : both) {
        const FileCipher cipher(kind, FilePurpose::wal, counting_key(), salt_of(9));
        const Sealed sealed = seal(cipher, "the secret");
        CHECK(open(cipher, sealed) == "the secret");
        CHECK(open(cipher, sealed, 4104) == "refused");
        CHECK(open(cipher, sealed, 4096, "heades") == "refused");
        CHECK(open(cipher, sealed, 4096, "heade") == "refused");
        CHECK(open(FileCipher(kind, FilePurpose::wal, counting_key(), salt_of(8)), sealed) == "refused");
        CHECK(open(FileCipher(kind, FilePurpose::snapshot, counting_key(), salt_of(9)), sealed) == "refused");
        CHECK(open(FileCipher(kind, FilePurpose::wal, test::keys_of({"k1"})[0], salt_of(9)), sealed) == "refused");
        for (std::size_t bit = 0; bit < 8 * (sealed.bytes.size() + sealed.tag.size()); ++bit) {
            Sealed changed = sealed;
            std::byte& byte =
                bit / 8 < changed.bytes.size() ? changed.bytes[bit / 8] : changed.tag[bit / 8 - changed.bytes.size()];
            byte ^= static_cast<std::byte>(1U << bit % 8);
            CHECK(open(cipher, changed) == "refused");
        }
        CHECK(open(cipher, sealed) == "the secret");  // a context that has refused works on
        CHECK(open(cipher, seal(cipher, "")).empty());
    }
}

TEST_CASE("File cipher: an HMAC is of its use and its parts") {
    const FileCipher cipher(CipherKind::aes_256_gcm, FilePurpose::wal, counting_key(), salt_of(9));
    auto mac = cipher.mac("frame", {bytes_of("abc")});
    CHECK(cipher.mac_is(mac, "frame", {bytes_of("ab"), bytes_of("c")}));
    CHECK_FALSE(cipher.mac_is(mac, "header", {bytes_of("abc")}));
    CHECK_FALSE(cipher.mac_is(mac, "frame", {bytes_of("abd")}));
    CHECK_FALSE(cipher.mac_is(std::span(mac).first(31), "frame", {bytes_of("abc")}));
    mac[31] ^= std::byte{1};
    CHECK_FALSE(cipher.mac_is(mac, "frame", {bytes_of("abc")}));
}

TEST_CASE("File cipher: several threads seal and open with one") {
    const FileCipher cipher(CipherKind::aes_256_gcm, FilePurpose::snapshot, counting_key(), salt_of(9));
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (std::uint64_t thread = 0; thread < 4; ++thread)
        threads.emplace_back([&, thread] {
            for (std::uint64_t i = 0; i < 500; ++i) {
                const std::string text = std::to_string(thread) + " " + std::to_string(i);
                right += open(cipher, seal(cipher, text, thread * 1000 + i), thread * 1000 + i) == text;
            }
        });
    for (std::thread& thread : threads) thread.join();
    CHECK(right == 2000);
}

TEST_CASE("File cipher: auto is AES where the processor has it") {
    CHECK(choose_cipher("auto") == (processor_has_aes() ? CipherKind::aes_256_gcm : CipherKind::chacha20_poly1305));
    for (const CipherKind kind : both) {
        CHECK(choose_cipher(to_text(kind)) == kind);
        CHECK(known_cipher(static_cast<std::uint32_t>(kind)) == kind);
    }
    CHECK_FALSE(choose_cipher("rot13"));
    CHECK_FALSE(known_cipher(0));
    CHECK_FALSE(known_cipher(3));
}

TEST_CASE("File cipher: a header block is signed as a whole") {
    const FileCipher cipher(CipherKind::aes_256_gcm, FilePurpose::wal, counting_key(), salt_of(9));
    const FileCipher other(CipherKind::aes_256_gcm, FilePurpose::wal, counting_key(), salt_of(8));
    const FileMagic magic = {'T', 'E', 'S', 'T', 'F', 'I', 'L', 'E'};
    const HeaderBlock block = encode_header_block(magic, 1, "message", &cipher);
    CHECK(decode_header_block(block, magic, 1).bytes == "message");
    CHECK(header_block_is_signed(block, cipher));
    CHECK_FALSE(header_block_is_signed(block, other));
    CHECK_FALSE(header_block_is_signed(encode_header_block(magic, 1, "message"), cipher));
    for (std::size_t at = 0; at < block.size(); ++at) {
        HeaderBlock changed = block;
        changed[at] ^= std::byte{1};
        const bool checksum = at >= 16 && at < 24;  // which decoding looks at
        CHECK(header_block_is_signed(changed, cipher) == checksum);
        CHECK_FALSE(decode_header_block(changed, magic, 1).bytes);
    }
}
