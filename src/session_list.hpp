// SPDX-License-Identifier: MIT
// SESS.LIST: the filters, and the command that runs in slices over all shards. At most list-concurrency run at once; others
// wait for a place. Memory is the page's, not the store's.
#pragma once

#include <optional>
#include <string>

#include "src/command.hpp"
#include "src/server_state.hpp"
#include "src/session_options.hpp"
#include "src/session_reply.hpp"
#include "storage/session_list.hpp"

namespace server {

// What a client asked for. Owns its texts: the request's bytes are gone after the first slice.
struct ListRequest {
    std::string user, device, created_by, ip;
    int prefix_bits = -1;           // of a CIDR
    storage::SessionFilter filter;  // all but the texts
    storage::SessionOrder order = storage::SessionOrder::created_at;
    bool descending = true;
    Page page{0, 20};
    FieldMask fields = all_fields;

    storage::SessionFilter whole_filter() const;  // with views of the texts
};

// False: `reader` has failed.
bool read_list_request(ArgReader& reader, ListRequest& request);

class ListCommand final : public LongCommand {
public:
    ListCommand(ServerState& server, storage::DbIndex db, ListRequest request);
    bool step(storage::Op& op, resp::ReplyWriter& reply) override;

private:
    ServerState& server_;
    storage::DbIndex db_;
    ListRequest request_;
    std::optional<ListSlot> slot_;
    std::optional<storage::SessionLister> lister_;
};

}  // namespace server
