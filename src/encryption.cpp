// SPDX-License-Identifier: MIT
#include "src/encryption.hpp"

#include <algorithm>
#include <set>

#include <spdlog/spdlog.h>

#include "storage/key_file.hpp"
#include "storage/key_ring.hpp"
#include "storage/log.hpp"

namespace server {
namespace {

std::optional<std::string> exchange_keys(ServerState& state) {
    const auto& keys = state.log->encryption().keys;
    if (!keys) return "there is no encryption-key-file";
    auto read = storage::read_key_file(state.values.encryption_key_file);
    if (!read) return read.error().text;
    const auto refused = keys->exchange(std::move(*read), [&] { return state.log->key_uses().now(); });
    if (refused) return refused->text;
    return std::nullopt;
}

}  // namespace

std::optional<std::string> load_keys(const Values& values, storage::Encryption& to) {
    if (values.encryption_key_file.empty()) return std::nullopt;
    auto read = storage::read_key_file(values.encryption_key_file);
    if (!read) return read.error().text;
    const auto cipher = storage::choose_cipher(values.encryption_cipher);
    if (!cipher) return "encryption-cipher '" + values.encryption_cipher + "' is unknown";
    to.keys = std::make_shared<storage::KeyRing>(std::move(*read), *cipher);
    to.migrate = values.encryption_migrate;
    spdlog::info("Data files are encrypted with {}, new ones with key '{}'", storage::to_text(*cipher),
                 to.keys->current_key_id());
    return std::nullopt;
}

std::optional<std::string> reload_keys(ServerState& state) {
    const auto why = state.log == nullptr ? std::optional<std::string>("there is no log") : exchange_keys(state);
    if (why) {
        state.key_reloads_refused++;
        spdlog::warn("The encryption keys were not exchanged: {}", *why);
        return "the encryption keys were not exchanged: " + *why;
    }
    state.key_reloads++;
    spdlog::info("Encryption keys read again, new files use key '{}'", state.log->encryption().keys->current_key_id());
    return std::nullopt;
}

void info_encryption(InfoLines& line, const InfoSource& from) {
    ServerState& state = from.state;
    if (state.log == nullptr || !state.log->encryption().keys) return line("encryption_cipher", "none");
    const storage::KeyRing& keys = *state.log->encryption().keys;
    line("encryption_cipher", storage::to_text(keys.cipher()));
    line("encryption_key_id", keys.current_key_id());
    if (const auto uses = state.log->key_uses().now()) {
        std::set<std::string> needed;
        for (const storage::KeyUse& use : *uses) needed.insert(use.key_id);
        needed.erase("");
        std::string list;
        for (const std::string& id : needed) list += (list.empty() ? "" : ",") + id;
        line("encryption_key_ids_needed", list);
        line("encryption_plain_files",
             std::count_if(uses->begin(), uses->end(), [](const storage::KeyUse& use) { return use.key_id.empty(); }));
    }
    line("encryption_reloads", state.key_reloads.load());
    line("encryption_reloads_refused", state.key_reloads_refused.load());
}

}  // namespace server
