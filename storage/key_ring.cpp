// SPDX-License-Identifier: MIT
#include "storage/key_ring.hpp"

#include <algorithm>
#include <utility>

#include "storage/ensure.hpp"

namespace storage {

KeyRing::KeyRing(std::vector<Key> keys, CipherKind cipher) : cipher_(cipher), keys_(std::move(keys)) { ENSURE(!keys_.empty()); }

const Key* KeyRing::find(const std::string& id) const {
    const auto key = std::find_if(keys_.begin(), keys_.end(), [&](const Key& each) { return each.id == id; });
    return key == keys_.end() ? nullptr : &*key;
}

std::shared_ptr<const FileCipher> KeyRing::for_new_file(FilePurpose purpose, const Id& salt) {
    std::lock_guard lock(mutex_);
    auto cipher = std::make_shared<const FileCipher>(cipher_, purpose, keys_.front(), salt);
    std::erase_if(sealing_, [](const auto& each) { return each.expired(); });
    sealing_.push_back(cipher);
    return cipher;
}

Opened KeyRing::for_file(FilePurpose purpose, const SealName& name, const Id& salt) const {
    const auto cipher = known_cipher(name.cipher);
    if (!cipher) return {nullptr, KeyFault::unknown_cipher};
    std::lock_guard lock(mutex_);
    const Key* key = find(name.key_id);
    if (key == nullptr) return {nullptr, KeyFault::no_such_key};
    auto opened = std::make_shared<const FileCipher>(*cipher, purpose, *key, salt);
    if (opened->name().key_check != name.key_check) return {nullptr, KeyFault::wrong_key};
    return {std::move(opened), KeyFault::none};
}

std::string KeyRing::current_key_id() const {
    std::lock_guard lock(mutex_);
    return keys_.front().id;
}

std::vector<KeyUse> KeyRing::being_written() {
    std::vector<KeyUse> uses;
    for (const auto& each : sealing_)
        if (const auto cipher = each.lock()) uses.push_back({"the file being written", cipher->name().key_id});
    return uses;
}

std::optional<Refusal> KeyRing::exchange(std::vector<Key> keys, FunctionRef<Uses()> uses) {
    ENSURE(!keys.empty());
    std::lock_guard lock(mutex_);
    for (const Key& key : keys) {
        const Key* before = find(key.id);
        if (before != nullptr && !(before->secret == key.secret))
            return Refusal{"key '" + key.id + "' has another secret than before; a new secret needs a new id"};
    }
    auto needed = uses();
    if (!needed) return needed.error();
    for (KeyUse& use : being_written()) needed->push_back(std::move(use));
    for (const KeyUse& use : *needed) {
        const bool there = std::any_of(keys.begin(), keys.end(), [&](const Key& key) { return key.id == use.key_id; });
        if (!use.key_id.empty() && !there)
            return Refusal{"key '" + use.key_id + "' is missing, and " + use.file + " is sealed with it"};
    }
    const bool another = keys.front().id != keys_.front().id;
    keys_ = std::move(keys);
    if (another) generation_.fetch_add(1, std::memory_order_acq_rel);
    return std::nullopt;
}

std::string describe(KeyFault fault, const std::string& file, const SealName& name) {
    std::string key_id = name.key_id.substr(0, key_id_bytes_max);
    std::replace_if(
        key_id.begin(), key_id.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
    const std::string sealed = file + " is sealed with key '" + key_id + "' ";
    switch (fault) {
        case KeyFault::none: return file + " opens";
        case KeyFault::no_such_key: return sealed + "and there is no such key";
        case KeyFault::wrong_key: return sealed + "and the key of that name is another one";
        case KeyFault::unknown_cipher: return file + " is sealed with a cipher of a newer version";
    }
    return file;
}

}  // namespace storage
