// SPDX-License-Identifier: MIT
// What seals one data file: subkeys of its own, by HKDF-SHA256 from an operator's key and the file's salt. Units (frames of the
// log, blocks of a snapshot) are sealed by AES-256-GCM or ChaCha20-Poly1305 under a number that the file uses once; what is no
// secret is signed by HMAC-SHA256. Any thread; constant.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "storage/header_block.hpp"
#include "storage/key_file.hpp"

namespace storage {

enum class CipherKind : std::uint32_t {  // as files name it
    aes_256_gcm = 1,
    chacha20_poly1305 = 2,
};
std::string_view to_text(CipherKind cipher);
std::optional<CipherKind> known_cipher(std::uint32_t number);
// "auto", "aes-256-gcm" or "chacha20-poly1305"; auto is AES where the processor has it and carry-less multiply.
std::optional<CipherKind> choose_cipher(std::string_view name);
bool processor_has_aes();

enum class FilePurpose : std::uint8_t { wal, snapshot };

// How a sealed file's header says, in clear, what opens it.
struct SealName {
    std::uint32_t cipher = 0;  // 0: the file is plain
    std::string key_id;
    std::string key_check;  // of the right key and nobody else's; says nothing about it

    bool sealed() const { return cipher != 0; }
    friend bool operator==(const SealName&, const SealName&) = default;
};

class FileCipher {
public:
    static constexpr std::size_t tag_bytes = 16, mac_bytes = 32, key_check_bytes = 16;
    using Mac = std::array<std::byte, mac_bytes>;
    using Mask = std::array<unsigned char, 32>;

    FileCipher(CipherKind cipher, FilePurpose purpose, const Key& key, const Id& salt);
    ~FileCipher();
    FileCipher(const FileCipher&) = delete;
    FileCipher& operator=(const FileCipher&) = delete;

    const SealName& name() const { return name_; }
    // Hides the one secret of the file's header. Nothing else may use it: what two texts under it have in common shows.
    const Mask& mask() const { return mask_; }

    // Seals `bytes` in place. A number must never seal two contents in one file. `associated` is authenticated only.
    void seal(std::uint64_t number, std::span<const std::byte> associated, std::span<std::byte> bytes,
              std::span<std::byte, tag_bytes> tag) const;
    // False: not what was sealed under this number in this file; `bytes` are worth nothing then.
    [[nodiscard]] bool open(std::uint64_t number, std::span<const std::byte> associated, std::span<std::byte> bytes,
                            std::span<const std::byte, tag_bytes> tag) const;

    // Of the parts one after the other; their lengths must follow from `use`, a name for what is signed.
    Mac mac(std::string_view use, std::initializer_list<std::span<const std::byte>> parts) const;
    [[nodiscard]] bool mac_is(std::span<const std::byte> found, std::string_view use,
                              std::initializer_list<std::span<const std::byte>> parts) const;

private:
    class Contexts;  // keyed once, kept for the next call

    SealName name_;
    Mask mask_{};
    std::unique_ptr<Contexts> contexts_;
};

}  // namespace storage
