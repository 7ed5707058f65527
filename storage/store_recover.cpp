// SPDX-License-Identifier: MIT
// Recovery's side of the store: the log's effects go through the same apply as live ones, then what is never logged is built.
#include "storage/store_impl.hpp"

namespace storage {

bool Store::replay(Lsn lsn, std::span<const std::byte> record, ShardIndex first, ShardIndex last) {
    Impl& s = *impl_;
    ShardIndex shard = 0;
    return read_record(
        record,
        [&](std::string_view route) {
            shard = s.shard_of(route);
            return shard >= first && shard < last;
        },
        [&](const Effect& effect) {
            std::visit(
                [&](const auto& e) {
                    if constexpr (std::is_same_v<std::decay_t<decltype(e)>, Flush>) {
                        std::vector<std::unique_ptr<Space>> flushed;
                        for (ShardIndex i = first; i < last; ++i) s.flush_shard(i, e, lsn, flushed);
                    } else {
                        s.make_space(shard, e.db).apply(e, lsn);
                    }
                },
                effect);
        });
}

namespace {

struct Foreign {  // a hint that another shard needs
    ShardIndex in;
    bool of_id;
    SessionId id;
    TokenHash token;
    Hint here;
};

std::vector<Foreign> foreign_entries(Space& space, ShardIndex shard) {
    std::vector<Foreign> foreign;
    const auto token = [&](const TokenHash& hash, Slot slot, const Hint& here) {
        if (const ShardIndex in = space.shard_of_token(slot); in != shard) foreign.push_back({in, false, {}, hash, here});
    };
    const auto id = [&](const SessionId& of, const Hint& here) {
        if (const ShardIndex in = space.shard_of(of); in != shard) foreign.push_back({in, true, of, {}, here});
    };
    for (Place p = 0; p < space.places_end(); ++p) {
        const Record* r = space.at(p);
        if (!r) continue;
        const Hint here{0, p, space.generation(p), shard};
        if (const SessionRecord* session = space.session(p)) {
            id(session->id, here);
            token(session->token, session->token_slot(), here);
            if (session->has_previous_token()) token(session->previous_token(), session->previous_slot(), here);
        } else if (const DeadRecord* dead = space.dead(p)) {
            if (dead->has(DeadRecord::has_id)) id(dead->id, here);
            token(dead->token, dead->token_slot, here);
            if (dead->has(DeadRecord::has_previous)) token(dead->previous, dead->previous_slot, here);
        }
    }
    return foreign;
}

}  // namespace

void Store::key_tokens(const TokenSecret& secret) { impl_->hash_token = TokenHasher(secret); }

void Store::finish_replay(UnixMs now, ShardIndex first, ShardIndex last) {
    for (ShardIndex shard = first; shard < last; ++shard) {
        for (std::size_t db = 0; db < db_count; ++db) {
            std::vector<Foreign> foreign;
            {
                ShardLock lock(impl_->shards, shard);
                Space* space = impl_->space(shard, static_cast<DbIndex>(db));
                if (!space) continue;
                std::vector<StaleHint> not_built_yet;
                for (Place p = 0; p < space->places_end(); ++p)
                    if (const DeadRecord* dead = space->dead(p); dead && !dead->remembered(now)) space->forget(p, not_built_yet);
                space->order_dead();
                impl_->limit_dead(*space, not_built_yet);
                foreign = foreign_entries(*space, shard);
            }
            for (const Foreign& f : foreign) {
                ShardLock lock(impl_->shards, f.in);
                Space& in = impl_->make_space(f.in, static_cast<DbIndex>(db));
                f.of_id ? in.put_id_hint(f.id, f.here) : in.put_token_hint(f.token, f.here);
            }
        }
    }
}

}  // namespace storage
