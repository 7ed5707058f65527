// SPDX-License-Identifier: MIT
// The keys of a running server: which one seals new files, and which opens an old one. They can be exchanged while it runs; what
// is sealed stays readable, for a key that a file still needs cannot be dropped. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/file_cipher.hpp"
#include "storage/function_ref.hpp"
#include "storage/key_file.hpp"

namespace storage {

enum class KeyFault : std::uint8_t {
    none,
    no_such_key,     // no key of that name
    wrong_key,       // the name is there, the secret is another
    unknown_cipher,  // written by a newer version
};

struct Opened {
    std::shared_ptr<const FileCipher> cipher;  // null unless fault is none
    KeyFault fault = KeyFault::none;
};

// Which file of the data directory needs which key. Plain files have an empty key id.
struct KeyUse {
    std::string file, key_id;
};

class KeyRing {
public:
    // Precondition: at least one key; the first one seals.
    KeyRing(std::vector<Key> keys, CipherKind cipher);

    // For a file that is about to be made; `salt` is its own, random, and stands in its header.
    std::shared_ptr<const FileCipher> for_new_file(FilePurpose purpose, const Id& salt);
    Opened for_file(FilePurpose purpose, const SealName& name, const Id& salt) const;

    CipherKind cipher() const { return cipher_; }
    std::string current_key_id() const;
    std::uint64_t generation() const { return generation_.load(std::memory_order_acquire); }  // one more when another key seals

    // Takes `keys` from now on, or says why not and changes nothing: a file of `uses` (asked for while no new file can get a
    // cipher) needs a key that is not among them, or a key has changed its secret.
    using Uses = boost::system::result<std::vector<KeyUse>, Refusal>;
    std::optional<Refusal> exchange(std::vector<Key> keys, FunctionRef<Uses()> uses);

private:
    const Key* find(const std::string& id) const;  // under mutex_
    std::vector<KeyUse> being_written();           // under mutex_

    const CipherKind cipher_;
    mutable std::mutex mutex_;
    std::vector<Key> keys_;                                 // guarded by mutex_
    std::vector<std::weak_ptr<const FileCipher>> sealing_;  // guarded by mutex_; for files that may have no name yet
    std::atomic<std::uint64_t> generation_{1};
};

// Words for a file that cannot be opened: "<file> is sealed with key 'k1' and ...". On one line whatever the header says.
std::string describe(KeyFault fault, const std::string& file, const SealName& name);

}  // namespace storage
