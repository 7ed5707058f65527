// SPDX-License-Identifier: MIT
#include "storage/snapshots.hpp"

#include <algorithm>
#include <chrono>
#include <utility>

#include "storage/background_thread.hpp"
#include "storage/ensure.hpp"
#include "storage/snapshot_attempt.hpp"
#include "storage/snapshot_upkeep.hpp"
#include "storage/thread_name.hpp"

namespace storage {

namespace {

constexpr std::uint64_t retry_unit_ns = 1'000'000'000;
constexpr std::uint64_t retry_first_ns = retry_unit_ns, retry_most_ns = 300 * retry_unit_ns;

// Does a thread of the lowest priority get anywhere? At half load it waits about as long as it runs; beside two busy threads on
// each processor, seventy times as long and more.
class Starvation {
public:
    Starvation(const std::function<ProcessorTime()>& time, Clock& clock) : time_(time), clock_(clock), begun_(time()) {}

    bool found() {
        const std::uint64_t now = clock_.monotonic_ns();
        if (looked_ && now - *looked_ < look_every_ns) return false;
        looked_ = now;
        const ProcessorTime time = time_();
        const std::uint64_t waited = time.waited_ns - begun_.waited_ns;
        return waited > patience_ns && waited / waits_most > time.ran_ns - begun_.ran_ns;
    }

private:
    static constexpr std::uint64_t look_every_ns = 100'000'000, patience_ns = 5'000'000'000, waits_most = 10;

    const std::function<ProcessorTime()>& time_;
    Clock& clock_;
    const ProcessorTime begun_;
    std::optional<std::uint64_t> looked_;
};

}  // namespace

Snapshots::Snapshots(Parts parts) : parts_(std::move(parts)) { ENSURE(parts_.run_turn && parts_.notice); }

Snapshots::~Snapshots() { stop(); }

void Snapshots::start() {
    const SnapshotInUse& found = parts_.log.recovered().snapshot;
    const auto kept = list_snapshots(parts_.log.files());
    {
        const std::lock_guard lock(mutex_);
        figures_.last_lsn = found.last;
        figures_.last_records = found.records;
        chain_ = found.chain;
        figures_.chain_files = chain_.files;
        figures_.last_full = chain_.files <= 1;
        log_bytes_before_ = parts_.log.recovered().log_bytes_above;
        newest_ns_ = parts_.clock.monotonic_ns();
        if (kept) note_kept(*kept);
    }
    thread_ = std::thread([this] { loop(); });
}

void Snapshots::stop() {
    {
        const std::lock_guard lock(mutex_);  // or the thread that is about to wait would miss it
        stopping_.store(true, std::memory_order_release);
    }
    woken_.notify_all();
    if (thread_.joinable()) thread_.join();
}

bool Snapshots::take_last_one() {
    ENSURE(!thread_.joinable());
    last_one_.store(true, std::memory_order_release);
    return take(Pace::awaited);
}

std::optional<std::uint64_t> Snapshots::ask(Pace pace) {
    std::uint64_t number = 0;
    {
        const std::lock_guard lock(mutex_);
        if (asked_ || running_.load(std::memory_order_acquire)) return std::nullopt;
        asked_ = true;
        pace_ = pace;
        number = attempts_.load(std::memory_order_relaxed) + 1;
    }
    woken_.notify_one();
    return number;
}

SnapshotFigures Snapshots::figures() const {
    const std::uint64_t written = parts_.log.bytes_written();
    const std::uint64_t appended = value(parts_.log.journal().appended());
    const std::lock_guard lock(mutex_);
    SnapshotFigures figures = figures_;
    const bool runs = running_.load(std::memory_order_acquire);
    figures.running = runs || asked_;  // who asked and looks at once must not think that it has ended
    if (runs) figures.running_ns = parts_.clock.monotonic_ns() - begun_ns_.load(std::memory_order_relaxed);
    figures.log_bytes_since = log_bytes_before_ + (written - std::min(written, written_at_));
    figures.changes_since = appended - std::min(appended, value(figures.last_lsn));
    return figures;
}

// ---- the snapshot thread ----

void Snapshots::loop() {
    name_this_thread("tm-snapshot");
    leave_processors_to_others(Niceness::some);
    BackgroundThread background;
    while (!stopping_.load(std::memory_order_acquire)) {
        bool begin = due();
        Pace pace = Pace::background;
        {
            std::unique_lock lock(mutex_);
            const auto wanted = [&] { return asked_ || stopping_.load(std::memory_order_acquire); };
            if (!begin) begin = woken_.wait_for(lock, std::chrono::nanoseconds(retry_unit_ns), wanted);
            if (begin) begun_ns_.store(parts_.clock.monotonic_ns(), std::memory_order_relaxed);
            if (begin) running_.store(true, std::memory_order_release);  // before the wish is forgotten: nobody may wish twice
            if (std::exchange(asked_, false)) pace = pace_;
        }
        if (!begin || stopping_.load(std::memory_order_acquire)) continue;
        bool taken = false;
        const auto take_it = [&] { taken = take(pace); };
        if (pace == Pace::awaited)
            take_it();
        else
            background.run(take_it);  // who waits for a SAVE must not wait for what a busy machine has left
        if (std::exchange(starved_, false)) {
            {
                const std::lock_guard lock(mutex_);
                ++figures_.starved;
            }
            parts_.notice("Snapshot: others leave its thread next to no processor; it begins again at a higher priority");
            taken = take(Pace::starved);
        }
        if (taken) clean_up();
    }
}

bool Snapshots::due() const {
    const SnapshotFigures figures = this->figures();
    const SnapshotSettings& set = parts_.settings;
    const std::uint64_t now = parts_.clock.monotonic_ns();
    if (figures.changes_since == 0 || parts_.log.preparing_failed()) return false;
    {
        const std::lock_guard lock(mutex_);
        if (now < retry_at_ns_) return false;
        const auto interval = static_cast<std::uint64_t>(set.interval_ms.load(std::memory_order_relaxed)) * 1'000'000;
        if (interval != 0 && now - newest_ns_ >= interval) return true;
    }
    const std::uint64_t wal = set.wal_bytes.load(std::memory_order_relaxed);
    if (wal != 0 && figures.log_bytes_since >= std::max(wal, figures.last_bytes)) return true;
    // A segment goes when two snapshots have it: one comes at half of the limit, the next at the other half.
    const std::uint64_t total = set.wal_total_bytes.load(std::memory_order_relaxed);
    return total != 0 && (figures.log_bytes_since >= total / 2 || log_is_too_large());
}

// All files are beyond the limit, and a full snapshot would help: after a start with a long log, with a lower limit, or because
// a chain of incremental ones keeps the log since the chain before it.
bool Snapshots::log_is_too_large() const {
    const std::uint64_t most = parts_.settings.wal_total_bytes.load(std::memory_order_relaxed);
    if (most == 0) return false;
    const auto files = look_at_log_files(parts_.log.files());
    return files && files->bytes > most && files->one_would_go;
}

bool Snapshots::abandon_now() const {
    if (last_one_.load(std::memory_order_relaxed)) return false;
    return stopping_.load(std::memory_order_relaxed) || parts_.log.preparing_failed();
}

snapshot::Chain Snapshots::base() const {
    if (!parts_.settings.incremental.load(std::memory_order_relaxed) || log_is_too_large()) return {};
    const std::lock_guard lock(mutex_);
    if (chain_.files >= parts_.settings.chain.load(std::memory_order_relaxed)) return {};
    return chain_.incremental_bytes < chain_.full_bytes / 2 ? chain_ : snapshot::Chain{};
}

bool Snapshots::take(Pace pace) {
    const std::uint64_t begun = parts_.clock.monotonic_ns();
    begun_ns_.store(begun, std::memory_order_relaxed);
    const WalStart& run = parts_.log.run_start();
    snapshot::Header header;
    header.directory_id = run.directory_id;
    header.epoch = run.epoch;
    header.created_at = parts_.now.now();
    parts_.random.fill(header.salt);
    const std::uint64_t written = parts_.log.bytes_written();
    header.begun_at = parts_.log.journal().appended();                        // S0
    if (const snapshot::Chain upon = base(); upon.last != header.begun_at) {  // nothing new would have the base's own name
        header.base_last = upon.last;
        header.base_digest = upon.digest;
    }
    if (value(header.begun_at) == 0) {  // there never was anything: the empty directory says it all
        attempt_ended({}, 0, begun, written, {});
        return true;
    }
    std::uint64_t bytes = 0;
    const auto footer = attempt(header, pace, bytes);
    if (!footer && starved_) return false;
    if (!footer) {
        parts_.notice("Snapshot failed: " + footer.error().text);
        attempt_failed(footer.error().text);
        return false;
    }
    attempt_ended(*footer, bytes, begun, written, header);
    return true;
}

// When it returns, a failed one has left no file.
LogResult<snapshot::Footer> Snapshots::attempt(const snapshot::Header& header, Pace pace, std::uint64_t& bytes) {
    const SnapshotSettings& set = parts_.settings;
    const bool inside = last_one_.load(std::memory_order_relaxed);
    Starvation starvation(parts_.processor_time, parts_.clock);
    SnapshotAttempt attempt({parts_.log.files(), parts_.log.journal(), [this] { parts_.log.request_sync(); },
                             parts_.log.encryption(), parts_.log.run_start().token_secret, parts_.store, parts_.clock,
                             [this, inside](std::function<void()> turn) { inside ? turn() : parts_.run_turn(std::move(turn)); },
                             [this, pace, &starvation] {
                                 if (pace != Pace::starved) let_others_run();  // asked after each step of a block
                                 starved_ = starved_ || (pace == Pace::background && starvation.found());
                                 return starved_ || abandon_now();
                             },
                             pace == Pace::awaited ? nullptr : parts_.rest},
                            header, {set.compression.load(std::memory_order_relaxed), set.compression_level.load()});
    auto footer = attempt.run(header.created_at);
    bytes = attempt.bytes();
    return footer;
}

void Snapshots::attempt_ended(const snapshot::Footer& footer, std::uint64_t bytes, std::uint64_t begun, std::uint64_t written,
                              const snapshot::Header& header) {
    const std::uint64_t now = parts_.clock.monotonic_ns();
    const auto kept = list_snapshots(parts_.log.files());
    {
        const std::lock_guard lock(mutex_);
        if (kept) note_kept(*kept);
        ++figures_.taken;
        figures_.last_ok = true;
        figures_.last_at = header.created_at != 0 ? header.created_at : parts_.now.now();
        figures_.last_duration_ns = now - begun;
        if (value(footer.last) != 0) {
            figures_.last_lsn = footer.last;
            figures_.last_bytes = bytes;
            figures_.last_records = footer.records();
            figures_.last_full = header.full();
            if (header.full()) chain_ = {};
            (header.full() ? chain_.full_bytes : chain_.incremental_bytes) += bytes;
            chain_.last = footer.last;
            chain_.digest = footer.digest;
            figures_.chain_files = ++chain_.files;
            log_bytes_before_ = 0;
            written_at_ = written;
        }
        newest_ns_ = begun;
        retry_after_ns_ = retry_at_ns_ = 0;
        make_way();
    }
    if (on_attempt_) on_attempt_();
}

void Snapshots::attempt_failed(const std::string& why) {
    {
        const std::lock_guard lock(mutex_);
        ++figures_.failed;
        figures_.last_ok = false;
        figures_.last_error = why;
        chain_ = {};  // the log that an incremental one needs may be gone: the next one is full
        retry_after_ns_ = std::clamp(retry_after_ns_ * 2, retry_first_ns, retry_most_ns);
        retry_at_ns_ = parts_.clock.monotonic_ns() + retry_after_ns_;
        make_way();
    }
    if (on_attempt_) on_attempt_();
}

// With the figures of its end: who sees these and asks gets the number of the attempt that is to come, never a refusal.
void Snapshots::make_way() {
    attempts_.fetch_add(1, std::memory_order_acq_rel);
    running_.store(false, std::memory_order_release);
}

void Snapshots::note_kept(const std::vector<KeptSnapshot>& kept) {
    figures_.kept = kept.size();
    figures_.kept_bytes = 0;
    for (const KeptSnapshot& each : kept) figures_.kept_bytes += each.bytes;
    if (kept.empty() || figures_.last_at != 0) return;
    figures_.last_at = kept.back().created_at;
    figures_.last_bytes = kept.back().bytes;
}

// What cannot be removed now can the next time; it costs room, and nothing else.
void Snapshots::clean_up() {
    FileSystem& fs = parts_.log.files();
    const SnapshotSettings& set = parts_.settings;
    auto kept = list_snapshots(fs);
    if (!kept) return parts_.notice("cannot look at the snapshots: " + kept.error().message());
    const auto removed =
        remove_superfluous(fs, *kept, {set.keep, set.keep_days, set.keep_bytes}, parts_.now.now(), [this](std::uint64_t bytes) {
            parts_.log.segment_removed(bytes);
            const std::lock_guard lock(mutex_);
            ++figures_.segments_removed;
        });
    if (!removed) parts_.notice("cannot remove what is superfluous: " + removed.error().message());
    kept = list_snapshots(fs);
    const std::lock_guard lock(mutex_);
    if (removed) figures_.snapshots_removed += removed->snapshots;
    if (kept) note_kept(*kept);
}

}  // namespace storage
