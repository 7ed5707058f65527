// SPDX-License-Identifier: MIT
#include "storage/file_cipher.hpp"

#include <limits>
#include <mutex>
#include <vector>

#if defined(__aarch64__)
#include <asm/hwcap.h>
#include <sys/auxv.h>
#endif

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/kdf.h>
#include <openssl/params.h>

#include "storage/ensure.hpp"
#include "storage/little_endian.hpp"

namespace storage {

namespace {

constexpr std::size_t nonce_bytes = 12;
constexpr std::size_t unit_bytes_max = std::numeric_limits<int>::max();  // of one call of OpenSSL

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, Freed<EVP_CIPHER_CTX_free>>;
using MacContext = std::unique_ptr<EVP_MAC_CTX, Freed<EVP_MAC_CTX_free>>;

// One stretch of key material, cut into what must never be the same.
struct Subkeys {
    std::array<unsigned char, key_bytes> seal, sign;
    std::array<unsigned char, FileCipher::key_check_bytes> check;
    FileCipher::Mask mask;
    ~Subkeys() { OPENSSL_cleanse(this, sizeof *this); }
};
static_assert(sizeof(Subkeys) == 2 * key_bytes + FileCipher::key_check_bytes + sizeof(FileCipher::Mask));

void derive(Subkeys& to, CipherKind cipher, FilePurpose purpose, const Key& key, const Id& salt) {
    std::string info = purpose == FilePurpose::wal ? "tokmesh wal " : "tokmesh snapshot ";
    info += to_text(cipher);
    Secret secret = key.secret;
    Id salt_copy = salt;
    char digest[] = "SHA256";
    const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, secret.bytes.data(), secret.bytes.size()),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_SALT, salt_copy.data(), salt_copy.size()),
                                 OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info.data(), info.size()),
                                 OSSL_PARAM_construct_end()};
    const std::unique_ptr<EVP_KDF, Freed<EVP_KDF_free>> hkdf(EVP_KDF_fetch(nullptr, "HKDF", nullptr));
    const std::unique_ptr<EVP_KDF_CTX, Freed<EVP_KDF_CTX_free>> context(EVP_KDF_CTX_new(hkdf.get()));
    ENSURE(context && EVP_KDF_derive(context.get(), reinterpret_cast<unsigned char*>(&to), sizeof to, params) == 1);
}

const EVP_CIPHER* algorithm(CipherKind cipher) {
    return cipher == CipherKind::aes_256_gcm ? EVP_aes_256_gcm() : EVP_chacha20_poly1305();
}

unsigned char* raw(std::byte* bytes) { return reinterpret_cast<unsigned char*>(bytes); }
const unsigned char* raw(const std::byte* bytes) { return reinterpret_cast<const unsigned char*>(bytes); }

// One unit through a context that has its key. The two directions differ in their last step only.
bool run(EVP_CIPHER_CTX* context, std::uint64_t number, std::span<const std::byte> associated, std::span<std::byte> bytes) {
    std::array<std::byte, nonce_bytes> nonce{};
    store_le(nonce.data() + (nonce_bytes - sizeof number), number);
    int done = 0;
    return EVP_CipherInit_ex(context, nullptr, nullptr, nullptr, raw(nonce.data()), -1) == 1 &&
           EVP_CipherUpdate(context, nullptr, &done, raw(associated.data()), static_cast<int>(associated.size())) == 1 &&
           EVP_CipherUpdate(context, raw(bytes.data()), &done, raw(bytes.data()), static_cast<int>(bytes.size())) == 1;
}

}  // namespace

std::string_view to_text(CipherKind cipher) { return cipher == CipherKind::aes_256_gcm ? "aes-256-gcm" : "chacha20-poly1305"; }

std::optional<CipherKind> known_cipher(std::uint32_t number) {
    if (number < 1 || number > 2) return std::nullopt;
    return static_cast<CipherKind>(number);
}

bool processor_has_aes() {
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("aes") != 0 && __builtin_cpu_supports("pclmul") != 0;
#elif defined(__aarch64__)
    return (::getauxval(AT_HWCAP) & HWCAP_AES) != 0 && (::getauxval(AT_HWCAP) & HWCAP_PMULL) != 0;
#else
    return false;
#endif
}

std::optional<CipherKind> choose_cipher(std::string_view name) {
    if (name == "auto") return processor_has_aes() ? CipherKind::aes_256_gcm : CipherKind::chacha20_poly1305;
    for (const CipherKind cipher : {CipherKind::aes_256_gcm, CipherKind::chacha20_poly1305})
        if (name == to_text(cipher)) return cipher;
    return std::nullopt;
}

// Setting a key costs more than sealing a small frame, so contexts keep theirs and are handed from call to call.
class FileCipher::Contexts {
public:
    enum Direction : std::size_t { opening = 0, sealing = 1 };

    Contexts(CipherKind cipher, const Subkeys& keys) {
        for (const Direction direction : {opening, sealing}) {
            CipherContext& keyed = keyed_[direction];
            keyed.reset(EVP_CIPHER_CTX_new());
            ENSURE(keyed && EVP_CipherInit_ex(keyed.get(), algorithm(cipher), nullptr, keys.seal.data(), nullptr,
                                              static_cast<int>(direction)) == 1);
        }
        const std::unique_ptr<EVP_MAC, Freed<EVP_MAC_free>> hmac(EVP_MAC_fetch(nullptr, "HMAC", nullptr));
        char digest[] = "SHA256";
        const OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest, 0),
                                     OSSL_PARAM_construct_end()};
        mac_.reset(EVP_MAC_CTX_new(hmac.get()));
        ENSURE(mac_ && EVP_MAC_init(mac_.get(), keys.sign.data(), keys.sign.size(), params) == 1);
    }

    CipherContext take(Direction direction) {
        std::lock_guard lock(mutex_);
        if (!idle_[direction].empty()) {
            CipherContext context = std::move(idle_[direction].back());
            idle_[direction].pop_back();
            return context;
        }
        CipherContext context(EVP_CIPHER_CTX_new());
        ENSURE(context && EVP_CIPHER_CTX_copy(context.get(), keyed_[direction].get()) == 1);
        return context;
    }
    void give_back(Direction direction, CipherContext context) {
        std::lock_guard lock(mutex_);
        idle_[direction].push_back(std::move(context));
    }
    MacContext mac() const {
        MacContext context(EVP_MAC_CTX_dup(mac_.get()));
        ENSURE(context);
        return context;
    }

private:
    std::array<CipherContext, 2> keyed_;
    MacContext mac_;
    std::mutex mutex_;
    std::array<std::vector<CipherContext>, 2> idle_;  // guarded by mutex_; never more than callers at once
};

FileCipher::FileCipher(CipherKind cipher, FilePurpose purpose, const Key& key, const Id& salt) {
    Subkeys keys;
    derive(keys, cipher, purpose, key, salt);
    name_ = {static_cast<std::uint32_t>(cipher), key.id, std::string(keys.check.begin(), keys.check.end())};
    mask_ = keys.mask;
    contexts_ = std::make_unique<Contexts>(cipher, keys);
}

FileCipher::~FileCipher() { OPENSSL_cleanse(mask_.data(), mask_.size()); }

void FileCipher::seal(std::uint64_t number, std::span<const std::byte> associated, std::span<std::byte> bytes,
                      std::span<std::byte, tag_bytes> tag) const {
    ENSURE(bytes.size() <= unit_bytes_max && associated.size() <= unit_bytes_max);
    CipherContext context = contexts_->take(Contexts::sealing);
    int done = 0;
    ENSURE(run(context.get(), number, associated, bytes));
    ENSURE(EVP_EncryptFinal_ex(context.get(), raw(tag.data()), &done) == 1 && done == 0);
    ENSURE(EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, tag_bytes, tag.data()) == 1);
    contexts_->give_back(Contexts::sealing, std::move(context));
}

bool FileCipher::open(std::uint64_t number, std::span<const std::byte> associated, std::span<std::byte> bytes,
                      std::span<const std::byte, tag_bytes> tag) const {
    if (bytes.size() > unit_bytes_max || associated.size() > unit_bytes_max) return false;
    CipherContext context = contexts_->take(Contexts::opening);
    std::array<std::byte, tag_bytes> expected{};
    std::copy(tag.begin(), tag.end(), expected.begin());
    int done = 0;
    const bool right = run(context.get(), number, associated, bytes) &&
                       EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, tag_bytes, expected.data()) == 1 &&
                       EVP_DecryptFinal_ex(context.get(), raw(expected.data()), &done) == 1;
    contexts_->give_back(Contexts::opening, std::move(context));
    return right;
}

FileCipher::Mac FileCipher::mac(std::string_view use, std::initializer_list<std::span<const std::byte>> parts) const {
    const MacContext context = contexts_->mac();
    Mac mac;
    std::size_t size = 0;
    ENSURE(EVP_MAC_update(context.get(), reinterpret_cast<const unsigned char*>(use.data()), use.size()) == 1);
    for (const auto part : parts) ENSURE(EVP_MAC_update(context.get(), raw(part.data()), part.size()) == 1);
    ENSURE(EVP_MAC_final(context.get(), raw(mac.data()), &size, mac.size()) == 1 && size == mac.size());
    return mac;
}

bool FileCipher::mac_is(std::span<const std::byte> found, std::string_view use,
                        std::initializer_list<std::span<const std::byte>> parts) const {
    const Mac right = mac(use, parts);
    return found.size() == right.size() && CRYPTO_memcmp(found.data(), right.data(), right.size()) == 0;
}

}  // namespace storage
