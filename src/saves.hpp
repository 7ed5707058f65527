// SPDX-License-Identifier: MIT
// Who asked for a snapshot, and who waits for its end: what SAVE, BGSAVE and BGREWRITEAOF have in common. Redis makes two kinds
// of background work of these; here both are a snapshot, and the words of the answers keep the kinds apart. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "storage/snapshots.hpp"

namespace server {

// How an attempt ended that somebody waits for.
struct SaveOutcome {
    std::atomic<bool> known{false};
    std::string error;  // written before `known`; empty: the snapshot is on the disk
};

class Saves {
public:
    struct Parts {
        // The number of the attempt that is to begin; nothing: one runs.
        std::function<std::optional<std::uint64_t>(storage::Pace)> ask;
        std::function<std::uint64_t()> attempts;  // how many have ended
        std::function<storage::SnapshotFigures()> figures;
        std::function<void()> wake;  // connections that wait for an outcome look again
    };
    void connect(Parts parts) { parts_ = std::move(parts); }  // before traffic

    enum class Answer : std::uint8_t { started, runs_already, rewrite_in_the_way, scheduled };
    Answer begin(bool or_later);                          // BGSAVE [SCHEDULE]
    Answer begin_rewrite();                               // BGREWRITEAOF; never rewrite_in_the_way
    std::shared_ptr<const SaveOutcome> begin_and_wait();  // SAVE; null: one runs already

    void attempt_ended();    // by the snapshot thread
    void begin_scheduled();  // at every tick: what had to wait for another

    storage::SnapshotFigures figures() const { return parts_.figures ? parts_.figures() : storage::SnapshotFigures{}; }
    struct Rewrites {
        bool running = false, scheduled = false;
        std::uint64_t ended = 0;
        bool last_ok = true;
        std::int64_t last_ms = -1;
    };
    Rewrites rewrites() const;

private:
    struct Waiting {
        std::uint64_t attempt;
        std::shared_ptr<SaveOutcome> outcome;
    };
    std::optional<std::uint64_t> ask(storage::Pace pace = storage::Pace::background) const {
        return parts_.ask ? parts_.ask(pace) : std::nullopt;
    }

    Parts parts_;
    mutable std::mutex mutex_;  // held while asking; the snapshot thread takes it with no lock of its own
    std::vector<Waiting> waiting_;
    std::uint64_t rewrite_ = 0;  // the attempt that BGREWRITEAOF began; 0: it has ended
    Rewrites rewrites_;          // but for `running`
    std::atomic<bool> scheduled_{false};
    bool rewrite_scheduled_ = false;
};

}  // namespace server
